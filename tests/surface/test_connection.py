"""The Levi-Civita connection: Gauss-Bonnet, inverses, boundaries, and frames."""

import numpy as np
import pytest
import surfaces
from hypothesis import given
from hypothesis import strategies as st

from gaugenet.mesh.geometry import corner_angles, vertex_normals
from gaugenet.mesh.halfedge import half_edges
from gaugenet.surface.connection import Connection, face_holonomies, levi_civita, one_ring, vertex_frames
from gaugenet.surface.edges import BundleEdges, wrap

MESHES = {
    "icosphere": lambda: surfaces.icosphere(2),
    "uneven sphere": lambda: surfaces.uneven_sphere(300),
    "disc": surfaces.flat_disc,
    "cylinder": surfaces.cylinder,
    "torus": surfaces.torus,
    "two spheres": lambda: surfaces.read("known/two_spheres.ply"),
    "biped": surfaces.biped,
    "isolated vertex": lambda: surfaces.read("broken/isolated_vertex.off"),
}


@pytest.fixture(params=MESHES)
def mesh(request):
    return MESHES[request.param]()


@pytest.mark.parametrize(
    ("name", "euler"),
    [("icosphere", 2), ("uneven sphere", 2), ("torus", 0), ("two spheres", 4), ("biped", 2)],
)
def test_gauss_bonnet(name, euler):
    """The holonomies of the faces of a closed surface sum to 2 pi chi."""
    holonomy = face_holonomies(levi_civita(MESHES[name]()))
    assert holonomy.sum() == pytest.approx(2 * np.pi * euler, abs=1e-10)


def test_gauss_bonnet_on_a_regular_tetrahedron():
    """Each face turns a vector by pi exactly: the sum must not depend on how pi is rounded."""
    mesh = surfaces.read("known/tetrahedron.off")
    assert face_holonomies(levi_civita(mesh)).sum() == pytest.approx(4 * np.pi, abs=1e-6)


def test_holonomy_is_the_angle_defect_of_the_corners(mesh):
    """Around a face: sum of its scaled corner angles minus pi. Vertices hand their defect out by angle."""
    connection = levi_civita(mesh)
    angle = corner_angles(mesh.pos, mesh.face)
    total = np.bincount(mesh.face.ravel(), angle.ravel(), len(mesh.pos))
    rim = np.zeros(len(mesh.pos), dtype=bool)
    rim[connection.edges.start[connection.edges.twin < 0]] = True
    defect = np.where(rim | (total == 0), 0.0, 2 * np.pi - total)
    expected = (angle * (defect / np.maximum(total, 1e-9))[mesh.face]).sum(axis=1)
    assert surfaces.turned(face_holonomies(connection) - expected).max() < 1e-10


def test_a_wrong_transport_breaks_gauss_bonnet():
    connection = levi_civita(surfaces.icosphere(2))
    transport = connection.transport.copy()
    transport[[0, 7]] += 0.3
    broken = Connection(connection.frame, connection.edges, connection.angle, transport)
    assert face_holonomies(broken).sum() != pytest.approx(4 * np.pi, abs=0.1)


