"""Which points are near each other."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace

# By which radii grow so that rounding does not decide between equal distances.
GRAIN = 1e-9
# Balls of different sizes are asked for in portions: their answers are lists.
_PORTION = 20_000


def pairs_within(space: HomogeneousSpace, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return all pairs i < j ``(P,), (P,)`` of points ``(V, dim)`` at most ``radius`` apart.

    Geodesic discs are Euclidean balls of the coordinates. Where these all have one size, one search finds all pairs.
    """
    centre, size = (values.numpy() for values in space.ball(x, radius * (1 + GRAIN)))
    tree = cKDTree(x.numpy())
    if len(size) and size.max() == size.min():
        first, second = tree.query_pairs(float(size[0]), output_type="ndarray").T
        return torch.from_numpy(first), torch.from_numpy(second)
    first, second = _inside_balls(tree, centre, size)
    return first[first < second], second[first < second]


def pairs_between(space: HomogeneousSpace, x: Tensor, y: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return all pairs ``(P,), (P,)`` of points x_i ``(V, dim)`` and y_k ``(S, dim)`` at most ``radius`` apart.

    Sorted by i, then by k.
    """
    centre, size = (values.numpy() for values in space.ball(x, radius * (1 + GRAIN)))
    first, second = _inside_balls(cKDTree(y.numpy()), centre, size)
    order = torch.argsort(first * len(y) + second)
    return first[order], second[order]


def _inside_balls(tree: cKDTree, centre: np.ndarray, size: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return which points of a tree lie in each of many balls: numbers of balls, and of points."""
    firsts, seconds = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, len(size), _PORTION):
        part = slice(start, start + _PORTION)
        found = tree.query_ball_point(centre[part], size[part])
        many = np.fromiter(map(len, found), np.int64, len(found))
        firsts.append(start + np.repeat(np.arange(len(found)), many))
        seconds.append(np.fromiter((k for one in found for k in one), np.int64, int(many.sum())))
    return torch.from_numpy(np.concatenate(firsts)), torch.from_numpy(np.concatenate(seconds))
