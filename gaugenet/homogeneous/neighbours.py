"""Pairs of points within a geodesic distance."""

from __future__ import annotations

import numpy as np
import scipy
import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace

GRAIN = 1e-9  # relative enlargement of radii, so that equal distances are treated alike despite rounding
_PORTION = 20_000  # balls a query, which limits the memory of their lists of points


def pairs_within(space: HomogeneousSpace, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return all pairs of points that are at most a radius apart.

    Args:
        space: Homogeneous space.
        x: Points ``(V, dim)``.
        radius: Largest geodesic distance.

    Returns:
        Indices i and j ``(P,)`` with i < j.
    """
    # Geodesic discs are Euclidean balls in the coordinates. If all have one size, a single query finds all pairs.
    centre, size = (values.numpy() for values in space.ball(x, radius * (1 + GRAIN)))
    tree = scipy.spatial.cKDTree(x.numpy())
    if len(size) and size.max() == size.min():
        first, second = tree.query_pairs(float(size[0]), output_type="ndarray").T
        return torch.from_numpy(first), torch.from_numpy(second)
    first, second = _inside_balls(tree, centre, size)
    return first[first < second], second[first < second]


def pairs_between(space: HomogeneousSpace, x: Tensor, y: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return all pairs of points x_i and y_k that are at most a radius apart.

    Args:
        space: Homogeneous space.
        x: Points ``(V, dim)``.
        y: Points ``(S, dim)``.
        radius: Largest geodesic distance.

    Returns:
        Indices i and k ``(P,)``, sorted by i, then by k.
    """
    centre, size = (values.numpy() for values in space.ball(x, radius * (1 + GRAIN)))
    first, second = _inside_balls(scipy.spatial.cKDTree(y.numpy()), centre, size)
    order = torch.argsort(first * len(y) + second)
    return first[order], second[order]


def _inside_balls(tree: scipy.spatial.cKDTree, centre: np.ndarray, size: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return the points of a tree in each ball, as pairs of the indices of a ball and a point."""
    firsts, seconds = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, len(size), _PORTION):
        part = slice(start, start + _PORTION)
        found = tree.query_ball_point(centre[part], size[part])
        many = np.fromiter(map(len, found), np.int64, len(found))
        firsts.append(start + np.repeat(np.arange(len(found)), many))
        seconds.append(np.fromiter((k for one in found for k in one), np.int64, int(many.sum())))
    return torch.from_numpy(np.concatenate(firsts)), torch.from_numpy(np.concatenate(seconds))
