"""Areas, angles, normals and half-edges: sums that hold on any clean mesh, and closed forms."""

import numpy as np
import pytest
import surfaces
from hypothesis import given, settings
from hypothesis import strategies as st

from gaugenet.mesh.geometry import corner_angles, face_areas, face_normals, vertex_areas, vertex_normals
from gaugenet.mesh.halfedge import half_edges, polar_angles, previous_half_edge

MESHES = {
    "icosphere": lambda: surfaces.icosphere(2),
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


def motion(seed):
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return rotation * np.linalg.det(rotation), 10 * rng.normal(size=3)


def test_angles_of_a_triangle_sum_to_pi(mesh):
    angles = corner_angles(mesh.pos, mesh.face)
    assert (angles > 0).all()
    assert np.abs(angles.sum(axis=1) - np.pi).max() < 1e-13


def test_areas_are_shared_out(mesh):
    areas = face_areas(mesh.pos, mesh.face)
    assert vertex_areas(mesh.pos, mesh.face).sum() == pytest.approx(areas.sum(), rel=1e-13)
    assert np.linalg.norm(face_normals(mesh.pos, mesh.face), axis=1) == pytest.approx(2 * areas)


def test_normals_of_a_closed_surface_cancel():
    """The vector areas of the faces of a closed surface sum to 0; those of a disc sum to its area."""
    torus, disc = surfaces.torus(), surfaces.flat_disc()
    assert np.abs(face_normals(torus.pos, torus.face).sum(axis=0)).max() < 1e-13
    total = 0.5 * face_normals(disc.pos, disc.face).sum(axis=0)
    assert total == pytest.approx([0, 0, face_areas(disc.pos, disc.face).sum()])


@given(st.integers(0, 99), st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_geometry_moves_with_the_mesh(seed, scale):
    mesh = surfaces.torus(9, 7)
    rotation, shift = motion(seed)
    moved = scale * mesh.pos @ rotation.T + shift
    assert corner_angles(moved, mesh.face) == pytest.approx(corner_angles(mesh.pos, mesh.face), abs=1e-8)
    assert face_areas(moved, mesh.face) == pytest.approx(scale**2 * face_areas(mesh.pos, mesh.face), rel=1e-8)
    assert vertex_normals(moved, mesh.face) == pytest.approx(vertex_normals(mesh.pos, mesh.face) @ rotation.T, abs=1e-8)


@pytest.mark.parametrize(("subdivisions", "bound"), [(2, 1e-2), (3, 5e-3), (4, 2.5e-3)])
def test_normals_of_the_sphere(subdivisions, bound):
    """They are the positions, up to an error that falls with the edge length."""
    mesh = surfaces.icosphere(subdivisions)
    assert np.abs(vertex_normals(mesh.pos, mesh.face) - mesh.pos).max() < bound


def test_geometry_by_hand():
    pos = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 5]])
    face = np.array([[0, 1, 2]])
    assert corner_angles(pos, face) == pytest.approx(np.pi * np.array([[0.5, 0.25, 0.25]]))
    assert vertex_areas(pos, face) == pytest.approx([1 / 6, 1 / 6, 1 / 6, 0])
    assert vertex_normals(pos, face) == pytest.approx(np.tile([0, 0, 1], (4, 1)))  # vertex 3 is isolated


def test_angles_of_a_sliver_are_exact():
    """Where the arc cosine of a dot product would lose all digits."""
    thin = 1e-9
    pos = np.array([[0.0, 0, 0], [1, 0, 0], [0.5, thin, 0]])
    angles = corner_angles(pos, np.array([[0, 1, 2]]))[0]
    assert angles[:2] == pytest.approx([2 * thin, 2 * thin], rel=1e-9)


def test_half_edges_pair_up(mesh):
    edges = half_edges(mesh.face, len(mesh.pos))
    paired = np.flatnonzero(edges.twin >= 0)
    twin = edges.twin[paired]
    assert np.array_equal(edges.twin[twin], paired)
    assert np.array_equal(edges.start[twin], edges.end[paired])
    assert np.array_equal(edges.end[twin], edges.start[paired])
    _, count = np.unique(np.sort(np.stack([edges.start, edges.end]), axis=0), axis=1, return_counts=True)
    assert (edges.twin < 0).sum() == (count == 1).sum()
    used = np.bincount(mesh.face.ravel(), minlength=len(mesh.pos)) > 0
    assert np.array_equal(edges.first >= 0, used)
    assert np.array_equal(edges.start[edges.first[used]], np.flatnonzero(used))


def test_the_walk_around_a_vertex_meets_every_face_once(mesh):
    """Each half-edge gets its own multiple of the corner angle 1, from 0, and the last edge of a fan the total."""
    edges = half_edges(mesh.face, len(mesh.pos))
    outgoing, incoming = polar_angles(np.ones(3 * len(mesh.face)), edges.twin, edges.first, np.ones(len(mesh.pos)))
    degree = np.bincount(edges.start, minlength=len(mesh.pos))
    order = np.lexsort((outgoing, edges.start))
    expected = np.concatenate([np.arange(count) for count in degree])
    assert np.array_equal(outgoing[order], expected)
    rim = edges.twin < 0
    assert np.array_equal(incoming[rim], degree[edges.end[rim]])


def test_the_walk_is_counter_clockwise():
    disc = surfaces.flat_disc()
    edges = half_edges(disc.face, len(disc.pos))
    outgoing, _ = polar_angles(
        corner_angles(disc.pos, disc.face).ravel(), edges.twin, edges.first, np.ones(len(disc.pos))
    )
    way = disc.pos[edges.end] - disc.pos[edges.start]
    first = way[edges.first[edges.start]]
    turn = np.arctan2(np.cross(first, way)[:, 2], (first * way).sum(axis=1))
    assert np.abs(np.angle(np.exp(1j * (outgoing - turn)))).max() < 1e-13


def test_previous_half_edge():
    assert [previous_half_edge(h) for h in range(6)] == [2, 0, 1, 5, 3, 4]


def test_twins_around_a_hub():
    """A fan of 200,000 faces at one vertex: pairing takes no time quadratic in them."""
    count = 200_000
    rim = np.arange(1, count + 1)
    face = np.stack([np.zeros_like(rim), rim, np.roll(rim, -1)], axis=1)
    edges = half_edges(face, count + 1)
    spokes = edges.twin.reshape(-1, 3)
    assert np.array_equal(spokes[:, 2], 3 * np.roll(np.arange(count), -1))
    assert np.array_equal(spokes[:, 0], 3 * np.roll(np.arange(count), 1) + 2)
    assert (spokes[:, 1] == -1).all()
