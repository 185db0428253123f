"""Objects on surfaces as oriented boxes: coordinates, overlap, suppression, precision."""

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import contains, coordinates, recentred, surface_of
from gaugenet.detection.overlap import areas, iou
from gaugenet.detection.records import from_json, to_json
from gaugenet.detection.surface import Coordinates, Surface

__all__ = [
    "Boxes",
    "Coordinates",
    "Surface",
    "areas",
    "contains",
    "coordinates",
    "from_json",
    "iou",
    "recentred",
    "surface_of",
    "to_json",
]
