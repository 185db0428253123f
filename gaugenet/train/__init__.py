"""Fitting and scoring networks."""

from gaugenet.train.fit import Fit, FitSettings
from gaugenet.train.metrics import Scores
from gaugenet.train.objective import evaluate, score, shape_loss
from gaugenet.train.prepared import Prepared

__all__ = ["Fit", "FitSettings", "Prepared", "Scores", "evaluate", "score", "shape_loss"]
