"""Shape diameter and openness: closed forms of the fan's rays, surfaces with holes, what a hit is."""

import numpy as np
import pytest
import surfaces
import trimesh

from gaugenet.mesh.geometry import vertex_normals
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import fan_axes, openness, ray_fan, robust_mean, shape_diameter

ANGLES, COUNTS = np.radians([10, 30, 50]), (3, 6, 9)


def diameter_of(mesh, sided=True):
    normal = vertex_normals(mesh.pos, mesh.face)
    return shape_diameter(mesh, normal, RayCaster.build(mesh.pos, mesh.face), sided)


def openness_of(mesh, sided=True):
    return openness(mesh, vertex_normals(mesh.pos, mesh.face), RayCaster.build(mesh.pos, mesh.face), sided)[0]


def expected(length):
    """Robust mean of lengths (R,) of the rays of the fan, written out."""
    weight = np.repeat(1 / ANGLES, COUNTS)
    near = np.abs(length - np.median(length)) <= length.std() * (1 + 1e-9)
    assert near.any()
    return (weight * length)[near].sum() / weight[near].sum()


def turned_inside_out(mesh):
    return Mesh(mesh.pos, mesh.face[:, ::-1].copy(), mesh.kept)


def box(*extents, cuts=3):
    shape = trimesh.creation.box(extents)
    for _ in range(cuts):
        shape = shape.subdivide()
    return surfaces.mesh(shape.vertices, shape.faces)


def shell(outer=1.0, inner=0.6):
    """A ball with a hollow in it: two spheres, the inner one with normals towards its centre."""
    sphere = surfaces.icosphere(3)
    face = np.concatenate([sphere.face, sphere.face[:, ::-1] + len(sphere.pos)])
    return surfaces.mesh(np.concatenate([outer * sphere.pos, inner * sphere.pos]), face)


def test_sphere():
    """A ray at the angle theta from the normal is 2 R cos theta long."""
    for radius, sphere in ((1.0, surfaces.icosphere(4)), (7.0, surfaces.icosphere(3))):
        diameter, share = diameter_of(surfaces.mesh(radius * sphere.pos, sphere.face))
        exact = expected(2 * radius * ray_fan(ANGLES, COUNTS)[:, 2])
        assert diameter == pytest.approx(np.full(len(diameter), exact), rel=0.01)
        assert (share == 1).all()


def test_long_cylinder():
    """A ray with the direction (c, s cos phi along the axis, s sin phi) is 2 R c / (c^2 + s^2 sin^2 phi) long."""
    tube = surfaces.cylinder(around=96, along=61, radius=1.0, height=30.0)
    middle = np.abs(tube.pos[:, 2] - 15) < 5
    _, y, z = ray_fan(ANGLES, COUNTS).T  # away from the centroid, x, is along the axis
    diameter, share = diameter_of(tube)
    middle &= np.abs(tube.pos[:, 2] - 15) > 0.1  # where x is defined
    assert diameter[middle] == pytest.approx(np.full(middle.sum(), expected(2 * z / (z**2 + y**2))), rel=0.01)
    assert (share[middle] == 1).all()


def test_slab():
    """h / cos theta, wherever the cone fits in."""
    slab = box(4.0, 4.0, 0.25, cuts=4)
    diameter, share = diameter_of(slab)
    middle = (np.abs(slab.pos[:, :2]) < 1.2).all(axis=1)
    exact = expected(0.25 / ray_fan(ANGLES, COUNTS)[:, 2])
    assert diameter[middle] == pytest.approx(np.full(middle.sum(), exact), rel=1e-9)
    assert (share[middle] == 1).all() and share.min() <= 0.5  # at its corners most rays leave at once


def test_rays_that_leave_do_not_count():
    """Nothing lies under a disc; from inside a tube some rays leave through its ends; front sides are no hits."""
    diameter, share = diameter_of(surfaces.flat_disc())
    assert not diameter.any() and not share.any()
    tube = surfaces.cylinder(height=1.0)
    _, share = diameter_of(tube)
    assert (share > 0).all() and (share < 1).all()
    diameter, share = diameter_of(turned_inside_out(surfaces.icosphere(3)))
    assert not diameter.any() and not share.any()


