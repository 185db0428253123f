"""Networks, ready to train, save, load and check."""

from gaugenet.models.check import Invariance, check
from gaugenet.models.segmentation_net import Logits, SegmentationNet
from gaugenet.models.store import load, save, shipped

__all__ = ["Invariance", "Logits", "SegmentationNet", "check", "load", "save", "shipped"]
