"""Levels of a sample of a homogeneous space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gaugenet.bundle.levels import Level
from gaugenet.bundle.neighbourhood import discs_until_count
from gaugenet.bundle.pooling import Pooling
from gaugenet.homogeneous import HomogeneousSpace
from gaugenet.homogeneous.neighbours import GRAIN, pairs_between
from gaugenet.transforms.homogeneous_edges import discs, extent

SAMPLINGS = ("first", "farthest")
# Vertices may be so far from those of a coarser level, in units of the square root of its area a vertex. Of good
# samples none is further than about 1.
_FURTHEST = 3.0


def homogeneous_levels(
    space: HomogeneousSpace, x: Tensor, area: Tensor, counts: Sequence[int], neighbours: float, sampling: str
) -> list[Level]:
    """Build one level for each of the falling ``counts``, of points ``x (V, dim)`` with ``area (V,)``.

    Every vertex is shared among all coarser ones that are as near as the nearest coarser one of any vertex is, by
    1 / (r^2 + (that distance / 4)^2). No ties are decided, so that pooling has all symmetries of the sample; midpoints
    of edges are shared by halves.

    Args:
        neighbours: mean number in a disc. sampling: "first" takes the first vertices, "farthest" farthest points.

    Raises:
        ValueError: where the first vertices do not cover the sample.
    """
    if not counts:
        return []
    order = torch.arange(len(x)) if sampling == "first" else _farthest_points(space, x, min(max(counts), len(x)))
    levels: list[Level] = []
    finer, handed = torch.arange(len(x)), area.numpy()
    for count in counts:
        sample = order[:count].sort().values
        pooling = _pooling(space, x[finer], x[sample], float(area.sum()))
        handed = np.bincount(pooling.index[1], pooling.weight * handed[pooling.index[0]], len(sample))
        coarse = x[sample]
        edges, radius = discs_until_count(
            lambda r, coarse=coarse: discs(space, coarse, r),  # type: ignore[misc]
            len(sample),
            neighbours,
            float(handed.sum()),
            extent(space, coarse),
        )
        levels.append(Level(sample.numpy(), handed, edges, radius, pooling))
        finer = sample
    return levels


def _pooling(space: HomogeneousSpace, finer: Tensor, coarser: Tensor, area: float) -> Pooling:
    unit = math.sqrt(area / len(coarser))
    radius = 0.8 * unit
    while True:
        fine, coarse = pairs_between(space, finer, coarser, radius)
        if int(torch.bincount(fine, minlength=len(finer)).min()) > 0:
            break
        if radius > _FURTHEST * unit:
            raise ValueError(
                f"the first {len(coarser)} vertices do not cover the sample, got vertices further than {radius:.3g} "
                'from them: use a number of a nested sample, or sampling="farthest"'
            )
        radius *= 1.3
    r = space.distance(finer[fine], coarser[coarse])
    nearest = torch.full((len(finer),), math.inf, dtype=r.dtype).scatter_reduce(0, fine, r, "amin")
    reach = float(nearest.max()) * (1 + GRAIN)
    keep = r <= reach
    fine, coarse, r = fine[keep], coarse[keep], r[keep]
    soft = 0.25 * reach if reach > 0 else 1.0  # where every vertex is a sample any softening does
    share = 1 / (r.square() + soft**2)
    share /= share.new_zeros(len(finer)).index_add_(0, fine, share)[fine]
    transport = space.transport(finer[fine], coarser[coarse])
    return Pooling(torch.stack([fine, coarse]).numpy(), transport.numpy(), share.numpy())


def _farthest_points(space: HomogeneousSpace, x: Tensor, count: int) -> Tensor:
    """Return points each furthest from those before it, from the first on; of equals the one that comes first."""
    bound = torch.full((len(x),), math.inf, dtype=x.dtype)
    order, here = torch.empty(count, dtype=torch.int64), torch.tensor(0)
    for k in range(count):
        order[k] = here
        bound = torch.minimum(bound, space.distance(x[here], x))
        here = (bound >= bound.max() * (1 - GRAIN)).long().argmax()
    return order
