"""Levels: areas and shares are handed down whole, distances are those of the full mesh, and any mesh has levels."""

import numpy as np
import pytest
import surfaces

from gaugenet.surface.connection import levi_civita
from gaugenet.surface.discs import geodesic_discs
from gaugenet.surface.mesh_surface import _three_nearest
from gaugenet.surface.unfolding import Unfolding

MESHES = {
    "biped": (surfaces.biped, (300, 60)),
    "disc": (surfaces.flat_disc, (150, 40)),
    "uneven sphere": (lambda: surfaces.uneven_sphere(700), (200, 50, 10)),
    "two spheres": (lambda: surfaces.read("known/two_spheres.ply"), (40, 10)),
    "isolated vertex": (lambda: surfaces.read("broken/isolated_vertex.off"), (12, 6)),
}


@pytest.fixture(params=MESHES)
def bundle(request):
    make, counts = MESHES[request.param]
    return surfaces.bundle(make(), levels=counts, level_neighbours=12), counts


def test_levels_have_the_vertices_asked_for(bundle):
    bundle, counts = bundle
    finer = np.arange(len(bundle.area))
    for level, count in zip(bundle.levels, counts, strict=True):
        assert len(level.sample) == len(level.area) == count
        assert (np.diff(level.sample) > 0).all()
        assert np.isin(level.sample, finer).all()
        finer = level.sample


def test_areas_of_a_level_sum_to_the_surface(bundle):
    bundle, _ = bundle
    for level in bundle.levels:
        assert level.area.sum() == pytest.approx(bundle.area.sum(), rel=1e-12)
        assert (level.area > 0).all()


def test_shares_sum_to_one(bundle):
    """Each finer vertex is shared among one to three coarser ones, most on itself where it is one of them."""
    bundle, _ = bundle
    finer, area = np.arange(len(bundle.area)), bundle.area
    for level in bundle.levels:
        fine, coarse = level.pooling.index
        size = len(finer)
        count = np.bincount(fine, minlength=size)
        used = area > 0
        assert (count[used] >= 1).all() and (count <= 3).all() and (count[~used] == 0).all()
        assert np.bincount(fine, level.pooling.weight, size)[used] == pytest.approx(1, abs=1e-12)
        assert (level.pooling.weight > 0).all()
        same = finer[fine] == level.sample[coarse]
        assert same.sum() == len(level.sample)
        assert (level.pooling.transport[same] == 0).all()
        largest = np.zeros(size)
        np.maximum.at(largest, fine, level.pooling.weight)
        assert (level.pooling.weight[same] == largest[fine[same]]).all()
        finer, area = level.sample, level.area


def test_geometry_of_a_level_is_that_of_the_full_mesh():
    """Its edges and pooling transports are those of discs on the mesh, between the sample vertices."""
    mesh = surfaces.biped()
    bundle = surfaces.bundle(mesh, levels=(300, 60), level_neighbours=12)
    unfolding = Unfolding.build(mesh, levi_civita(mesh))
    size = len(mesh.pos)
    for level in bundle.levels:
        wanted = np.zeros(size, dtype=bool)
        wanted[level.sample] = True
        discs = geodesic_discs(unfolding, level.sample, 1.5 * level.radius, wanted)
        key = discs.index[1] * size + discs.index[0]
        source, target = level.sample[level.edges.index]
        place = np.searchsorted(key, target * size + source)
        assert np.array_equal(key[place], target * size + source)
        assert level.edges.log[:, 0] == pytest.approx(discs.log[place, 0], rel=0.05)
        assert np.median(surfaces.turned(level.edges.log[:, 1] - discs.log[place, 1])) < 1e-9
        assert level.edges.index.shape[1] / len(level.sample) == pytest.approx(12, rel=0.01)


def test_pooling_goes_to_the_nearest():
    mesh = surfaces.uneven_sphere(400)
    bundle = surfaces.bundle(mesh, levels=(80,), level_neighbours=12)
    (level,) = bundle.levels
    unfolding = Unfolding.build(mesh, levi_civita(mesh))
    discs = geodesic_discs(unfolding, level.sample, np.inf, np.ones(len(mesh.pos), dtype=bool))
    distance = np.full((len(mesh.pos), len(level.sample)), np.inf)
    distance[level.sample, np.arange(len(level.sample))] = 0
    distance[discs.index[0], np.searchsorted(level.sample, discs.index[1])] = discs.log[:, 0]
    fine, coarse = level.pooling.index
    nearest = np.sort(distance, axis=1)[:, 2]
    assert (distance[fine, coarse] <= nearest[fine] * (1 + 1e-6)).mean() > 0.999
    # Transport leads from the finer vertex to the coarser one.
    key = discs.index[0] * len(mesh.pos) + discs.index[1]
    order = np.argsort(key)
    other = fine != level.sample[coarse]
    place = order[np.searchsorted(key[order], fine[other] * len(mesh.pos) + level.sample[coarse[other]])]
    gap = surfaces.turned(level.pooling.transport[other] - discs.transport[place])
    assert (gap < 1e-9).mean() > 0.999


def test_three_nearest_equal_a_full_sort():
    rng = np.random.default_rng(0)
    size, coarser = 50, np.arange(0, 50, 5)
    pairs = [(j, i) for i in coarser for j in range(size) if j != i and rng.random() < 0.3]
    source = np.array([j for j, _ in pairs])
    log = np.stack([rng.integers(1, 6, len(pairs)) + rng.uniform(-1e-3, 1e-3, len(pairs)), np.zeros(len(pairs))], 1)
    found = _three_nearest(np.arange(size), coarser, source, log, 0.1)  # radii tie within a grain
    for j in range(size):
        candidates = sorted((round(log[e, 0] / 0.1), e) for e in np.flatnonzero(source == j))
        expected = [-1] * (j in coarser) + [e for _, e in candidates] + [-2, -2, -2]
        assert found[j].tolist() == expected[:3]


@pytest.mark.parametrize("levels", [(10**6,), (10**6, 642), (642, 641)])
def test_more_vertices_than_there_are_means_all(levels):
    bundle = surfaces.bundle(surfaces.icosphere(3), levels=levels, level_neighbours=6)
    assert np.array_equal(bundle.levels[0].sample, np.arange(642))
    assert bundle.levels[0].area == pytest.approx(bundle.area, rel=0.2)
    for level in bundle.levels:
        assert level.area.sum() == pytest.approx(bundle.area.sum(), rel=1e-12)
        assert np.isfinite(level.edges.log).all() and np.isfinite(level.pooling.weight).all()


def test_every_component_keeps_a_vertex():
    bundle = surfaces.bundle(surfaces.read("known/two_spheres.ply"), levels=(1,))
    assert len(bundle.levels[0].sample) == 2
    assert bundle.levels[0].edges.index.shape == (2, 0)


def test_constant_curvature_makes_even_levels():
    """On the sphere a level's vertices share the area evenly, up to the randomness of farthest points."""
    bundle = surfaces.bundle(surfaces.uneven_sphere(2000), levels=(200,))
    area = bundle.levels[0].area
    assert area.std() / area.mean() < 0.35
