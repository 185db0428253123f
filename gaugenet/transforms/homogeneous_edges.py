"""Edges between points of a homogeneous space, with log maps and transport in closed form."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gaugenet.bundle.edges import BundleEdges
from gaugenet.homogeneous import HomogeneousSpace
from gaugenet.homogeneous.neighbours import GRAIN, pairs_within

# Edges whose geometry is computed at a time: more take memory, fewer take calls.
_PORTION = 2**19
# Points this near to the cut locus have no direction, and are no neighbours.
_MARGIN = 1e-6


def edges_of_pairs(space: HomogeneousSpace, x: Tensor, first: Tensor, second: Tensor) -> BundleEdges:
    """Return the edges both ways between pairs ``(P,), (P,)`` of points ``x (V, dim)``.

    The way back has the direction theta_ji = g_ij^-1 theta_ij + pi.

    Raises:
        ValueError: where two points are one.
    """
    near, far = (rows.split(_PORTION) for rows in (first, second))
    parts = [(space.log(x[i], x[j]), space.transport(x[j], x[i])) for i, j in zip(near, far, strict=True)]
    log, transport = torch.cat([log for log, _ in parts]), torch.cat([turn for _, turn in parts])
    same = (log[:, 0] == 0).nonzero()[:, 0]
    if len(same):
        i, j = int(first[same[0]]), int(second[same[0]])
        raise ValueError(f"expected different points, got {len(same)} pairs of equal ones (e.g. {i} and {j}): drop one")
    back = torch.stack([log[:, 0], log[:, 1] - transport + torch.pi], dim=1)
    return BundleEdges.build(
        torch.cat([second, first]).numpy(),
        torch.cat([first, second]).numpy(),
        torch.cat([log, back]).numpy(),
        torch.cat([transport, -transport]).numpy(),
    )


def discs(space: HomogeneousSpace, x: Tensor, radius: float) -> BundleEdges:
    """Return the edges between points ``(V, dim)`` that are at most ``radius`` apart."""
    edges = edges_of_pairs(space, x, *pairs_within(space, x, radius))
    most = min(radius * (1 + GRAIN), space.reach - _MARGIN)
    keep = edges.log[:, 0] <= most
    return edges if keep.all() else edges.select(keep)


def extent(space: HomogeneousSpace, x: Tensor) -> float:
    """Return a radius that no disc between points ``(V, dim)`` outgrows."""
    return min(2 * float(space.distance(x[:1], x).max()), space.reach)


def ring(space: HomogeneousSpace, x: Tensor, side: np.ndarray) -> BundleEdges:
    """Return the edges both ways along the sides ``(S, 2)`` of triangles."""
    return edges_of_pairs(space, x, *torch.from_numpy(side).unbind(1))
