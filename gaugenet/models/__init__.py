"""Networks, ready to train, save, load and check."""

from gaugenet.models.check import Invariance, check
from gaugenet.models.classification_net import ClassificationNet
from gaugenet.models.comparison import Comparison
from gaugenet.models.correspondence_net import CorrespondenceNet
from gaugenet.models.detection_net import DetectionNet
from gaugenet.models.detector import Detector, set_targets
from gaugenet.models.grid_segmenter import GridSegmenter
from gaugenet.models.network import Network
from gaugenet.models.plain_classification_net import PlainClassificationNet
from gaugenet.models.plain_detection_net import PlainDetectionNet
from gaugenet.models.plain_segmentation_net import PlainSegmentationNet
from gaugenet.models.segmentation_net import Logits, SegmentationNet
from gaugenet.models.sphere_sample import SphereSample, on_sphere, sphere_sample
from gaugenet.models.spherical_check import SphericalInvariance, check_on_sphere
from gaugenet.models.spherical_classification_net import SphericalClassificationNet
from gaugenet.models.spherical_detection_net import SphericalDetectionNet
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.models.spherical_segmentation_net import SphericalSegmentationNet
from gaugenet.models.store import load, save, shipped
from gaugenet.models.surface_net import SurfaceNet
from gaugenet.models.tangent_field_net import TangentFieldNet
from gaugenet.models.vertex_net import VertexNet

__all__ = [
    "ClassificationNet",
    "Comparison",
    "CorrespondenceNet",
    "DetectionNet",
    "Detector",
    "GridSegmenter",
    "Invariance",
    "Logits",
    "Network",
    "PlainClassificationNet",
    "PlainDetectionNet",
    "PlainSegmentationNet",
    "SegmentationNet",
    "SphereSample",
    "SphericalClassificationNet",
    "SphericalDetectionNet",
    "SphericalInvariance",
    "SphericalNet",
    "SphericalSegmentationNet",
    "SurfaceNet",
    "TangentFieldNet",
    "VertexNet",
    "check",
    "check_on_sphere",
    "load",
    "on_sphere",
    "save",
    "set_targets",
    "shipped",
    "sphere_sample",
]
