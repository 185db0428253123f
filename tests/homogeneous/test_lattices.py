"""Patches of lattices: sizes, areas, symmetry, sublattices."""

import math

import pytest
import torch
from space_table import permutation, turn_about

from gaugenet.homogeneous import Plane, hexagonal_lattice, square_lattice
from gaugenet.mesh.topology import find_topology

ORIGIN = torch.zeros(2, dtype=torch.float64)


def test_square():
    data = square_lattice(3, 0.5)
    assert data.pos.shape == (49, 3) and data.face is None
    assert float(data.area.sum()) == pytest.approx(9)
    assert sorted(data.area.unique().tolist()) == [0.0625, 0.125, 0.25]
    assert torch.pdist(data.pos).min() == 0.5


def test_hexagon():
    data = hexagonal_lattice(4, 0.5)
    assert data.pos.shape == (61, 3) and data.face.shape == (3, 6 * 16)
    assert float(data.area.sum()) == pytest.approx(6 * math.sqrt(3) / 4 * 4)
    assert torch.pdist(data.pos).min() == pytest.approx(0.5, rel=1e-14)
    topology = find_topology(data.pos.numpy(), data.face.numpy().T)
    assert (topology.euler_characteristic, topology.boundary_loops) == (1, 1)
    inside = data.pos.norm(dim=1) < 1.4
    assert torch.allclose(data.area[inside], torch.tensor(0.25 * math.sqrt(0.75)).double(), atol=1e-8)


@pytest.mark.parametrize(("make", "folds"), [(square_lattice, 4), (hexagonal_lattice, 6)])
def test_turns_permute_the_points(make, folds):
    x = make(5).pos[:, :2]
    for k in range(1, folds):
        moved = permutation(Plane(), x, turn_about(Plane(), ORIGIN, 2 * math.pi * k / folds))
        assert torch.equal(moved.sort().values, torch.arange(len(x)))
    assert (permutation(Plane(), x, turn_about(Plane(), ORIGIN, 2 * math.pi / 5)) < 0).any()


@pytest.mark.parametrize(
    ("make", "count"),
    [(square_lattice, lambda k: (2 * k + 1) ** 2), (hexagonal_lattice, lambda k: 3 * k * (k + 1) + 1)],
)
def test_sublattices_come_first(make, count):
    data = make(9)
    for times in (2, 4, 8):
        few = count(9 // times)
        coarse = make(9 // times, float(times))
        ours, theirs = (sorted(map(tuple, pos.mul(1e6).round().tolist())) for pos in (data.pos[:few], coarse.pos))
        assert ours == theirs
        assert torch.pdist(data.pos[: few + 1]).min() < 0.9 * times  # the next point is not of the sublattice


@pytest.mark.parametrize("make", [square_lattice, hexagonal_lattice])
@pytest.mark.parametrize(("size", "spacing"), [(0, 1.0), (2.5, 1.0), (3, 0.0), (3, math.nan), (3, -1.0)])
def test_other_sizes_are_refused(make, size, spacing):
    with pytest.raises(ValueError, match=f"expects a whole size >= 1 and a positive spacing, got {size} and {spacing}"):
        make(size, spacing)
