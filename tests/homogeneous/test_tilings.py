"""Lattices and the tiling {3, 7}: sizes, areas, layers, regularity, symmetry, sublattices, subdivision."""

import math

import pytest
import torch
from space_table import permutation, turn_about

from gaugenet.homogeneous import HyperbolicPlane, Plane, hexagonal_lattice, square_lattice, triangular_tiling
from gaugenet.homogeneous.tilings import SIDE
from gaugenet.mesh.topology import find_topology

ORIGIN = torch.zeros(2, dtype=torch.float64)
SPACE = HyperbolicPlane()


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
def test_turns_permute_a_lattice(make, folds):
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
    with pytest.raises(
        ValueError, match=f"expects an integer size >= 1 and a positive spacing, got {size} and {spacing}"
    ):
        make(size, spacing)


def sides(face):
    return torch.cat([face[[0, 1]], face[[1, 2]], face[[2, 0]]], dim=1)


@pytest.mark.parametrize(("layers", "vertices"), [(1, 8), (2, 29), (3, 85), (4, 232), (8, 11173)])
def test_layers(layers, vertices):
    """The sizes 7, 21, 56, 147, ... follow a(n + 1) = 3 a(n) - a(n - 1)."""
    data = triangular_tiling(layers)
    assert len(data.pos) == vertices
    x, face = data.pos[:, :2], data.face
    ends = sides(face)
    assert (SPACE.distance(x[ends[0]], x[ends[1]]) - SIDE).abs().max() < 1e-11
    assert (SPACE.triangle_area(*x[face]) - math.pi / 7).abs().max() < 1e-11
    topology = find_topology(data.pos.numpy(), face.numpy().T)
    assert (topology.euler_characteristic, topology.boundary_loops, topology.components) == (1, 1, 1)
    assert topology.orientable and topology.manifold


def test_seven_triangles_at_a_vertex():
    data = triangular_tiling(4)
    many = torch.bincount(data.face.flatten())
    assert (many[:85] == 7).all() and (many[85:] < 7).all()
    assert torch.allclose(data.area[:85], torch.tensor(math.pi / 3).double(), atol=1e-12)


def test_another_side_leaves_a_gap():
    """Only with this side the seventh triangle meets the first."""
    for side, closes in ((SIDE, True), (1.01 * SIDE, False)):
        turn = torch.tensor([[side, 0.0], [side, 2 * math.pi / 7]], dtype=torch.float64)
        x = SPACE.exp(torch.zeros(2, 2, dtype=torch.float64), turn)
        assert (abs(float(SPACE.distance(x[0], x[1])) - side) < 1e-14) == closes


def test_turns_permute_the_tiling():
    origin = torch.zeros(2, dtype=torch.float64)
    for data in (triangular_tiling(4), triangular_tiling(2, 1)):
        x = data.pos[:, :2]
        for k in range(7):
            moved = permutation(SPACE, x, turn_about(SPACE, origin, 2 * math.pi * k / 7), 1e-12)
            assert torch.equal(moved.sort().values, torch.arange(len(x)))
            assert (data.area[moved] - data.area).abs().max() < 1e-12
        assert (permutation(SPACE, x, turn_about(SPACE, origin, math.pi / 7)) < 0).sum() > 0


def test_turns_about_other_points_permute_what_stays_inside():
    """By sevenths about the first vertex of layer 1, by thirds about the centre of a face."""
    x = triangular_tiling(4).pos[:, :2]
    inside = SPACE.distance(torch.zeros_like(x), x) < 1.5 * SIDE
    centre = SPACE.exp(
        torch.zeros_like(x[0]), torch.tensor([math.acosh(1 / (math.tan(math.pi / 7) * 3**0.5)), math.pi / 7])
    )
    assert (SPACE.distance(centre, x[:3]) - float(SPACE.distance(centre, x[0]))).abs().max() < 1e-6
    for about, folds in ((x[1], 7), (centre, 3)):
        for k in range(folds):
            assert (permutation(SPACE, x, turn_about(SPACE, about, 2 * math.pi * k / folds), 1e-6)[inside] >= 0).all()


def test_subdivision():
    """Midpoints follow, and areas add up."""
    coarse, fine = triangular_tiling(2), triangular_tiling(2, 1)
    assert torch.equal(fine.pos[:29], coarse.pos)
    assert fine.face.shape[1] == 4 * coarse.face.shape[1]
    assert float(fine.area.sum()) == pytest.approx(float(coarse.area.sum()), rel=1e-13)
    assert find_topology(fine.pos.numpy(), fine.face.numpy().T).euler_characteristic == 1


@pytest.mark.parametrize(("layers", "subdivisions"), [(0, 0), (13, 0), (2, -1)])
def test_other_layers_are_refused(layers, subdivisions):
    with pytest.raises(ValueError, match=f"1 to 12 layers and subdivisions >= 0, got {layers} and {subdivisions}"):
        triangular_tiling(layers, subdivisions)
