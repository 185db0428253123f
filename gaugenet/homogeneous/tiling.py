"""The tiling {3, 7} of the hyperbolic plane."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data

from gaugenet.homogeneous.areas import vertex_areas
from gaugenet.homogeneous.hyperbolic import HyperbolicPlane
from gaugenet.homogeneous.subdivision import subdivide

_TURN = 2 * math.pi / 7
# Between neighbours: equilateral triangles with the angle 2 pi / 7 have cosh(side / 2) sin(pi / 7) = 1 / 2.
SIDE = 2 * math.acosh(0.5 / math.sin(math.pi / 7))
# Further out coordinates in the disc, and with them distances, have fewer than ten digits.
_MOST = 12


def triangular_tiling(layers: int, subdivisions: int = 0) -> Data:
    """Return equilateral triangles about the origin of the Poincare disc, seven at each vertex, by layers.

    The vertices of layer n are n edges from the origin; there are 1, 7, 21, 56, 147, ... of them. The patch has the
    seven rotations about the origin, and about every vertex locally the same; vertices on its rim have fewer triangles.
    Subdivisions split each triangle into four by the midpoints of its edges, which come after the vertices.

    Returns:
        Data with ``pos (V, 3)`` float64, (u, v, 0) in the disc; ``face (3, F)`` counter-clockwise; ``area (V,)``,
        thirds of the areas of the hyperbolic triangles, pi / 7 each before subdivision.

    Raises:
        ValueError: for a number of layers that is not from 1 to 12, or a negative number of subdivisions.
    """
    if layers not in range(1, _MOST + 1) or subdivisions < 0:
        raise ValueError(
            f"triangular_tiling expects 1 to {_MOST} layers and subdivisions >= 0, got {layers} and {subdivisions}"
        )
    space = HyperbolicPlane()
    first = torch.arange(7, dtype=torch.float64) * _TURN
    inner = torch.zeros(1, 2, dtype=torch.float64)
    layer = space.exp(inner, torch.stack([torch.full_like(first, SIDE), first], dim=1))
    # A vertex has one parent in the layer within, or two: the last is the one on its clockwise side.
    number, parent, many = torch.arange(1, 8), torch.zeros(7, dtype=torch.int64), torch.ones(7, dtype=torch.int64)
    x, faces = torch.cat([inner, layer]), [torch.stack([0 * number, number, number.roll(-1)])]
    for _ in range(layers - 1):
        # Counter-clockwise from its last parent a vertex sees its sibling, then its 5 - many children, of which it
        # shares the first and the last with its siblings, and has the last made.
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
