"""Networks, each a trunk and a task, ready to train, save, load and check."""

from gaugenet.models.check import Invariance, SphericalInvariance, check, check_on_sphere
from gaugenet.models.classification import ClassificationNet
from gaugenet.models.comparison import Comparison
from gaugenet.models.correspondence import CorrespondenceNet
from gaugenet.models.detection import DetectionNet, set_targets
from gaugenet.models.gauge_trunk import GaugeTrunk
from gaugenet.models.harmonic_trunk import HarmonicTrunk
from gaugenet.models.network import Logits, Network
from gaugenet.models.plain_trunk import PlainTrunk
from gaugenet.models.segmentation import SegmentationNet
from gaugenet.models.spherical import (
    PlainClassificationNet,
    PlainDetectionNet,
    PlainSegmentationNet,
    SphericalClassificationNet,
    SphericalDetectionNet,
    SphericalSegmentationNet,
    on_sphere,
    sphere_sample,
)
from gaugenet.models.store import load, save, shipped
from gaugenet.models.tangent_field import TangentFieldNet
from gaugenet.models.trunk import Features, Readout, SphereSample, Trunk

__all__ = [
    "ClassificationNet",
    "Comparison",
    "CorrespondenceNet",
    "DetectionNet",
    "Features",
    "GaugeTrunk",
    "HarmonicTrunk",
    "Invariance",
    "Logits",
    "Network",
    "PlainClassificationNet",
    "PlainDetectionNet",
    "PlainSegmentationNet",
    "PlainTrunk",
    "Readout",
    "SegmentationNet",
    "SphereSample",
    "SphericalClassificationNet",
    "SphericalDetectionNet",
    "SphericalInvariance",
    "SphericalSegmentationNet",
    "TangentFieldNet",
    "Trunk",
    "check",
    "check_on_sphere",
    "load",
    "on_sphere",
    "save",
    "set_targets",
    "shipped",
    "sphere_sample",
]
