"""Objects on surfaces as oriented boxes: coordinates, overlap, suppression, precision."""

from gaugenet.detection.average_precision import THRESHOLDS, Precision, Scene, average_precision
from gaugenet.detection.box_code import BoxCode, BoxTargets
from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts, Coordinates
from gaugenet.detection.charts import Charts as Surface
from gaugenet.detection.coordinates import charts_of, contains, coordinates, outlines, recentred
from gaugenet.detection.coordinates import charts_of as surface_of
from gaugenet.detection.overlap import areas, iou, suppress
from gaugenet.detection.records import from_json, to_json
from gaugenet.detection.regions import labelled_regions, region_boxes

__all__ = [
    "THRESHOLDS",
    "BoxCode",
    "BoxTargets",
    "Boxes",
    "Charts",
    "Coordinates",
    "Precision",
    "Scene",
    "Surface",
    "areas",
    "average_precision",
    "charts_of",
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
