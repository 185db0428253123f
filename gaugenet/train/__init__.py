"""Fitting and scoring networks."""

from gaugenet.train.detections import found_in, found_scenes, sphere_surface
from gaugenet.train.fit import Fit, FitSettings
from gaugenet.train.metrics import Scores
from gaugenet.train.objective import evaluate, score, shape_loss
from gaugenet.train.prepared import Prepared
from gaugenet.train.region_targets import RegionTargets
from gaugenet.train.spherical_images import SphericalImages
from gaugenet.train.turned_earth import TurnedEarth

__all__ = [
    "Fit",
    "FitSettings",
    "Prepared",
    "RegionTargets",
    "Scores",
    "SphericalImages",
    "TurnedEarth",
    "evaluate",
    "found_in",
    "found_scenes",
    "score",
    "shape_loss",
    "sphere_surface",
]
