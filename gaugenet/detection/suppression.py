"""Non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import surface_of
from gaugenet.detection.overlap import Overlaps
from gaugenet.detection.surface import Surface


def suppress(boxes: Boxes, data: Data | Surface, iou: float = 0.5) -> Tensor:
    """Return the numbers ``(K,)`` of the boxes that stay, the highest score first: greedy non-maximum suppression.

    By falling score, a box stays unless its intersection over union with one of its class that stays already is more
    than ``iou``. Of equal scores the first box comes first.

    Raises:
        ValueError: for an ``iou`` that is not in 0..1.
    """
    if not 0 <= iou <= 1:
        raise ValueError(f"suppress expects an iou in 0..1, got {iou}")
    surface = surface_of(data)
    boxes = surface.checked(boxes)
    order = torch.argsort(-boxes.score, stable=True)
    stays = torch.ones(len(boxes), dtype=torch.bool)
    for label in boxes.label.unique():
        rows = order[boxes.label[order] == label]
        overlaps = Overlaps(boxes[rows], surface)
        alive = torch.ones(len(rows), dtype=torch.bool)
        for k in range(len(rows)):
            if alive[k]:
                alive[k + 1 :] &= overlaps.row(k)[k + 1 :] <= iou
        stays[rows] = alive
    return order[stays[order]]
