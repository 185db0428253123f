"""What was found in a scene beside what is there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import surface_of
from gaugenet.detection.overlap import iou as overlap
from gaugenet.detection.surface import Surface


@dataclass(frozen=True)
class Scene:
    """Detected and true boxes of one bundle, and how each lies to each.

    Attributes:
        detected: N boxes with scores. true: M boxes. iou: ``(N, M)``. distance: ``(N, M)`` between centres [mesh unit].
        turn: ``(N, M)`` [rad] from true to detected direction. Both count for pairs of one class that overlap alone.

    Raises:
        ValueError: for other shapes.
    """

    detected: Boxes
    true: Boxes
    iou: Tensor
    distance: Tensor
    turn: Tensor

    def __post_init__(self) -> None:
        shape = (len(self.detected), len(self.true))
        for name in ("iou", "distance", "turn"):
            if tuple(getattr(self, name).shape) != shape:
                raise ValueError(
                    f"Scene expects {name} {shape}, detected x true, got {tuple(getattr(self, name).shape)}: transpose"
                )

    @staticmethod
    def of(detected: Boxes, true: Boxes, data: Data | Surface) -> Scene:
        """Measure the boxes on their bundle."""
        surface = surface_of(data)
        detected, true = surface.checked(detected), surface.checked(true)
        shares = overlap(detected, true, surface)
        one, two = ((shares > 0) & (detected.label[:, None] == true.label)).nonzero().unbind(1)
        difference = surface.difference(true[two], detected[one])
        distance, turn = torch.full_like(shares, torch.inf), torch.full_like(shares, torch.nan)
        distance[one, two], turn[one, two] = difference.distance, difference.turn
        return Scene(detected, true, shares, distance, turn)
