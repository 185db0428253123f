"""Mean distances along a surface: closed forms, all pairs of vertices, components, what the choice of samples costs."""

import numpy as np
import pytest
import surfaces
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.surface.connection import levi_civita
from gaugenet.surface.discs import geodesic_discs
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.unfolding import Unfolding
from gaugenet.transforms import reach

CREATURES = ["creatures/biped_01.ply", "creatures/quadruped_03.ply"]


def geodesic_means(mesh, samples=32):
    return reach.geodesic_means(MeshSurface(mesh), samples)


def all_pairs(mesh):
    """Distances (V, V) by geodesic discs without a bound, which improve vertices for as long as they can."""
    unfolding = Unfolding.build(mesh, levi_civita(mesh))
    discs = geodesic_discs(unfolding, np.arange(len(mesh.pos)), np.inf, np.ones(len(mesh.pos), dtype=bool))
    distance = np.zeros((len(mesh.pos), len(mesh.pos)))
    distance[discs.index[1], discs.index[0]] = discs.log[:, 0]
    return distance


@pytest.mark.parametrize("radius", [1.0, 30.0])
def test_sphere(radius):
    """mean pi / 2 R, mean of squares (pi^2 - 4) / 2 R^2, eccentricity pi R, wherever one stands."""
    sphere = surfaces.icosphere(4)
    means = geodesic_means(surfaces.mesh(radius * sphere.pos, sphere.face))
    assert means.mean == pytest.approx(np.full(len(sphere.pos), np.pi / 2 * radius), rel=0.01)
    assert means.square == pytest.approx(np.full(len(sphere.pos), np.sqrt((np.pi**2 - 4) / 2) * radius), rel=0.02)
    assert 0.8 * np.pi * radius < means.largest.min() and means.largest.max() < np.pi * radius


def test_disc():
    """2/3 R from the centre, 32 / 9 pi R from the rim; root mean square (R^2 / 2 + r^2)^(1/2) at the radius r."""
    disc = surfaces.flat_disc(24)
    means = geodesic_means(disc)
    r = np.linalg.norm(disc.pos, axis=1)
    assert means.mean[0] == pytest.approx(2 / 3, rel=0.01) and means.least == pytest.approx(means.mean.min())
    assert means.mean[r > 0.999] == pytest.approx(np.full((r > 0.999).sum(), 32 / (9 * np.pi)), rel=0.01)
    assert means.square == pytest.approx(np.sqrt(0.5 + r**2), rel=0.01)
    assert means.largest[r < 0.5] == pytest.approx(1 + r[r < 0.5], rel=0.06)


@pytest.mark.parametrize("name", CREATURES)
def test_all_pairs(name):
    """A few tenths of a percent from the sums over all vertices; more samples come closer."""
    mesh = surfaces.read(name)
    distance, area = all_pairs(mesh), vertex_areas(mesh.pos, mesh.face)
    mean, square = distance @ area / area.sum(), np.sqrt(distance**2 @ area / area.sum())
    errors = []
    for samples in (8, 32, 128):
        means = geodesic_means(mesh, samples)
        errors.append(np.sqrt(np.mean((means.mean / mean - 1) ** 2)))
        if samples == 32:
            assert np.abs(means.mean / mean - 1).max() < 0.015
            assert means.square == pytest.approx(square, rel=0.015)
            assert means.largest == pytest.approx(distance.max(axis=1), rel=0.03)
    assert errors[1] < 0.003 and errors[0] > 3 * errors[1] > 6 * errors[2]


def test_without_the_known_excess_the_means_are_too_large():
    """What farthest points make of the integral, uncorrected, fails the bound above: they lie in the ends of limbs."""
    mesh = surfaces.biped()
    distance, area = all_pairs(mesh), vertex_areas(mesh.pos, mesh.face)
    mean = distance @ area / area.sum()
    chosen = [int(np.linalg.norm(mesh.pos - area @ mesh.pos / area.sum(), axis=1).argmax())]
    while len(chosen) < 32:
        chosen.append(int(distance[chosen].min(axis=0).argmax()))
    cell = np.bincount(distance[chosen].argmin(axis=0), area, 32)
    plain = cell @ distance[chosen] / area.sum()
    assert np.sqrt(np.mean((plain / mean - 1) ** 2)) > 0.006


def test_components_are_alone():
    """Each has the numbers that it has without the others; isolated vertices have 0."""
    one, two = surfaces.uneven_sphere(150), surfaces.biped()
    pos = np.concatenate([one.pos, two.pos + np.array([5.0, 0, 0]), [[0, 0, 9.0]]])
    both = geodesic_means(surfaces.mesh(pos, np.concatenate([one.face, two.face + len(one.pos)])))
    for name in ("mean", "square", "largest", "least"):
        apart = np.concatenate([getattr(geodesic_means(mesh), name) for mesh in (one, two)])
        assert getattr(both, name)[:-1] == pytest.approx(apart, rel=1e-6)
        assert getattr(both, name)[-1] == 0


def test_pose_size_and_numbering_do_not_matter():
    mesh = surfaces.biped()
    moved, number = surfaces.moved(mesh)
    here, there = geodesic_means(mesh), geodesic_means(moved)
    for name in ("mean", "square", "largest", "least"):
        assert getattr(there, name)[number] == pytest.approx(1e3 * getattr(here, name), rel=1e-9)


@pytest.mark.parametrize("make", [surfaces.moebius, surfaces.klein_bottle, surfaces.projective_plane])
def test_surfaces_with_one_side(make):
    """Never longer than along edges, and not much shorter."""
    mesh = make()
    area = vertex_areas(mesh.pos, mesh.face)
    start, end = mesh.face.reshape(-1), np.roll(mesh.face, -1, axis=1).reshape(-1)
    length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
    keep = np.unique(np.sort(np.stack([start, end]), axis=0), axis=1, return_index=True)[1]
    graph = coo_array((length[keep], (start[keep], end[keep])), shape=(len(area), len(area)))
    along = dijkstra(graph.tocsr(), directed=False) @ area / area.sum()
    ratio = geodesic_means(mesh).mean / along
    assert ratio.min() > 0.8 and ratio.max() < 1.01


@pytest.mark.parametrize("samples", [1, 2, 10**6])
def test_few_and_all_samples(samples):
    for mesh in (surfaces.mesh(np.eye(3), [[0, 1, 2]]), surfaces.read("broken/zero_area_face.off")):
        means = geodesic_means(mesh, samples)
        assert all(np.isfinite(part).all() for part in (means.mean, means.square, means.largest, means.least))
        assert (means.mean >= 0).all() and (means.square >= 0).all()
