"""Fitting and scoring networks."""

from gaugenet.train.fit import Fit, FitSettings
from gaugenet.train.metrics import Scores
from gaugenet.train.prepared import Prepared
from gaugenet.train.scoring import evaluate

__all__ = ["Fit", "FitSettings", "Prepared", "Scores", "evaluate"]
