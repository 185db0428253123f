"""Subdivision of geodesic triangles into four."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace


class Subdivision(NamedTuple):
    """A triangulation whose vertices begin with those of the one it refines.

    Attributes:
        x: points ``(V, dim)``. face: ``(3, F)``. parent: ``(2, V_new)`` ends of the edges whose midpoints are new.
    """

    x: Tensor
    face: Tensor
    parent: Tensor


def subdivide(space: HomogeneousSpace, x: Tensor, face: Tensor) -> Subdivision:
    """Split each triangle ``face (3, F)`` into four by the midpoints of its edges, which follow the vertices."""
    start, end = face.flatten(), face[[1, 2, 0]].flatten()
    key, edge = torch.unique(torch.minimum(start, end) * len(x) + torch.maximum(start, end), return_inverse=True)
    parent = torch.stack([key // len(x), key % len(x)])
    a, b, c = face
    ab, bc, ca = len(x) + edge.view(3, -1)
    corners = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
    finer = torch.stack([torch.stack(corner) for corner in corners], dim=-1).flatten(1)
    return Subdivision(torch.cat([x, space.midpoint(x[parent[0]], x[parent[1]])]), finer, parent)
