"""Boxes as the lines that pictures draw."""

from __future__ import annotations

import numpy as np

from gaugenet.detection import Boxes, Surface, outlines
from gaugenet.viz import Outlines


def outlined(boxes: Boxes, surface: Surface) -> Outlines:
    """Return the outlines of boxes on a surface, with their classes and scores."""
    return Outlines(outlines(boxes, surface).numpy(), boxes.label.numpy(), np.clip(boxes.score.numpy(), 0, 1))
