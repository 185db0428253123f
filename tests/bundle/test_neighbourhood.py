"""Neighbourhoods: both directions of every edge, the mean number of neighbours asked for, exhaustion."""

import numpy as np
import pytest
import surfaces

from gaugenet.bundle.bundle import discs_of_count, quadrature_weights
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.surface.edges import BundleEdges, symmetric
from gaugenet.surface.mesh_surface import MeshSurface


def reverse(edges, size):
    """Position of the reverse of each edge."""
    forward = edges.index[1] * size + edges.index[0]
    backward = edges.index[0] * size + edges.index[1]
    place = np.searchsorted(forward, backward)
    assert np.array_equal(forward[place], backward)
    return place


@pytest.mark.parametrize("radius", [0.05, 0.15])
def test_every_edge_has_its_reverse(radius):
    mesh = surfaces.biped()
    edges = MeshSurface(mesh).discs(np.arange(len(mesh.pos)), radius)
    back = reverse(edges, len(mesh.pos))
    assert np.array_equal(edges.log[:, 0], edges.log[back, 0])
    assert surfaces.turned(edges.transport + edges.transport[back]).max() < 1e-12
    assert (edges.index[0] != edges.index[1]).all()
    # Transport along a geodesic is also the angle between its directions at the two ends; both carry some error.
    gap = surfaces.turned(edges.log[:, 1] - edges.log[back, 1] + np.pi - edges.transport)
    assert np.median(gap) < 0.02


def test_edges_without_reverse_get_one_wherever_it_belongs():
    """Against sorting: random edges, half of them one-sided."""
    rng = np.random.default_rng(0)
    size = 20
    j, i = np.nonzero((rng.random((size, size)) < 0.4) & ~np.eye(size, dtype=bool))
    edges = BundleEdges.build(j, i, rng.uniform(0.1, 3, (len(j), 2)), rng.uniform(-3, 3, len(j)))
    both = symmetric(edges, size)
    key, old = both.index[1] * size + both.index[0], edges.index[1] * size + edges.index[0]
    assert np.array_equal(key, np.union1d(old, edges.index[0] * size + edges.index[1]))
    back = reverse(both, size)
    assert np.array_equal(both.log[:, 0], both.log[back, 0])
    assert surfaces.turned(both.transport + both.transport[back]).max() < 1e-12
    place = np.searchsorted(key, old)
    assert np.array_equal(both.log[place, 1], edges.log[:, 1])
    added = np.setdiff1d(np.arange(len(key)), place)
    gap = both.log[added, 1] - both.log[back[added], 1] + np.pi - both.transport[added]
    assert len(added) > 50 and surfaces.turned(gap).max() < 1e-12


def test_symmetry_by_hand():
    """0 <-> 1 disagree and meet in the middle; 2 -> 1 lacks its reverse, which follows from it."""
    edges = BundleEdges.build(
        np.array([1, 0, 2]),
        np.array([0, 1, 1]),
        np.array([[1.0, 0.1], [1.2, 0.2], [2.0, 0.3]]),
        np.array([0.5, -0.7, 1.0]),
    )
    both = symmetric(edges, 3)
    assert both.index.tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]
    assert both.log[:, 0] == pytest.approx([1.1, 1.1, 2, 2])
    assert both.log[:, 1] == pytest.approx([0.1, 0.2, 0.3, 0.3 - 1.0 + np.pi])
    assert both.transport == pytest.approx([0.6, -0.6, 1, -1])
    nothing = symmetric(BundleEdges(np.empty((2, 0), np.int64), np.empty((0, 2)), np.empty(0)), 3)
    assert nothing.index.shape == (2, 0)