def test_one_ring_has_each_edge_both_ways(mesh):
    """Sorted by target, no self loops, transport_ij = -transport_ji, theta_ij - theta_ji = transport_ij + pi."""
    edges = one_ring(mesh, levi_civita(mesh))
    j, i = edges.index
    assert (j != i).all()
    assert (np.diff(i * len(mesh.pos) + j) > 0).all()
    back = np.lexsort((i, j))  # the reverse of each edge: sorted by (source, target) instead
    assert np.array_equal(edges.index[:, back], edges.index[::-1])
    assert surfaces.turned(edges.transport + edges.transport[back]).max() < 1e-12
    assert np.array_equal(edges.log[:, 0], edges.log[back, 0])
    assert surfaces.turned(edges.log[:, 1] - edges.log[back, 1] + np.pi - edges.transport).max() < 1e-12
    ends = np.sort(np.stack([mesh.face, np.roll(mesh.face, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    assert edges.index.shape[1] == 2 * len(np.unique(ends, axis=0))
    assert edges.log[:, 0] == pytest.approx(np.linalg.norm(mesh.pos[j] - mesh.pos[i], axis=1))
    assert (np.abs(edges.transport) <= np.pi).all() and (np.abs(edges.log[:, 1]) <= np.pi).all()


def test_the_plane_is_trivial():
    """At the boundary too: log maps are plane coordinates and transport is the angle between the frames."""
    disc = surfaces.flat_disc()
    connection = levi_civita(disc)
    edges = one_ring(disc, connection)
    radius, theta, transport = surfaces.plane_log(disc.pos, connection.frame, edges.index)
    assert np.abs(edges.log[:, 0] - radius).max() < 1e-14
    assert surfaces.turned(edges.log[:, 1] - theta).max() < 1e-13
    assert surfaces.turned(edges.transport - transport).max() < 1e-13
    assert np.abs(face_holonomies(connection)).max() < 1e-13


@pytest.mark.parametrize(("subdivisions", "bound"), [(3, 4e-3), (4, 1e-3)])
def test_the_sphere(subdivisions, bound):
    """Transport along edges is that along great circles, up to an error of second order in the edge length."""
    sphere = surfaces.icosphere(subdivisions)
    connection = levi_civita(sphere)
    edges = one_ring(sphere, connection)
    radius, theta, transport = surfaces.sphere_log(sphere.pos, connection.frame, edges.index)
    assert np.abs(edges.log[:, 0] / radius - 1).max() < bound
    assert np.sqrt(np.mean(surfaces.turned(edges.transport - transport) ** 2)) < bound
    assert np.sqrt(np.mean(surfaces.turned(edges.log[:, 1] - theta) ** 2)) < 6 * bound


def test_frames_are_right_handed_and_fit_the_polar_angles(mesh):
    """Projected on the tangent plane, the edges at a vertex lie at their polar angles in the mean."""
    connection = levi_civita(mesh)
    frame = connection.frame
    assert np.abs(frame @ frame.transpose(0, 2, 1) - np.eye(3)).max() < 1e-12
    assert np.linalg.det(frame) == pytest.approx(1)
    assert frame[:, 2] == pytest.approx(vertex_normals(mesh.pos, mesh.face))
    edges = one_ring(mesh, connection)
    j, i = edges.index
    way = (mesh.pos[j] - mesh.pos[i]) / edges.log[:, :1]
    projected = (way * frame[i, 0]).sum(axis=1) + 1j * (way * frame[i, 1]).sum(axis=1)
    ahead = projected * np.exp(-1j * edges.log[:, 1])
    mean = np.bincount(i, ahead.imag, len(mesh.pos))
    assert np.abs(mean).max() < 1e-10
    used = np.bincount(i, minlength=len(mesh.pos)) > 0
    assert (np.bincount(i, ahead.real, len(mesh.pos))[used] > 0).all()


def test_frames_do_not_depend_on_where_polar_angles_start():
    """With the corners of the faces turned and the faces mixed, another edge is the first: a mere change of gauge."""
    mesh = surfaces.biped()
    rng = np.random.default_rng(0)
    order, turn = rng.permutation(len(mesh.face)), rng.integers(3, size=len(mesh.face))
    mixed = np.stack([mesh.face[order, (turn + corner) % 3] for corner in range(3)], axis=1)
    here, there = levi_civita(mesh), levi_civita(surfaces.mesh(mesh.pos, mixed))
    angle = np.arctan2(*((there.frame[:, 0] * here.frame[:, axis]).sum(axis=1) for axis in (1, 0)))
    assert np.abs(angle).max() > 1
    one, other = one_ring(mesh, here), one_ring(mesh, there)
    assert np.array_equal(one.index, other.index)
    j, i = one.index
    assert surfaces.turned(one.log[:, 1] - angle[i] - other.log[:, 1]).max() < 1e-9
    assert surfaces.turned(one.transport + angle[j] - angle[i] - other.transport).max() < 1e-9


def test_frame_where_nothing_can_be_projected():
    """An artificial normal along the only edges leaves no direction: any tangent axis will do."""
    pos = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    edges = half_edges(np.array([[0, 1, 2]]), 3)
    frame = vertex_frames(pos, np.tile([1.0, 0, 0], (3, 1)), edges, np.zeros(3), np.zeros(3))
    assert np.abs(frame @ frame.transpose(0, 2, 1) - np.eye(3)).max() < 1e-12


def test_connection_moves_with_the_mesh():
    """A rigid motion leaves the intrinsic angles and takes the frames along."""
    mesh = surfaces.biped()
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    here, there = levi_civita(mesh), levi_civita(surfaces.mesh(mesh.pos @ rotation.T + [3, -1, 2], mesh.face))
    assert surfaces.turned(here.transport - there.transport).max() < 1e-9
    assert surfaces.turned(here.angle - there.angle).max() < 1e-9
    assert np.abs(there.frame - here.frame @ rotation.T).max() < 1e-9


@given(st.floats(-100, 100))
def test_wrap(angle):
    wrapped = wrap(np.array(angle))
    assert -np.pi < wrapped <= np.pi
    assert np.exp(1j * wrapped) == pytest.approx(np.exp(1j * angle), abs=1e-12)


def test_wrap_by_hand():
    assert wrap(np.array([0.0, np.pi, -np.pi, 2 * np.pi])) == pytest.approx([0, np.pi, np.pi, 0])


def test_edges_are_sorted_and_selected():
    edges = BundleEdges.build(
        np.array([2, 0, 1]), np.array([1, 2, 0]), np.array([[1.0, 4.0], [2, 0], [3, 0]]), np.array([0.0, 1, -4])
    )
    assert edges.index.tolist() == [[1, 2, 0], [0, 1, 2]]
    assert edges.log == pytest.approx(np.array([[3, 0], [1, 4 - 2 * np.pi], [2, 0]]))
    assert edges.transport == pytest.approx([2 * np.pi - 4, 0, 1])
    assert edges.select(edges.log[:, 0] > 1.5).index.tolist() == [[1, 0], [0, 2]]
