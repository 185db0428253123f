"""Triangulations by geodesics: areas of faces and vertices, and subdivision."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace


def face_areas(space: HomogeneousSpace, x: Tensor, face: Tensor) -> Tensor:
    """Return the areas of geodesic triangles.

    Args:
        space: Homogeneous space.
        x: Points ``(V, dim)``.
        face: Vertices of the triangles ``(3, F)``, counter-clockwise seen from the tip of the normal.

    Returns:
        Areas ``(F,)``.

    Raises:
        ValueError: If the shape or the indices are invalid, or a triangle is not counter-clockwise: the triangulation
            is then inside out or folded over, or has triangles without area.
    """
    if face.dim() != 2 or face.shape[0] != 3 or face.is_floating_point():
        raise ValueError(f"face must have shape (3, F) and be integer, got {tuple(face.shape)} {face.dtype}: transpose")
    if face.numel() and not 0 <= int(face.min()) <= int(face.max()) < len(x):
        raise ValueError(
            f"face must index {len(x)} points, got {int(face.min())} to {int(face.max())}: keep pos and face together"
        )
    area = space.triangle_area(*x[face])
    wrong = (area <= 0).nonzero()[:, 0]
    if len(wrong):
        raise ValueError(
            f"expected faces counter-clockwise seen from outside, got {len(wrong)} of {len(area)} others (e.g. face "
            f"{int(wrong[0])}): reverse them with face[[0, 2, 1]], or triangulate the points again"
        )
    return area


def vertex_areas(space: HomogeneousSpace, x: Tensor, face: Tensor) -> Tensor:
    """Return the areas of vertices: a third of the area of each geodesic triangle at a vertex.

    Args:
        space: Homogeneous space.
        x: Points ``(V, dim)``.
        face: Vertices of the triangles ``(3, F)``, counter-clockwise seen from the tip of the normal.

    Returns:
        Areas ``(V,)``.

    Raises:
        ValueError: If ``face_areas`` rejects the triangulation.
    """
    third = face_areas(space, x, face) / 3
    return third.new_zeros(len(x)).index_add_(0, face.flatten(), third.repeat(3))


def subdivide(space: HomogeneousSpace, x: Tensor, face: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Split each triangle into four by the midpoints of its edges.

    Args:
        space: Homogeneous space.
        x: Points ``(V, dim)``.
        face: Vertices of the triangles ``(3, F)``.

    Returns:
        The vertices followed by the midpoints ``(V + E, dim)``, the triangles ``(3, 4 F)``, and the ends ``(2, E)`` of
        the edge of each midpoint.
    """
    start, end = face.flatten(), face[[1, 2, 0]].flatten()
    key, edge = torch.unique(torch.minimum(start, end) * len(x) + torch.maximum(start, end), return_inverse=True)
    parent = torch.stack([key // len(x), key % len(x)])
    a, b, c = face
    ab, bc, ca = len(x) + edge.view(3, -1)
    corners = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
    finer = torch.stack([torch.stack(corner) for corner in corners], dim=-1).flatten(1)
    return torch.cat([x, space.midpoint(x[parent[0]], x[parent[1]])]), finer, parent