@pytest.mark.parametrize("neighbours", [4, 10, 30, 100])
@pytest.mark.parametrize("name", ["biped", "uneven sphere", "disc"])
def test_discs_hold_the_mean_number_asked_for(name, neighbours):
    mesh = {"biped": surfaces.biped, "uneven sphere": lambda: surfaces.uneven_sphere(1000), "disc": surfaces.flat_disc}[
        name
    ]()
    area = float(vertex_areas(mesh.pos, mesh.face).sum())
    edges, radius = discs_of_count(MeshSurface(mesh), np.arange(len(mesh.pos)), neighbours, area)
    assert edges.index.shape[1] / len(mesh.pos) == pytest.approx(neighbours, rel=0.01)
    assert radius == pytest.approx(edges.log[:, 0].max(), rel=1e-8)
    reverse(edges, len(mesh.pos))


def test_equal_radii_stay_together():
    """On a symmetric mesh the number cannot always be met; vertices at the same distance are never divided."""
    mesh = surfaces.icosphere(2)
    area = float(vertex_areas(mesh.pos, mesh.face).sum())
    edges, radius = discs_of_count(MeshSurface(mesh), np.arange(len(mesh.pos)), 10, area)
    larger = MeshSurface(mesh).discs(np.arange(len(mesh.pos)), 1.2 * radius)
    beyond = larger.log[larger.log[:, 0] > radius, 0]
    assert beyond.min() > edges.log[:, 0].max() * (1 + 1e-9)
    assert edges.index.shape[1] >= 10 * len(mesh.pos)


@pytest.mark.parametrize("name", ["known/tetrahedron.off", "known/two_spheres.ply", "broken/isolated_vertex.off"])
def test_where_there_are_not_enough_vertices_all_are_neighbours(name):
    mesh = surfaces.read(name)
    size = len(mesh.pos)
    edges, radius = discs_of_count(MeshSurface(mesh), np.arange(size), 1000, 10.0)
    reachable = {"known/tetrahedron.off": 12, "known/two_spheres.ply": 2 * 42 * 41, "broken/isolated_vertex.off": 306}
    assert edges.index.shape[1] == reachable[name]
    assert np.isfinite(radius)


def test_a_single_vertex_has_no_neighbours():
    mesh = surfaces.icosphere(2)
    edges, radius = discs_of_count(MeshSurface(mesh), np.array([3]), 30, 12.0)
    assert edges.index.shape == (2, 0) and radius == 0


def test_neighbours_among_some_vertices_are_positions_in_their_list():
    mesh = surfaces.biped()
    some = np.sort(np.random.default_rng(0).choice(len(mesh.pos), 200, replace=False))
    part = MeshSurface(mesh).discs(some, 0.2)
    whole = MeshSurface(mesh).discs(np.arange(len(mesh.pos)), 0.2)
    rank = np.full(len(mesh.pos), -1)
    rank[some] = np.arange(200)
    inside = whole.select((rank[whole.index] >= 0).all(axis=0))
    assert np.array_equal(part.index, rank[inside.index])
    assert np.array_equal(part.log, inside.log)


@pytest.mark.parametrize("options", [{}, {"radius": 0.12}, {"neighbours": 20}])
def test_weights_are_shares_of_the_area(options):
    mesh = surfaces.biped()
    bundle = surfaces.bundle(mesh, **options)
    weight = quadrature_weights(bundle.edges, bundle.area)
    source, target = bundle.edges.index
    assert np.bincount(target, weight, len(mesh.pos)) == pytest.approx(1)
    total = np.bincount(target, bundle.area[source], len(mesh.pos))
    assert weight * total[target] == pytest.approx(bundle.area[source])
    assert (bundle.edges.log[:, 0] <= bundle.radius).all() or not options


def test_a_vertex_without_neighbours_has_no_weights():
    mesh = surfaces.read("broken/isolated_vertex.off")
    bundle = surfaces.bundle(mesh)
    weight = quadrature_weights(bundle.edges, bundle.area)
    assert np.isfinite(weight).all()
    assert 18 not in bundle.edges.index
    assert bundle.area[18] == 0
