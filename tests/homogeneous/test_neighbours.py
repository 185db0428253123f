"""Pairs of near points are those that brute force finds."""

import pytest
import torch
from space_table import SPACES, random_points

from gaugenet.homogeneous import HyperbolicPlane, triangular_tiling
from gaugenet.homogeneous.neighbours import pairs_between, pairs_within


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("radius", [0.2, 1.3, 4.0])
def test_pairs(space, radius):
    x, y = random_points(space, 80), random_points(space, 50, 1)
    first, second = pairs_within(space, x, radius)
    near = (space.distance(x[:, None], x) <= radius).triu(1)
    assert {*zip(first.tolist(), second.tolist(), strict=True)} == {*map(tuple, near.nonzero().tolist())}
    assert len(first) == int(near.sum())
    pairs = torch.stack(pairs_between(space, x, y, radius), dim=1)
    assert torch.equal(pairs, (space.distance(x[:, None], y) <= radius).nonzero())


def test_coordinates_alone_are_not_enough():
    """On the disc one Euclidean radius for all points misses some pairs, or finds too many."""
    space, x = HyperbolicPlane(), triangular_tiling(4).pos[:, :2]
    near = space.distance(x[:, None], x) <= 1.2
    assert len(pairs_within(space, x, 1.2)[0]) == int(near.triu(1).sum())
    euclidean = torch.cdist(x, x)
    assert euclidean[near].max() > 5 * euclidean[~near].min()


def test_equal_distances_stay_together():
    """Asked for a distance that many pairs have up to rounding, all of them are found."""
    x = triangular_tiling(4).pos[:, :2]
    for radius in (1.0905496635070862 * (1 - 1e-12), 1.0905496635070862):
        assert len(pairs_within(HyperbolicPlane(), x, radius)[0]) == 546
    assert len(pairs_within(HyperbolicPlane(), x, 1.0905)[0]) == 0
