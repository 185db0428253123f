"""The network that finds corresponding points of shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.models.vertex_net import VertexNet
from gaugenet.representation import Representation


class CorrespondenceNet(VertexNet):
    """Describe every vertex by a unit vector that is the same at corresponding points of different shapes; invariant.

    It learns from shapes whose vertices are labelled with points of a template: each point has a vector of its own, and
    ``point_scores`` says by inner products which point a vertex is (direct classification). Two shapes, seen in
    training or not, are matched by their descriptors, nearest to nearest or through a functional map
    (``gaugenet.models.functional_map``).

    Args:
        points: number of points of the template. descriptors: length D of the vectors. settings: of ``SurfaceNet``.
    """

    def __init__(self, points: int, descriptors: int = 64, **settings: Any) -> None:
        for name, value in (("points", points), ("descriptors", descriptors)):
            if value < 1:
                raise ValueError(f"CorrespondenceNet expects {name} >= 1, got {value}")
        super().__init__(invariant=True, **settings)
        self.rep_out = Representation.invariants(descriptors, self.rep_in.group)
        self.config |= {"points": points, "descriptors": descriptors}
        width = self.leave.rep_out.dim
        self.head = nn.Sequential(
            nn.Linear(width + self.rep_in.num_invariants, 2 * width), nn.SiLU(), nn.Linear(2 * width, descriptors)
        )
        self.point = nn.Parameter(torch.randn(points, descriptors))
        self.log_sharpness = nn.Parameter(torch.tensor([2.5]))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the descriptors ``(V, D)`` from invariants of the trunk and the input fields."""
        return nn.functional.normalize(self.head(torch.cat([y, self.rep_in.invariant_part(x)], dim=1)), dim=1)

    def point_scores(self, descriptor: Tensor) -> Tensor:
        """Return the scores ``(V, points)`` of the points of the template from descriptors ``(V, D)``."""
        return self.log_sharpness.exp() * (descriptor @ nn.functional.normalize(self.point, dim=1).T)
