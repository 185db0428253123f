"""Patches of the square and the hexagonal lattice."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.homogeneous.areas import vertex_areas
from gaugenet.homogeneous.plane import Plane


def square_lattice(size: int, spacing: float = 1.0) -> Data:
    """Return the points (i, j) times the spacing with i and j from -``size`` to ``size``.

    Sublattices come first: the first (2 k + 1)^2 points, k = size // 2^l, are those with i and j divisible by 2^l.

    Returns:
        Data with ``pos (V, 3)`` float64, V = (2 size + 1)^2; ``area (V,)`` of the cells inside the square. Without
        faces, whose diagonals the symmetry of quarter turns would not keep: neighbourhoods need a radius.

    Raises:
        ValueError: for a size < 1, or a spacing that is not positive.
    """
    _check("square_lattice", size, spacing)
    i, j = _ordered(*torch.meshgrid(torch.arange(-size, size + 1), torch.arange(-size, size + 1), indexing="ij"))
    cut = torch.where(i.abs() == size, 0.5, 1.0) * torch.where(j.abs() == size, 0.5, 1.0)
    x = torch.stack([i, j], dim=1).double() * spacing
    return Data(pos=Plane().embed(x), area=cut.double() * spacing**2)


def hexagonal_lattice(size: int, spacing: float = 1.0) -> Data:
    """Return ``size`` rings of equilateral triangles about the origin: a hexagon of points with six neighbours each.

    Sublattices come first: the first 3 k (k + 1) + 1 points, k = size // 2^l, have the spacing 2^l times as wide.

    Returns:
        Data with ``pos (V, 3)`` float64, V = 3 size (size + 1) + 1; ``face (3, F)`` counter-clockwise; ``area (V,)``,
        thirds of the areas of the triangles.

    Raises:
        ValueError: for a size < 1, or a spacing that is not positive.
    """
    _check("hexagonal_lattice", size, spacing)
    i, j = torch.meshgrid(torch.arange(-size, size + 1), torch.arange(-size, size + 1), indexing="ij")
    inside = (i + j).abs() <= size
    i, j = _ordered(i[inside], j[inside])
    across, up = i.double(), j.double()
    x = torch.stack([across + 0.5 * up, math.sqrt(0.75) * up], dim=1) * spacing
    number = torch.full((2 * size + 3, 2 * size + 3), -1)  # of the point at (i, j), with a margin of none
    number[i + size, j + size] = torch.arange(len(i))
    here, right, above, left = (number[i + size + a, j + size + b] for a, b in ((0, 0), (1, 0), (0, 1), (-1, 1)))
    face = torch.cat([torch.stack([here, right, above]), torch.stack([here, above, left])], dim=1)
    face = face[:, (face >= 0).all(0)]
    plane = Plane()
    return Data(pos=plane.embed(x), face=face, area=vertex_areas(plane, x, face))


def _ordered(i: Tensor, j: Tensor) -> tuple[Tensor, Tensor]:
    """Return coordinates, those first that can be halved most often."""
    i, j = i.flatten(), j.flatten()
    halved = sum(((i % 2**k == 0) & (j % 2**k == 0)).long() for k in range(1, 63))
    order = torch.argsort(-halved, stable=True)
    return i[order], j[order]


def _check(where: str, size: int, spacing: float) -> None:
    if not isinstance(size, int) or size < 1 or not (math.isfinite(spacing) and spacing > 0):
        raise ValueError(f"{where} expects a whole size >= 1 and a positive spacing, got {size} and {spacing}")
