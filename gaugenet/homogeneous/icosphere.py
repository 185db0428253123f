"""The icosphere, a subdivided icosahedron, and its rotations."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data

from gaugenet.homogeneous.sphere import Sphere
from gaugenet.homogeneous.triangulation import subdivide, vertex_areas

FINEST = 8


def icosphere(level: int) -> Data:
    """Return the icosahedron on the unit sphere, with each triangle split into four ``level`` times.

    V = 10 * 4^level + 2 and F = 20 * 4^level: 12 vertices at level 0, 655,362 at level 8. Levels are nested: the
    vertices of level n come first among those of level n + 1. The poles, where the section of ``Sphere`` is
    discontinuous, are centres of faces at every level, never vertices.

    Args:
        level: Number of subdivisions, 0 to 8.

    Returns:
        Data with ``pos (V, 3)``, float64; ``face (3, F)``, counter-clockwise seen from outside; ``area (V,)``, a third
        of the areas of the spherical triangles at a vertex, 4 pi in total; and ``parent_index (2, V)``, the two
        vertices with a vertex as midpoint (the vertex itself twice for the first 12).

    Raises:
        ValueError: If the level is not from 0 to 8.
    """
    if level not in range(FINEST + 1):
        raise ValueError(f"icosphere expects a level from 0 to {FINEST}, got {level}: level 8 has 655,362 vertices")
    sphere = Sphere()
    x, face = _icosahedron()
    parents = [torch.arange(len(x)).repeat(2, 1)]
    for _ in range(level):
        x, face, parent = subdivide(sphere, x, face)
        parents.append(parent)
    return Data(pos=x, face=face, area=vertex_areas(sphere, x, face), parent_index=torch.cat(parents, dim=1))


def icosahedral_rotations() -> torch.Tensor:
    """Return the 60 rotations that map every icosphere to itself: one directed edge to each directed edge.

    Returns:
        Matrices ``(60, 3, 3)``, float64.
    """
    x, face = _icosahedron()
    start, end = x[face.flatten()], x[face[[1, 2, 0]].flatten()]
    along = torch.nn.functional.normalize(end - (end * start).sum(1, keepdim=True) * start, dim=1)
    flags = torch.stack([start, along, torch.linalg.cross(start, along)], dim=-1)
    return flags @ flags[0].T


def _icosahedron() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the 12 vertices, on four circles of latitude, and the 20 faces."""
    golden = (1 + math.sqrt(5)) / 2
    third = torch.arange(3, dtype=torch.float64) * (2 * math.pi / 3)
    # Corners of the face at the north pole, tips of its neighbours, and the points opposite to both.
    north = [(1.0, golden**2 / 2, 0.0), (golden, 0.5 / golden, math.pi / 3)]
    circles = [torch.stack([r * (third + at).cos(), r * (third + at).sin(), 0 * third + z], 1) for r, z, at in north]
    x = torch.cat(circles)
    x = torch.cat([x, -x]) / x[0].norm()
    face = torch.combinations(torch.arange(12), 3).T
    sides = x[face] - x[face.roll(1, 0)]
    face = face[:, (sides.norm(dim=-1) < 1.1).all(0)]  # edges have length 1.05, the next longer chords 1.7
    inward = torch.linalg.det(x[face].transpose(0, 1)) < 0
    return x, torch.where(inward, face[[0, 2, 1]], face)