def test_a_hollow_ball():
    """A ray at the angle theta is cos theta - (r^2 - sin^2 theta)^1/2 long to the hollow, or passes it by."""
    hollow = shell(inner=0.6)
    outside = np.linalg.norm(hollow.pos, axis=1) > 0.8
    cos = ray_fan(ANGLES, COUNTS)[:, 2]
    under = 0.6**2 - (1 - cos**2)
    exact = expected(np.where(under > 0, cos - np.sqrt(np.maximum(under, 0)), 2 * cos))
    diameter, _ = diameter_of(hollow)
    assert diameter[outside] == pytest.approx(np.full(outside.sum(), exact), rel=0.02)
    assert openness_of(hollow)[outside].min() == 1 and openness_of(hollow)[~outside].max() == 0


def test_openness():
    """1 on what is convex, edges and corners included; less in the hole of a torus, where it sees itself."""
    for convex in (surfaces.icosphere(3), box(3.0, 1.0, 0.1), surfaces.flat_disc()):
        assert (openness_of(convex) == 1).all()
    torus = surfaces.torus()
    ring = np.linalg.norm(torus.pos[:, :2], axis=1)
    seen = openness_of(torus)
    assert (seen[ring > 1.2] == 1).all() and seen[ring < 0.7].max() < 0.9


def test_openness_is_weighted_by_the_cosine():
    """Half the light that falls on a plane comes from within 45 degrees of its normal."""
    plane = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 1e-3
    phi = 2 * np.pi * np.arange(64) / 64
    ring = [np.stack([r * np.cos(phi), r * np.sin(phi), 0 * phi + z], 1) for r, z in ((1.0, 0.0), (1.0, 1.0))]
    wall = surfaces.grid(64, 2, True, False)[:, ::-1]
    pos = np.concatenate([plane, np.stack(ring, axis=1).reshape(-1, 3)])
    pit = surfaces.mesh(pos, np.concatenate([[[0, 1, 2], [0, 2, 3]], wall + 4]))
    caster, normal = RayCaster.build(pit.pos, pit.face), np.tile([0.0, 0.0, 1.0], (len(pit.pos), 1))
    seen = openness(pit, normal, caster)[0][:4]
    assert seen == pytest.approx(np.full(4, 0.5), abs=1e-9)  # two of four rings


def test_without_sides_the_inside_is_found():
    """The same numbers whichever way faces and normals point, those of the solid, but for fronts that now count."""
    for mesh in (surfaces.icosphere(3), surfaces.biped()):
        normal = vertex_normals(mesh.pos, mesh.face)
        sign = np.where(np.random.default_rng(0).random(len(normal)) < 0.5, 1.0, -1.0)[:, None]
        caster = RayCaster.build(mesh.pos, mesh.face)
        here, there = (shape_diameter(mesh, n, caster, sided=False) for n in (normal, sign * normal))
        assert np.allclose(here, there, atol=1e-9)
        assert np.allclose(*(openness(mesh, n, caster, sided=False) for n in (normal, sign * normal)), atol=1e-9)
        solid, _ = diameter_of(mesh)
        assert np.mean(np.abs(here[0] - solid) > 1e-6 * solid) < 0.15
        assert not np.allclose(*(shape_diameter(mesh, n, caster) for n in (normal, sign * normal)))


@pytest.mark.parametrize(
    ("value", "weight", "mean"),
    [
        ([2.0], [3.0], 2.0),
        ([1.0, 3.0], [1.0, 3.0], 2.5),  # each exactly one deviation from the median
        ([1.0, 1.1, 0.9, 1.0, 50.0], [1, 1, 1, 1, 1], 1.0),
        ([5.0, 5.0, 5.0], [1, 2, 3], 5.0),
        ([0.0, 0.0, 9.0, 9.0], [1, 1, 1, 1], 4.5),
    ],
)
def test_robust_mean(value, weight, mean):
    assert robust_mean(np.array(value), np.array(weight, dtype=float)) == pytest.approx(mean)


def test_fans_are_their_own_mirror_images():
    """About x, so that a mirrored shape has mirrored rays; and axes are orthonormal everywhere."""
    fan = ray_fan(ANGLES, COUNTS)
    gap = np.linalg.norm(fan[:, None] - (fan * [1, -1, 1])[None], axis=2).min(axis=0)
    assert gap.max() < 1e-12
    assert np.linalg.norm(fan, axis=1) == pytest.approx(np.ones(len(fan)))
    for mesh in (surfaces.icosphere(2), surfaces.read("broken/isolated_vertex.off"), surfaces.flat_disc(4)):
        axes = fan_axes(mesh, vertex_normals(mesh.pos, mesh.face))
        assert np.abs(axes @ axes.transpose(0, 2, 1) - np.eye(3)).max() < 1e-9
        assert np.linalg.det(axes) == pytest.approx(np.ones(len(axes)))
