"""Regular patterns of points: square and hexagonal lattices of the plane, the tiling {3, 7} of the hyperbolic plane."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.homogeneous.planes import HyperbolicPlane, Plane
from gaugenet.homogeneous.triangulation import subdivide, vertex_areas

_TURN = 2 * math.pi / 7
# Edge length of the tiling: equilateral triangles with angle 2 pi / 7 have cosh(side / 2) sin(pi / 7) = 1 / 2.
SIDE = 2 * math.acosh(0.5 / math.sin(math.pi / 7))
# Beyond this many layers, coordinates in the disc, and so distances, have fewer than ten digits.
_MOST = 12


def square_lattice(size: int, spacing: float = 1.0) -> Data:
    """Return the points (i, j) times the spacing, with i and j from -``size`` to ``size``.

    Sublattices come first: the first (2 k + 1)^2 points, k = size // 2^l, are those with i and j divisible by 2^l.

    Args:
        size: Number of points from the centre to a side.
        spacing: Distance of neighbours.

    Returns:
        Data with ``pos (V, 3)``, float64, V = (2 size + 1)^2, and ``area (V,)``, the parts of the cells inside the
        square. There are no faces, as their diagonals would break the symmetry under quarter turns: neighbourhoods need
        a radius.

    Raises:
        ValueError: If ``size`` is below 1 or ``spacing`` is not positive.
    """
    i, j = _coordinates("square_lattice", size, spacing)
    cut = torch.where(i.abs() == size, 0.5, 1.0) * torch.where(j.abs() == size, 0.5, 1.0)
    x = torch.stack([i, j], dim=1).double() * spacing
    return Data(pos=Plane().embed(x), area=cut.double() * spacing**2)


def hexagonal_lattice(size: int, spacing: float = 1.0) -> Data:
    """Return a hexagon of equilateral triangles about the origin, in rings; inner points have six neighbours each.

    Sublattices come first: the first 3 k (k + 1) + 1 points, k = size // 2^l, have 2^l times the spacing.

    Args:
        size: Number of rings.
        spacing: Distance of neighbours.

    Returns:
        Data with ``pos (V, 3)``, float64, V = 3 size (size + 1) + 1; ``face (3, F)``, counter-clockwise; and ``area
        (V,)``, a third of the areas of the triangles at a vertex.

    Raises:
        ValueError: If ``size`` is below 1 or ``spacing`` is not positive.
    """
    i, j = _coordinates("hexagonal_lattice", size, spacing)
    inside = (i + j).abs() <= size
    i, j = i[inside], j[inside]
    across, up = i.double(), j.double()
    x = torch.stack([across + 0.5 * up, math.sqrt(0.75) * up], dim=1) * spacing
    number = torch.full((2 * size + 3, 2 * size + 3), -1)  # index of the point at (i, j), with an empty margin
    number[i + size, j + size] = torch.arange(len(i))
    here, right, above, left = (number[i + size + a, j + size + b] for a, b in ((0, 0), (1, 0), (0, 1), (-1, 1)))
    face = torch.cat([torch.stack([here, right, above]), torch.stack([here, above, left])], dim=1)
    face = face[:, (face >= 0).all(0)]
    plane = Plane()
    return Data(pos=plane.embed(x), face=face, area=vertex_areas(plane, x, face))


def triangular_tiling(layers: int, subdivisions: int = 0) -> Data:
    """Return equilateral triangles about the origin of the Poincare disc, seven at each vertex, in layers.

    The vertices of layer n are n edges from the origin; there are 1, 7, 21, 56, 147, ... of them. Seven rotations about
    the origin map the patch to itself. Vertices on its rim have fewer than seven triangles. A subdivision splits each
    triangle into four by the midpoints of its edges, which come after the vertices.

    Args:
        layers: Number of layers about the origin, 1 to 12.
        subdivisions: Number of subdivisions.

    Returns:
        Data with ``pos (V, 3)``, float64, (u, v, 0) in the disc; ``face (3, F)``, counter-clockwise; and ``area (V,)``,
        a third of the areas of the hyperbolic triangles at a vertex (pi / 7 each before subdivision).

    Raises:
        ValueError: If ``layers`` is not from 1 to 12, or ``subdivisions`` is negative.
    """
    if layers not in range(1, _MOST + 1) or subdivisions < 0:
        raise ValueError(
            f"triangular_tiling expects 1 to {_MOST} layers and subdivisions >= 0, got {layers} and {subdivisions}"
        )
    space = HyperbolicPlane()
    first = torch.arange(7, dtype=torch.float64) * _TURN
    inner = torch.zeros(1, 2, dtype=torch.float64)
    layer = space.exp(inner, torch.stack([torch.full_like(first, SIDE), first], dim=1))
    # A vertex has one or two parents in the layer inside its own; the last parent is the one on its clockwise side.
    number, parent, many = torch.arange(1, 8), torch.zeros(7, dtype=torch.int64), torch.ones(7, dtype=torch.int64)
    x, faces = torch.cat([inner, layer]), [torch.stack([0 * number, number, number.roll(-1)])]
    for _ in range(layers - 1):
        # Counter-clockwise from its last parent, a vertex is joined to its sibling and then to its 5 - many children.
        # It shares the first and the last child with its siblings; of these two it creates only the last.
        made = 4 - many
        owner = torch.arange(len(number)).repeat_interleave(made)
        rank = torch.arange(len(owner)) - (made.cumsum(0) - made)[owner] + 1
        here = x[number]
        angle = space.log(here, x[parent])[owner, 1] + (rank + 2).double() * _TURN
        children = space.exp(here[owner], torch.stack([torch.full_like(angle, SIDE), angle], dim=1))
        child = len(x) + torch.arange(len(owner))
        shared = rank == made[owner]
        before = child.roll(1)
        faces.append(torch.stack([number[owner], before, child]))
        faces.append(torch.stack([number, child[shared], number.roll(-1)]))
        x = torch.cat([x, children])
        number, parent, many = child, number[owner], 1 + shared.long()
    face = torch.cat(faces, dim=1)
    for _ in range(subdivisions):
        x, face, _ = subdivide(space, x, face)
    return Data(pos=space.embed(x), face=face, area=vertex_areas(space, x, face))


def _coordinates(where: str, size: int, spacing: float) -> tuple[Tensor, Tensor]:
    """Return the pairs of integers from -size to size; the more often a pair can be halved, the earlier it comes."""
    if not isinstance(size, int) or size < 1 or not (math.isfinite(spacing) and spacing > 0):
        raise ValueError(f"{where} expects an integer size >= 1 and a positive spacing, got {size} and {spacing}")
    i, j = torch.cartesian_prod(torch.arange(-size, size + 1), torch.arange(-size, size + 1)).T
    halved = sum(((i % 2**k == 0) & (j % 2**k == 0)).long() for k in range(1, 63))
    order = torch.argsort(-halved, stable=True)
    return i[order], j[order]
