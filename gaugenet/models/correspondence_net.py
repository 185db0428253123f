"""The network that finds corresponding points of shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.vertex_net import VertexNet
from gaugenet.representation import Representation


class CorrespondenceNet(VertexNet):
    """Say which point of a template each vertex is, by unit vectors that describe the vertices; invariant.

    Each point of the template has a learned vector; its inner products with the descriptors are the scores ``(V,
    points)`` (direct classification). Two shapes, whatever they are, are matched by their descriptors, nearest to
    nearest or through a functional map (``gaugenet.models.functional_map``).

    Args:
        points: number of points of the template. descriptors: length D of the vectors. settings: of ``SurfaceNet``.
    """

    may_be_polynomial = False

    def __init__(self, points: int, descriptors: int = 64, **settings: Any) -> None:
        for name, value in (("points", points), ("descriptors", descriptors)):
            if value < 1:
                raise ValueError(f"CorrespondenceNet expects {name} >= 1, got {value}")
        super().__init__(invariant=True, **settings)
        self.rep_out = Representation.invariants(points, self.rep_in.group)
        self.config |= {"points": points, "descriptors": descriptors}
        self.head = self.invariant_head(descriptors)
        self.point = nn.Parameter(torch.randn(points, descriptors))
        self.log_sharpness = nn.Parameter(torch.tensor([3.0]))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the scores ``(V, points)`` from invariants of the trunk and the input fields."""
        return self.log_sharpness.exp() * (self._descriptors(y, x) @ nn.functional.normalize(self.point, dim=1).T)

    def _descriptors(self, y: Tensor, x: Tensor) -> Tensor:
        return nn.functional.normalize(self.head(torch.cat([y, self.rep_in.invariant_part(x)], dim=1)), dim=1)

    def compared(self, data: Data) -> Comparison:
        """Return the scores of vertices beside ``vertex_label (V,)``, their points of the template."""
        return compare_labels(self(data), data, "vertex")

    def describe(self, data: Data) -> Tensor:
        """Return the descriptors ``(V, D)``, unit vectors, of a mesh or of what ``transform`` made of one."""
        return self.evaluated(data, lambda data: self._descriptors(*self.at_vertices(data)))
