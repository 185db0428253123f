"""Fitting and scoring networks."""

from gaugenet.train.fit import Fit, FitSettings, evaluate
from gaugenet.train.metrics import Scores
from gaugenet.train.prepared import Prepared

__all__ = ["Fit", "FitSettings", "Prepared", "Scores", "evaluate"]
