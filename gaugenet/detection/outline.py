"""Outlines of boxes in space."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import surface_of
from gaugenet.detection.surface import Surface


def outlines(boxes: Boxes, data: Data | Surface, steps: int = 24) -> Tensor:
    """Return lines on the surface ``(N, 9 steps + 1, 3)``: from the centre ahead to the front side, and once around.

    The sides of the rectangle in the tangent plane under the exponential map; NaN where they leave the surface.

    Args:
        steps: points on each half of a side.

    Raises:
        ValueError: for steps < 1.
    """
    if steps < 1:
        raise ValueError(f"outlines expects steps >= 1, got {steps}")
    surface = surface_of(data)
    boxes = surface.checked(boxes)
    corner = torch.tensor(
        [[0, 0], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1], [1, 0]], dtype=torch.float64
    )
    share = torch.arange(steps, dtype=torch.float64)[:, None] / steps
    line = (corner[:-1, None] * (1 - share) + corner[1:, None] * share).flatten(0, 1)
    line = torch.cat([line, corner[-1:]])
    return surface.embed(boxes, line * boxes.extent[:, None])
