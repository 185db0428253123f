"""Bundles of point clouds: closed forms on the sphere, no sides without normals, areas, levels, refusals."""

import copy

import numpy as np
import pytest
import surfaces
from surfaces import turned

from gaugenet.bundle.bundle import quadrature_weights
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.surface.point_surface import PointSurface


def fibonacci(count):
    """Even points on the unit sphere."""
    k = np.arange(count) + 0.5
    z, phi = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(phi), ring * np.sin(phi), z], axis=1)


def strip(around=60, across=7):
    return surfaces.moebius(around, across).pos


def element(edges, k):
    angle, sign = edges.transport[k], -1.0 if edges.flip is not None and edges.flip[k] else 1.0
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, sign])


def numbers(edges):
    return {(j, i): k for k, (j, i) in enumerate(edges.index.T.tolist())}


def test_log_map_and_transport_of_a_sphere_are_exact_with_its_normals():
    pos = fibonacci(400)
    bundle = surfaces.point_bundle(pos, pos, radius=0.6)
    radius, theta, transport = surfaces.sphere_log(pos, bundle.frame, bundle.edges.index)
    assert bundle.edges.flip is None
    assert np.abs(bundle.edges.log[:, 0] - radius).max() < 1e-9
    assert turned(bundle.edges.log[:, 1] - theta).max() < 1e-9
    assert turned(bundle.edges.transport - transport).max() < 1e-9


def test_estimated_planes_converge():
    """Errors of normals and radii against the sphere's, at a fixed number of neighbours: order 1 and more."""
    errors = []
    for count in (400, 1600, 6400):
        pos = fibonacci(count)
        bundle = surfaces.point_bundle(pos, neighbours=12)
        cosine = np.abs((bundle.frame[:, 2] * pos).sum(axis=1))
        radius = surfaces.sphere_log(pos, bundle.frame, bundle.edges.index)[0]
        errors.append([np.arccos(cosine.clip(max=1)).mean(), np.abs(bundle.edges.log[:, 0] / radius - 1).mean()])
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert (rates > 0.9).all(), (errors, rates)  # spacing halves


def test_the_signs_of_estimated_normals_are_a_choice_of_gauge():
    """With other signs edges, radii, areas and shares stay, and elements change as frames do."""
    pos = fibonacci(300)
    one = PointSurface(pos)
    signs = np.where(np.random.default_rng(0).random(300) < 0.5, -1.0, 1.0)
    frame = one.frame * np.stack([np.ones(300), signs, signs], axis=1)[:, :, None]
    other = copy.copy(one)
    other.frame = frame
    source, target = surfaces.point_bundle(pos).edges.index
    (log, transport, flip, _), (log_b, transport_b, flip_b, _) = (p.look(source, target) for p in (one, other))
    assert np.allclose(log[:, 0], log_b[:, 0])
    assert turned(log_b[:, 1] - signs[target] * log[:, 1]).max() < 1e-9
    assert np.array_equal(flip_b, flip ^ (signs[source] != signs[target]))
    assert turned(transport_b - signs[target] * transport).max() < 1e-9


@pytest.mark.parametrize("sided", [True, False])
def test_ways_back_undo_ways_there(sided):
    pos = fibonacci(300)
    edges = surfaces.point_bundle(pos, pos if sided else None, neighbours=15).edges
    number = numbers(edges)
    assert abs(len(number) / 300 - 15) < 0.2
    for (j, i), k in number.items():
        assert np.allclose(element(edges, k) @ element(edges, number[i, j]), np.eye(2), atol=1e-12)
        assert edges.log[k, 0] == edges.log[number[i, j], 0]


def test_a_strip_of_points_has_one_side():
    """Along its core transport reflects once around; the same loop on a sphere's equator does not."""
    pos = strip()
    edges = surfaces.point_bundle(pos, neighbours=12).edges
    number, core = numbers(edges), [7 * u + 3 for u in range(60)]
    flips = sum(edges.flip[number[a, b]] for a, b in zip(core, [*core[1:], core[0]]))
    assert flips % 2 == 1
    sphere = surfaces.uneven_sphere(300)
    edges = surfaces.point_bundle(sphere.pos, neighbours=15).edges
    number = numbers(edges)
    for face in sphere.face:
        ways = [number.get((a, b)) for a, b in zip(face, np.roll(face, -1))]
        assert None in ways or sum(edges.flip[way] for way in ways) % 2 == 0


