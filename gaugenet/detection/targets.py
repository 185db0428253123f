"""What a network should say of boxes at the vertices of a bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import coordinates, surface_of
from gaugenet.detection.surface import Coordinates, Surface

# The part of a box, along and across, whose vertices answer for it.
CORE = 0.5


@dataclass(frozen=True)
class BoxTargets:
    """The box that each vertex answers for, as it is seen from there.

    Attributes:
        label: ``(V,)`` int64 class, -1 where there is none. offset: ``(V, 2)`` to the centre, in the frame of the
            vertex [mesh unit]. angle: ``(V,)`` of the direction there [rad]. extent: ``(V, 2)`` [mesh unit].
    """

    label: Tensor
    offset: Tensor
    angle: Tensor
    extent: Tensor

    def over(self, length: float) -> BoxTargets:
        """Return the same with lengths over another one, as a ``BoxCode`` has them over the scale of a surface."""
        return replace(self, offset=self.offset / length, extent=self.extent / length)

    @staticmethod
    def of(boxes: Boxes, data: Data | Surface, scene: Tensor | None = None, scenes: int = 1) -> BoxTargets:
        """Let vertices in the inner half of a box, and the one next to its centre, answer for it; the smallest first.

        Args:
            boxes: of one scene, or of several on copies of one bundle. scene: ``(N,)`` to which each belongs.
            scenes: their number B; targets are then ``(B V,)``, as those of a batch.
        """
        surface = surface_of(data)
        boxes = surface.recentred(surface.checked(boxes))
        scene = torch.zeros_like(boxes.label) if scene is None else scene
        at = coordinates(boxes, surface)
        core = (at.xy.abs() <= CORE * boxes.extent[at.box]).all(1) | (at.vertex == boxes.vertex[at.box])
        # Rows of the smallest box come last, and stay.
        row = core.nonzero()[:, 0]
        row = row[torch.argsort(-boxes.extent.prod(1)[at.box[row]], stable=True)]
        place = scene[at.box[row]] * surface.size + at.vertex[row]
        last = torch.full((scenes * surface.size,), -1).scatter_reduce(0, place, torch.arange(len(row)), "amax")
        known = last >= 0
        row = row[last[known]]
        seen = surface.seen_from(boxes, Coordinates(at.box[row], at.vertex[row], at.xy[row]))
        label, angle = torch.full_like(last, -1), torch.zeros(len(last), dtype=torch.float64)
        offset, extent = torch.zeros(2, len(last), 2, dtype=torch.float64)
        label[known], offset[known], angle[known], extent[known] = seen.label, seen.offset, seen.angle, seen.extent
        return BoxTargets(label, offset, angle, extent)
