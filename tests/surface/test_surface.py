"""The interface of a surface, kept by meshes, point clouds and samples of homogeneous spaces."""

import copy

import numpy as np
import pytest
import surfaces

from gaugenet.bundle.bundle import BundleSettings, build_bundle
from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere, hexagonal_lattice, icosphere, triangular_tiling
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.point_surface import PointSurface
from gaugenet.surface.space_surface import SpaceSurface


def sample(space, data):
    return SpaceSurface(space, data.pos, data.face, data.area)


SURFACES = {
    "mesh": lambda: MeshSurface(surfaces.uneven_sphere(200)),
    "disc": lambda: MeshSurface(surfaces.flat_disc(7)),
    "klein bottle": lambda: MeshSurface(surfaces.klein_bottle(20, 10)),
    "points": lambda: PointSurface(surfaces.torus(20, 10).pos),
    "sided points": lambda: PointSurface(surfaces.uneven_sphere(200).pos, surfaces.uneven_sphere(200).pos),
    "sphere": lambda: sample(Sphere(), icosphere(2)),
    "plane": lambda: sample(Plane(), hexagonal_lattice(7)),
    "hyperbolic plane": lambda: sample(HyperbolicPlane(), triangular_tiling(4)),
}


@pytest.fixture(params=SURFACES)
def surface(request):
    return SURFACES[request.param]()


def test_frames_are_orthonormal_and_areas_positive(surface):
    size = len(surface.pos)
    assert np.allclose(surface.frame @ surface.frame.transpose(0, 2, 1), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(surface.frame), 1)
    assert surface.area.shape == (size,) and (surface.area > 0).all()


def test_discs_hold_what_is_near_and_both_directions(surface):
    """Radii are the distances, up to the bend of chords and the choice of paths; the way back undoes the way there."""
    vertex = np.arange(0, len(surface.pos), 2)
    radius = 3 * np.sqrt(surface.area.mean())
    edges = surface.discs(vertex, radius)
    source, target = edges.index
    assert len(source) > len(vertex) and edges.log[:, 0].max() <= radius * (1 + 1e-9)
    assert np.array_equal(edges.index[:, edges.reverse], edges.index[::-1])
    assert np.array_equal(edges.log[edges.reverse, 0], edges.log[:, 0])
    near = surface.distance(int(vertex[target[0]]))[vertex[source[target == target[0]]]]
    assert near == pytest.approx(edges.log[target == target[0], 0], rel=0.3)


def test_farthest_points_cover_and_shares_sum_to_one(surface):
    samples = surface.farthest_points(30)
    assert len(np.unique(samples.vertex)) == len(samples.vertex) == 30 and (np.diff(samples.reach[1:]) <= 1e-9).all()
    chosen = np.sort(samples.vertex)
    nearest = np.min([surface.distance(int(v)) for v in chosen], axis=0)
    assert nearest.max() <= samples.reach[30] * (1 + 1e-9)
    pooling = surface.pooling(np.arange(len(surface.pos)), chosen, float(samples.reach[30]))
    assert np.bincount(pooling.index[0], pooling.weight) == pytest.approx(1)
    same = chosen[pooling.index[1]] == pooling.index[0]
    assert same.sum() == 30 and (pooling.radius[same] == 0).all() and np.abs(pooling.transport[same]).max() < 1e-12


def test_bundles_of_all_kinds_have_the_sizes_asked_for(surface):
    bundle = build_bundle(surface, BundleSettings(neighbours=10, levels=(60, 20), level_neighbours=6))
    assert [len(level.sample) for level in bundle.levels] == [60, 20]
    for stage, many in ((bundle, 10), *((level, 6) for level in bundle.levels)):
        assert len(stage.edges.log) >= many * len(stage.area)
        assert stage.area.sum() == pytest.approx(surface.area.sum())
        assert (stage.stiffness >= 0).all() and stage.edges.log[:, 0].max() <= stage.radius


def test_a_surface_is_not_copied(surface):
    assert copy.deepcopy(surface) is surface


def test_what_only_triangles_have_is_refused():
    with pytest.raises(ValueError, match=r"the 1-ring needs face \(3, F\)"):
        _ = SURFACES["points"]().ring
    with pytest.raises(ValueError, match="needs faces"):
        build_bundle(SURFACES["points"](), BundleSettings(method="vector_heat"))
