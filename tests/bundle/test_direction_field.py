"""Direction fields: the connection Laplacian against closed forms, smooth fields, principal directions, index sums."""

from itertools import pairwise

import numpy as np
import pytest
import surfaces

from gaugenet.bundle.connection_laplacian import connection_laplacian
from gaugenet.bundle.direction_field import (
    curvature_directions,
    given_directions,
    singularities,
    smooth_directions,
)
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.laplacian import cotangent_laplacian
from gaugenet.surface.edges import BundleEdges
from gaugenet.surface.mesh_surface import MeshSurface

CLOSED = {
    "sphere": (lambda: surfaces.uneven_sphere(150), 2),
    "torus": (surfaces.torus, 0),
    "creature": (surfaces.biped, 2),
    "klein bottle": (surfaces.klein_bottle, 0),
    "projective plane": (surfaces.projective_plane, 1),
}


def frames_of(mesh):
    return MeshSurface(mesh).frame


def changed(edges, turn, mirror):
    """The edges in other frames: h_i = R(turn) F^mirror; theta -> h^-1 theta, g -> h_i^-1 g h_j."""
    source, target = edges.index
    flip = np.zeros(len(source), dtype=bool) if edges.flip is None else edges.flip
    sign = np.where(mirror, -1, 1)
    theta = sign[target] * (edges.log[:, 1] - turn[target])
    transport = sign[target] * (edges.transport + np.where(flip, -1, 1) * turn[source] - turn[target])
    log = np.stack([edges.log[:, 0], theta], axis=1)
    return BundleEdges(edges.index, log, transport, flip ^ mirror[source] ^ mirror[target])


def random_gauge(mesh, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-np.pi, np.pi, len(mesh.pos)), rng.random(len(mesh.pos)) < 0.5


def laplacian_of(surface, order):
    return connection_laplacian(surface.ring, surface.ring_stiffness, order, len(surface.pos))


def rayleigh(mesh, order):
    """The smallest eigenvalue of the connection Laplacian."""
    values = np.linalg.eigvalsh(
        laplacian_of(MeshSurface(mesh), order).toarray()
        / np.sqrt(np.outer(*[vertex_areas(mesh.pos, mesh.face).repeat(2)] * 2))
    )
    return values[0]


def test_order_0_is_the_cotangent_laplacian():
    mesh = surfaces.icosphere(2)
    ours = laplacian_of(MeshSurface(mesh), 0).toarray()
    expected = cotangent_laplacian(mesh.pos, mesh.face).toarray()
    assert np.allclose(ours[::2, ::2], expected)
    assert np.allclose(ours[1::2, 1::2], expected)
    assert np.abs(ours[::2, 1::2]).max() < 1e-12


@pytest.mark.parametrize("order", [1, 2, 4])
def test_smallest_eigenvalue_on_the_sphere_tends_to_the_order(order):
    """Spin-n harmonics of degree l have l (l + 1) - n^2, smallest at l = n."""
    errors = [abs(rayleigh(surfaces.icosphere(level), order) - order) for level in (1, 2, 3)]
    assert errors[2] < 0.03 * order
    assert all(finer < max(0.4 * coarser, 1e-5) for coarser, finer in pairwise(errors))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("make", [surfaces.biped, surfaces.klein_bottle])
def test_it_is_symmetric_positive_and_covariant(make, order):
    mesh = make()
    edges = MeshSurface(mesh).ring
    plain = laplacian_of(MeshSurface(mesh), order)
    assert abs(plain - plain.T).max() < 1e-9
    turn, mirror = random_gauge(mesh)
    other = laplacian_of(surfaces.with_ring(mesh, changed(edges, turn, mirror)), order)
    u = np.random.default_rng(1).normal(size=(len(mesh.pos), 2))
    z = (u[:, 0] + 1j * u[:, 1]) * np.exp(-1j * order * turn)  # h^-1 u
    z = np.where(mirror, z.conj(), z)
    moved = np.stack([z.real, z.imag], axis=1).ravel()
    assert u.ravel() @ (plain @ u.ravel()) == pytest.approx(moved @ (other @ moved))
    assert u.ravel() @ (plain @ u.ravel()) >= 0


@pytest.mark.parametrize("order", [1, 2, 4, 6])
@pytest.mark.parametrize("name", CLOSED)
def test_indices_sum_to_the_euler_characteristic(name, order):
    """Of the smoothest field, of a random one, and in other frames."""
    make, chi = CLOSED[name]
    mesh = make()
    edges = MeshSurface(mesh).ring
    turn, mirror = random_gauge(mesh)
    for angle in (smooth_directions(MeshSurface(mesh), order), turn):
        index = singularities(MeshSurface(mesh), angle, order)
        assert index.sum() == order * chi
        elsewhere = np.where(mirror, -1, 1) * (angle - turn)
        assert np.array_equal(
            singularities(surfaces.with_ring(mesh, changed(edges, turn, mirror)), elsewhere, order), index
        )


