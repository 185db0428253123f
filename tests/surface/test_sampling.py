"""Farthest-point samples: the bound that they promise, checked from outside, and what their choice depends on."""

import numpy as np
import pytest
import surfaces
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gaugenet.surface.connection import levi_civita
from gaugenet.surface.discs import geodesic_discs
from gaugenet.surface.sampling import farthest_on_mesh
from gaugenet.surface.unfolding import Unfolding

MESHES = {"biped": surfaces.biped, "uneven sphere": lambda: surfaces.uneven_sphere(700), "disc": surfaces.flat_disc}


def samples_of(mesh, count):
    unfolding = Unfolding.build(mesh, levi_civita(mesh))
    return unfolding, farthest_on_mesh(mesh, unfolding, count)


def farthest(unfolding, vertex):
    """Distance of the vertex furthest from the given ones: along edges, and unfolded without any short cut."""
    size = len(unfolding.begin) - 1
    start = np.repeat(np.arange(size), np.diff(unfolding.begin))
    graph = coo_array((unfolding.length[:, 0], (start, unfolding.rim[:, 0])), shape=(size, size))
    along_edges = dijkstra(graph.tocsr(), directed=False, indices=vertex).min(axis=0)
    discs = geodesic_discs(unfolding, vertex, np.inf, np.ones(size, dtype=bool))
    straight = np.full(size, np.inf)
    straight[vertex] = 0
    np.minimum.at(straight, discs.index[0], discs.log[:, 0])
    return along_edges.max(), straight.max()


@pytest.mark.parametrize("count", [1, 2, 10, 60])
@pytest.mark.parametrize("name", MESHES)
def test_reach_holds(name, count):
    """No vertex is further than the reach, and the reach is no further than along edges."""
    unfolding, samples = samples_of(MESHES[name](), 100)
    along_edges, straight = farthest(unfolding, samples.vertex[:count])
    assert straight <= samples.reach[count] * (1 + 1e-9)
    assert samples.reach[count] <= along_edges * (1 + 1e-9)
    assert samples.reach[count] < 1.02 * straight


def test_a_sample_left_out_breaks_the_bound():
    unfolding, samples = samples_of(surfaces.biped(), 60)
    _, straight = farthest(unfolding, samples.vertex[1:60])
    assert straight > samples.reach[60]


@pytest.mark.parametrize("name", MESHES)
def test_samples_are_distinct_and_reaches_fall(name):
    _, samples = samples_of(MESHES[name](), 150)
    assert len(samples.vertex) == len(np.unique(samples.vertex)) == 150
    assert len(samples.reach) == 151
    assert (np.diff(samples.reach) <= 1e-9).all()


def test_a_prefix_is_a_sample():
    mesh = surfaces.biped()
    (_, few), (_, many) = samples_of(mesh, 40), samples_of(mesh, 120)
    assert np.array_equal(few.vertex, many.vertex[:40])
    assert few.reach == pytest.approx(many.reach[:41])


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1e5])
def test_choice_depends_on_neither_pose_nor_unit(scale):
    mesh = surfaces.biped()
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    moved = surfaces.mesh(scale * (mesh.pos @ rotation.T + [0.4, 1, -1]), mesh.face)
    (_, here), (_, there) = samples_of(mesh, 200), samples_of(moved, 200)
    assert np.array_equal(here.vertex, there.vertex)
    assert there.reach[1:] == pytest.approx(scale * here.reach[1:])


def test_choice_does_not_depend_on_numbering():
    mesh = surfaces.biped()
    rng = np.random.default_rng(2)
    new = rng.permutation(len(mesh.pos))  # new[v]: the new number of vertex v
    pos = np.empty_like(mesh.pos)
    pos[new] = mesh.pos
    renumbered = surfaces.mesh(pos, new[mesh.face[rng.permutation(len(mesh.face))]])
    (_, here), (_, there) = samples_of(mesh, 200), samples_of(renumbered, 200)
    assert np.array_equal(new[here.vertex], there.vertex)


def test_every_component_is_sampled_and_isolated_vertices_never():
    spheres = surfaces.read("known/two_spheres.ply")
    _, samples = samples_of(spheres, 1)
    assert sorted(spheres.pos[samples.vertex, 0] > 1.25) == [False, True]
    lonely = surfaces.read("broken/isolated_vertex.off")
    _, samples = samples_of(lonely, 1000)
    assert sorted(samples.vertex) == list(range(18))
    assert samples.reach[-1] == 0


def test_two_samples_of_the_sphere_are_opposite():
    sphere = surfaces.icosphere(3)
    _, samples = samples_of(sphere, 2)
    assert sphere.pos[samples.vertex[0]] @ sphere.pos[samples.vertex[1]] == pytest.approx(-1, abs=1e-6)
    assert samples.reach[1] == pytest.approx(np.pi, rel=0.03)
