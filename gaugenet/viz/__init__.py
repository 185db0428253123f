"""Pictures: colours, shaded views of meshes, curves and confusion matrices."""

from gaugenet.viz.boxes import Outlines, boxes_image, boxes_picture
from gaugenet.viz.colour import UNLABELLED, palette
from gaugenet.viz.confusion import confusion_picture
from gaugenet.viz.curves import curves_picture
from gaugenet.viz.images import enlarged, images_picture, label_image
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
    "images_picture",
    "label_image",
    "palette",
    "render",
    "segmentation_picture",
]
