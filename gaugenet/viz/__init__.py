"""Pictures: colours, shaded views of meshes, boxes, images and plots.

matplotlib and mitsuba are imported when a picture is drawn.
"""

from gaugenet.viz.boxes import Outlines, boxes_image, boxes_picture
from gaugenet.viz.colour import UNLABELLED, palette
from gaugenet.viz.images import enlarged, images_picture, label_image
from gaugenet.viz.plots import confusion_picture, curves_picture, growth_picture
from gaugenet.viz.renderer import render
from gaugenet.viz.segmentation import Panel, segmentation_picture

__all__ = [
    "UNLABELLED",
    "Outlines",
    "Panel",
    "boxes_image",
    "boxes_picture",
    "confusion_picture",
    "curves_picture",
    "enlarged",
    "growth_picture",
    "images_picture",
    "label_image",
    "palette",
    "render",
    "segmentation_picture",
]