def test_the_smoothest_field_has_few_singularities():
    """Eight of index 1/4 on a sphere; none on a torus; and it is parallel in the plane."""
    mesh = surfaces.icosphere(3)
    index = singularities(MeshSurface(mesh), smooth_directions(MeshSurface(mesh), 4), 4)
    assert sorted(index[index != 0].tolist()) == [1] * 8
    torus = surfaces.torus()
    assert not singularities(MeshSurface(torus), smooth_directions(MeshSurface(torus), 2), 2).any()
    disc = surfaces.flat_disc(6)
    angle = smooth_directions(MeshSurface(disc), 3)
    frame = frames_of(disc)
    in_plane = angle + np.arctan2(frame[:, 0, 1], frame[:, 0, 0])
    assert surfaces.turned(3 * (in_plane - in_plane[0])).max() < 1e-6


def test_the_smoothest_field_does_not_depend_on_the_gauge():
    """Up to one angle for the whole surface."""
    mesh = surfaces.biped()
    edges = MeshSurface(mesh).ring
    turn, _ = random_gauge(mesh)
    angle = smooth_directions(MeshSurface(mesh), 4)
    other = smooth_directions(surfaces.with_ring(mesh, changed(edges, turn, np.zeros(len(turn), dtype=bool))), 4) + turn
    assert np.median(surfaces.turned(4 * (other - angle) - 4 * (other - angle)[0])) < 1e-5


def test_components_have_fields_of_their_own():
    mesh = surfaces.read("known/two_spheres.ply")
    assert singularities(MeshSurface(mesh), smooth_directions(MeshSurface(mesh), 2), 2).sum() == 2 * 4
    lonely = surfaces.read("broken/isolated_vertex.off")
    assert np.isfinite(smooth_directions(MeshSurface(lonely), 2)).all()


def principal(mesh, **options):
    frame = frames_of(mesh)
    angle = curvature_directions(MeshSurface(mesh), MeshSurface(mesh).curvature(frame).deviator, **options)
    return np.cos(angle)[:, None] * frame[:, 0] + np.sin(angle)[:, None] * frame[:, 1]


def test_principal_directions_of_cylinder_and_torus():
    """Around the axis of a cylinder; around the tube of a torus."""
    cylinder = surfaces.cylinder()
    assert np.abs(principal(cylinder)[:, 2]).max() < 0.05
    torus = surfaces.torus()
    radial = torus.pos[:, :2] / np.linalg.norm(torus.pos[:, :2], axis=1, keepdims=True)
    along = np.stack([-radial[:, 1], radial[:, 0], 0 * radial[:, 0]], axis=1)
    assert np.abs((principal(torus) * along).sum(axis=1)).max() < 0.05


def test_smoothing_reaches_into_flat_places():
    """A cylinder whose deviator is unknown on a third takes it from around."""
    mesh = surfaces.cylinder()
    frame = frames_of(mesh)
    deviator = MeshSurface(mesh).curvature(frame).deviator * (mesh.pos[:, 2:] > 0.7)
    angle = curvature_directions(MeshSurface(mesh), deviator)
    direction = np.cos(angle)[:, None] * frame[:, 0] + np.sin(angle)[:, None] * frame[:, 1]
    assert np.abs(direction[:, 2]).max() < 0.1


def test_given_directions():
    mesh = surfaces.flat_disc(4)
    frame = frames_of(mesh)
    vector = np.tile([1.0, 2.0, 5.0], (len(frame), 1))
    angle = given_directions(frame, vector)
    back = np.cos(angle)[:, None] * frame[:, 0] + np.sin(angle)[:, None] * frame[:, 1]
    assert np.allclose(back, [1 / 5**0.5, 2 / 5**0.5, 0])


@pytest.mark.parametrize(
    ("vector", "complaint"),
    [
        (np.ones((5, 3)), r"must have shape \(\d+, 3\), a vector a vertex, got \(5, 3\)"),
        (None, "got none at 2 vertices .e.g. vertex 3"),
    ],
)
def test_bad_directions_are_refused(vector, complaint):
    frame = frames_of(surfaces.flat_disc(4))
    if vector is None:
        vector = np.tile([1.0, 0, 0], (len(frame), 1))
        vector[3], vector[5] = [0, 0, 1], np.nan
    with pytest.raises(ValueError, match=complaint):
        given_directions(frame, vector)


def test_a_wrong_connection_is_found_out():
    """Against the wrong sign of transport the index sum is not the Euler characteristic."""
    mesh = surfaces.uneven_sphere(150)
    edges = MeshSurface(mesh).ring
    wrong = BundleEdges(edges.index, edges.log, -edges.transport)
    assert singularities(surfaces.with_ring(mesh, wrong), np.zeros(len(mesh.pos)), 4).sum() != 8