def test_other_sides_of_a_thin_sheet_are_no_neighbours():
    disc = surfaces.flat_disc(8).pos
    pos = np.concatenate([disc, disc + np.array([0, 0, 0.01])])
    normal = np.repeat([[0, 0, -1.0], [0, 0, 1]], len(disc), axis=0)
    bundle = surfaces.point_bundle(pos, normal, neighbours=10, levels=(60, 20))
    for edges in (bundle.edges, *(level.edges for level in bundle.levels)):
        assert len(edges.log)
    source, target = bundle.edges.index
    assert ((source < len(disc)) == (target < len(disc))).all()


def test_areas_of_sphere_and_disc():
    assert surfaces.point_bundle(fibonacci(2000)).area.sum() == pytest.approx(4 * np.pi, rel=0.01)
    disc = surfaces.flat_disc(12)
    inside = np.linalg.norm(disc.pos, axis=1) < 0.85
    area = surfaces.point_bundle(disc.pos).area
    assert area[inside].sum() == pytest.approx(vertex_areas(disc.pos, disc.face)[inside].sum(), rel=0.03)


def test_it_is_close_to_the_bundle_of_the_mesh():
    mesh = surfaces.torus()
    by_mesh = surfaces.bundle(mesh, radius=0.25)
    by_points = surfaces.point_bundle(mesh.pos, by_mesh.frame[:, 2], radius=0.25)
    ours, theirs = numbers(by_points.edges), numbers(by_mesh.edges)
    common = sorted(ours.keys() & theirs.keys())
    assert len(common) > 0.95 * max(len(ours), len(theirs))
    a, b = ([table[pair] for pair in common] for table in (ours, theirs))
    frame = by_mesh.frame
    turn = np.arctan2(
        (by_points.frame[:, 0] * frame[:, 1]).sum(axis=1), (by_points.frame[:, 0] * frame[:, 0]).sum(axis=1)
    )
    source, target = np.array(common).T
    assert np.median(np.abs(by_points.edges.log[a, 0] / by_mesh.edges.log[b, 0] - 1)) < 0.01
    assert np.median(turned(by_points.edges.log[a, 1] + turn[target] - by_mesh.edges.log[b, 1])) < 0.02
    moved = by_points.edges.transport[a] + turn[target] - turn[source]
    assert np.median(turned(moved - by_mesh.edges.transport[b])) < 0.02


@pytest.mark.parametrize("sided", [True, False])
def test_levels_and_weights(sided):
    pos = fibonacci(500)
    bundle = surfaces.point_bundle(pos, pos if sided else None, levels=(120, 30), level_neighbours=10)
    assert [len(level.sample) for level in bundle.levels] == [120, 30]
    fine = 500
    for level in bundle.levels:
        share = np.bincount(level.pooling.index[0], level.pooling.weight, fine)
        assert np.allclose(share, 1)
        assert level.area.sum() == pytest.approx(bundle.area.sum())
        weights = quadrature_weights(level.edges, level.area)
        assert np.allclose(np.bincount(level.edges.index[1], weights, len(level.sample)), 1)
        fine = len(level.sample)


def test_motions_change_nothing():
    pos = fibonacci(200)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    one, other = surfaces.point_bundle(pos, pos), surfaces.point_bundle(pos @ turn.T + 5, pos @ turn.T)
    assert np.array_equal(one.edges.index, other.edges.index)
    assert np.allclose(one.edges.log, other.edges.log, atol=1e-7)
    assert turned(one.edges.transport - other.edges.transport).max() < 1e-7
    assert np.allclose(one.area, other.area)


def test_coincident_and_collinear_points_give_numbers():
    pos = fibonacci(60)
    double = np.concatenate([pos, pos[:5]])
    line = np.outer(np.arange(10.0), [1, 2, 3])
    for cloud in (double, line, np.zeros((6, 3))):
        bundle = surfaces.point_bundle(cloud, neighbours=5, levels=(4,), level_neighbours=2)
        assert all(np.isfinite(a).all() for a in (bundle.frame, bundle.area, bundle.edges.log, bundle.edges.transport))
        assert np.isfinite(bundle.levels[0].pooling.weight).all()


@pytest.mark.parametrize(
    ("pos", "normal", "complaint"),
    [
        (np.zeros((3, 3)), None, r"at least 4 points, got \(3, 3\)"),
        (np.zeros((9, 2)), None, r"shape \(V, 3\).*got \(9, 2\)"),
        (np.full((5, 3), np.nan), None, "5 points with NaN or infinite position .e.g. point 0"),
        (fibonacci(9), np.ones((8, 3)), r"normals must have shape \(9, 3\), one a point, got \(8, 3\)"),
        (fibonacci(9), np.zeros((9, 3)), "finite and not 0, got 9 that are .e.g. at point 0"),
    ],
)
def test_bad_clouds_are_refused(pos, normal, complaint):
    with pytest.raises(ValueError, match=complaint):
        surfaces.point_bundle(pos, normal)
