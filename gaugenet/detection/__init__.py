"""Objects on surfaces as oriented boxes: coordinates, overlap, suppression, precision."""

from gaugenet.detection.average_precision import THRESHOLDS, Precision, average_precision
from gaugenet.detection.box_code import BoxCode
from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import contains, coordinates, recentred, surface_of
from gaugenet.detection.outline import outlines
from gaugenet.detection.overlap import areas, iou
from gaugenet.detection.records import from_json, to_json
from gaugenet.detection.regions import labelled_regions, region_boxes
from gaugenet.detection.scene import Scene
from gaugenet.detection.suppression import suppress
from gaugenet.detection.surface import Coordinates, Surface
from gaugenet.detection.targets import BoxTargets

__all__ = [
    "THRESHOLDS",
    "BoxCode",
    "BoxTargets",
    "Boxes",
    "Coordinates",
    "Precision",
    "Scene",
    "Surface",
    "areas",
    "average_precision",
    "contains",
    "coordinates",
    "from_json",
    "iou",
    "labelled_regions",
    "outlines",
    "recentred",
    "region_boxes",
    "suppress",
    "surface_of",
    "to_json",
]
