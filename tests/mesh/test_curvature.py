"""The second fundamental form: closed forms on sphere, cylinder and torus, convergence, symmetries."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.curvature import curvature
from gaugenet.mesh.geometry import vertex_normals


def frames(mesh, angle=0.0):
    """Frames whose e1 goes around the z axis, turned counter-clockwise by ``angle``."""
    normal = vertex_normals(mesh.pos, mesh.face)
    e1 = np.stack([-mesh.pos[:, 1], mesh.pos[:, 0], 0 * mesh.pos[:, 2]], axis=1)
    e1[np.linalg.norm(e1, axis=1) < 1e-9] = [1.0, 0, 0]
    e1 -= (e1 * normal).sum(1, keepdims=True) * normal
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    e2 = np.cross(normal, e1)
    cos, sin = np.cos(angle)[..., None], np.sin(angle)[..., None]
    return np.stack([cos * e1 + sin * e2, cos * e2 - sin * e1, normal], axis=1)


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def sphere_errors(sphere, radius=1.0):
    """Root mean squares of H r - 1, K r^2 - 1 and deviator r."""
    found = curvature(radius * sphere.pos, sphere.face, frames(sphere))
    return [rms(found.mean * radius - 1), rms(found.gaussian * radius**2 - 1), rms(found.deviator * radius)]


@pytest.mark.parametrize("radius", [1.0, 0.02])
@pytest.mark.parametrize(("subdivisions", "bound"), [(2, 0.015), (3, 0.01), (4, 0.007)])
def test_sphere(subdivisions, radius, bound):
    """H = 1 / r, K = 1 / r^2, no deviator."""
    assert (np.array(sphere_errors(surfaces.icosphere(subdivisions), radius)) < [bound, 2 * bound, bound]).all()


def test_error_on_the_sphere_falls_with_the_edge():
    coarse, fine = (sphere_errors(surfaces.icosphere(subdivisions)) for subdivisions in (2, 4))
    assert (np.divide(coarse, fine) > 1.2).all()


def test_uneven_sphere():
    """Among uneven triangles the error of a vertex does not fall, but stays below a tenth."""
    assert (np.array(sphere_errors(surfaces.uneven_sphere(500))) < [0.1, 0.2, 0.06]).all()
    assert (np.array(sphere_errors(surfaces.uneven_sphere(2000))) < [0.1, 0.2, 0.06]).all()


def test_plane():
    disc = surfaces.flat_disc()
    found = curvature(disc.pos, disc.face, frames(disc))
    for values in (found.mean, found.gaussian, found.deviator):
        assert np.abs(values).max() < 1e-12


@pytest.mark.parametrize("radius", [1.0, 0.5])
def test_cylinder(radius):
    """H = 1 / 2r, K = 0, deviator along the circle: exact where normals are, but for the ridge of 1e-9."""
    tube = surfaces.cylinder(radius=radius, height=1.5)
    found = curvature(tube.pos, tube.face, frames(tube))
    inside = (tube.pos[:, 2] > 0.3) & (tube.pos[:, 2] < 1.2)
    assert np.abs(found.mean[inside] - 0.5 / radius).max() < 1e-7
    assert np.abs(found.gaussian[inside]).max() < 1e-7
    # e1 goes around: II_11 = 1 / r, II_22 = 0.
    assert np.abs(found.deviator[inside] - [0.5 / radius, 0]).max() < 1e-7


def torus_error(around):
    torus = surfaces.torus(around, around // 2)
    found = curvature(torus.pos, torus.face, frames(torus))
    ring = np.linalg.norm(torus.pos[:, :2], axis=1)
    tube, circle = 1 / 0.4, (ring - 1.0) / 0.4 / ring  # principal curvatures 1 / a and cos(psi) / (R + a cos(psi))
    return [
        np.abs(found.mean - 0.5 * (tube + circle)).max(),
        np.abs(found.gaussian - tube * circle).max(),
        np.abs(found.deviator - np.stack([0.5 * (circle - tube), 0 * ring], axis=1)).max(),
    ]


def test_torus():
    """Against its principal curvatures, one along e1 and one along the tube; the largest error falls with the edge."""
    coarse, fine = torus_error(40), torus_error(80)
    assert max(fine) < 0.05
    assert (np.log2(np.divide(coarse, fine)) > 1.6).all()


def test_deviator_is_a_field_of_order_two():
    """In frames turned by a the deviator turns by -2 a, and the invariants stay."""
    torus = surfaces.torus(20, 12)
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, len(torus.pos))
    here, there = (curvature(torus.pos, torus.face, frames(torus, turn)) for turn in (0 * angle, angle))
    z, w = here.deviator @ [1, 1j], there.deviator @ [1, 1j]
    assert np.abs(w - np.exp(-2j * angle) * z).max() < 1e-12
    assert there.mean == pytest.approx(here.mean, rel=1e-12)
    assert there.gaussian == pytest.approx(here.gaussian, rel=1e-9)
    assert np.abs(w - np.exp(-1j * angle) * z).max() > 0.1  # order 1 would not do


def test_turning_the_surface_inside_out_changes_the_sign():
    sphere = surfaces.icosphere(2)
    inwards = frames(sphere)[:, [1, 0, 2]] * np.array([1, 1, -1])[:, None]
    inside_out = curvature(sphere.pos, sphere.face[:, ::-1], inwards)
    assert inside_out.gaussian.mean() == pytest.approx(1, abs=0.05)
    assert inside_out.mean.mean() == pytest.approx(-1, abs=0.05)


def test_isolated_vertices_and_slivers_stay_finite():
    for name in ("broken/isolated_vertex.off", "broken/zero_area_face.off", "known/cylinder.obj"):
        mesh = surfaces.read(name)
        found = curvature(mesh.pos, mesh.face, frames(mesh))
        assert all(np.isfinite(values).all() for values in (found.mean, found.gaussian, found.deviator))


def slow_curvature(mesh, frame):
    """Face by face and by a library's least squares, with the rotation of the face plane written as a matrix."""
    total, mass = np.zeros((len(mesh.pos), 2, 2)), np.zeros(len(mesh.pos))
    for triangle in mesh.face:
        corner, normals = mesh.pos[triangle], frame[triangle, 2]
        edge, turn = np.roll(corner, -1, axis=0) - corner, np.roll(normals, -1, axis=0) - normals
        across = np.cross(edge[0], edge[1])
        n = across / np.linalg.norm(across)
        x = edge[0] / np.linalg.norm(edge[0])
        axes = np.stack([x, np.cross(n, x)])
        flat, bent = edge @ axes.T, turn @ axes.T
        rows = np.concatenate([[[ex, ey, 0], [0, ex, ey]] for ex, ey in flat])
        a, b, c = np.linalg.lstsq(rows, bent.ravel())[0]
        form = axes.T @ [[a, b], [b, c]] @ axes
        for k, v in enumerate(triangle):
            m = frame[v, 2]
            axis, cosine = np.cross(n, m), n @ m
            cross = np.cross(np.eye(3), axis)  # rows e_a x axis, so that cross @ u = axis x u
            turned = np.eye(3) + cross + cross @ cross / (1 + cosine)
            u, w = edge[k], -edge[k - 1]
            weight = np.arccos(u @ w / np.linalg.norm(u) / np.linalg.norm(w)) * np.linalg.norm(across) / 2
            tangent = frame[v, :2] @ turned
            total[v] += weight * tangent @ form @ tangent.T
            mass[v] += weight
    form = total / mass[:, None, None]
    deviator = np.stack([(form[:, 0, 0] - form[:, 1, 1]) / 2, form[:, 0, 1]], axis=1)
    return np.trace(form, axis1=1, axis2=2) / 2, np.linalg.det(form), deviator


@pytest.mark.parametrize("surface", [lambda: surfaces.uneven_sphere(400), surfaces.biped, surfaces.cylinder])
def test_agrees_with_a_slow_reference(surface):
    mesh = surface()
    frame = frames(mesh, np.linspace(0, 9, len(mesh.pos)))
    found = curvature(mesh.pos, mesh.face, frame)
    for values, slow in zip((found.mean, found.gaussian, found.deviator), slow_curvature(mesh, frame), strict=True):
        assert np.abs(values - slow).max() < 1e-6 * np.abs(slow).max() + 1e-9
