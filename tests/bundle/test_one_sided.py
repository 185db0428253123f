"""Bundles of surfaces with one side: holonomy, reverses, and the same bundle as on an oriented mesh, but for gauge."""

import warnings

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.mesh.orientation_cover import orientation_cover
from gaugenet.surface.connection import face_holonomies, levi_civita, one_ring
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.sheets import Sheets

SETTINGS = [{}, {"neighbours": 10.0}, {"radius": 0.7}, {"neighbours": 8.0, "levels": (60, 20), "level_neighbours": 8}]


def element(edges, k):
    """The transport of edge k as a matrix."""
    angle, sign = edges.transport[k], -1.0 if edges.flip is not None and edges.flip[k] else 1.0
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, sign])


def numbers(edges):
    return {(j, i): k for k, (j, i) in enumerate(edges.index.T.tolist())}


def around(edges, loop):
    """Transport round a loop of vertices, back to its first."""
    number, total = numbers(edges), np.eye(2)
    for here, there in zip(loop, [*loop[1:], loop[0]]):
        total = element(edges, number[here, there]) @ total
    return total


def test_holonomy_of_a_moebius_strip_is_a_reflection():
    """Around the core once it reflects, twice it rotates; a loop that does not go round rotates."""
    mesh = surfaces.moebius(24, 5)
    edges = MeshSurface(mesh).ring
    core = [5 * u + 2 for u in range(24)]
    once = around(edges, core)
    assert np.linalg.det(once) == pytest.approx(-1)
    assert np.allclose(once @ once, np.eye(2), atol=1e-9)
    small = [0, 5, 6, 1]
    assert all((a, b) in numbers(edges) for a, b in zip(small, [*small[1:], 0]))
    assert np.linalg.det(around(edges, small)) == pytest.approx(1)


@pytest.mark.parametrize(("make", "chi"), [(surfaces.klein_bottle, 0), (surfaces.projective_plane, 1)])
def test_gauss_bonnet_on_one_side(make, chi):
    """Half the holonomies of the cover's faces sum to 2 pi chi."""
    cover = orientation_cover(make())
    assert 0.5 * face_holonomies(levi_civita(cover)).sum() == pytest.approx(2 * np.pi * chi, abs=1e-9)


@pytest.mark.parametrize("settings", SETTINGS[:3], ids=str)
@pytest.mark.parametrize("make", [surfaces.moebius, surfaces.klein_bottle, surfaces.projective_plane])
def test_ways_back_undo_ways_there(make, settings):
    mesh = make()
    edges = surfaces.bundle(mesh, **settings).edges
    number = numbers(edges)
    assert len(number) == len(edges.transport)  # no pair twice
    assert all(j != i for j, i in number)
    assert edges.flip.any()
    for (j, i), k in number.items():
        back = number[i, j]
        assert np.allclose(element(edges, k) @ element(edges, back), np.eye(2), atol=1e-12)
        assert edges.log[k, 0] == edges.log[back, 0]


def test_transport_round_a_face_rotates():
    mesh = surfaces.klein_bottle()
    edges = MeshSurface(mesh).ring
    assert all(np.linalg.det(around(edges, face.tolist())) > 0 for face in mesh.face)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize(
    "make", [lambda: surfaces.uneven_sphere(150), lambda: surfaces.flat_disc(6)], ids=["sphere", "disc"]
)
def test_folding_gives_the_oriented_bundle_in_other_frames(make, settings):
    """The cover of an oriented mesh whose faces were turned round at random: theta -> h^-1 theta, g -> h^-1 g h."""
    mesh = make()
    one, other = surfaces.bundle(mesh, **settings), surfaces.bundle(surfaces.scrambled(mesh), **settings)
    h = [b @ a.T for a, b in zip(other.frame[:, :2], one.frame[:, :2])]  # columns: new axes in the old frame
    assert np.allclose([m @ m.T for m in h], np.eye(2), atol=1e-9)
    assert {round(np.linalg.det(m)) for m in h} == {1, -1}
    everyone = np.arange(len(mesh.pos))
    stages = [(one.edges, other.edges, everyone)]
    stages += [(a.edges, b.edges, a.sample) for a, b in zip(one.levels, other.levels)]
    for ours, theirs, vertex in stages:
        assert np.array_equal(ours.index, theirs.index)
        assert np.allclose(ours.log[:, 0], theirs.log[:, 0], rtol=1e-9)
        for k, (j, i) in enumerate(vertex[ours.index].T):
            assert np.allclose(element(theirs, k), h[i].T @ element(ours, k) @ h[j], atol=1e-6)
            here, there = (np.array([np.cos(e.log[k, 1]), np.sin(e.log[k, 1])]) for e in (ours, theirs))
            assert np.allclose(there, h[i].T @ here, atol=1e-6)
    finer = everyone
    for a, b in zip(one.levels, other.levels):
        assert np.array_equal(a.sample, b.sample)
        assert np.allclose(a.area, b.area)
        ours, theirs = numbers(a.pooling), numbers(b.pooling)
        assert ours.keys() == theirs.keys()
        for (fine, coarse), k in ours.items():
            expected = h[a.sample[coarse]].T @ element(a.pooling, k) @ h[finer[fine]]
            assert np.allclose(element(b.pooling, theirs[fine, coarse]), expected, atol=1e-6)
            assert a.pooling.weight[k] == pytest.approx(b.pooling.weight[theirs[fine, coarse]])
        finer = a.sample


def test_a_turn_left_out_is_found_out():
    mesh = surfaces.scrambled(surfaces.uneven_sphere(60))
    sheets = Sheets.build(mesh)
    assert np.abs(sheets.turn).max() > 0.1
    wrong = Sheets(sheets.surface, sheets.connection, np.zeros_like(sheets.turn))
    ring = one_ring(sheets.surface, sheets.connection)
    right, broken = (one.fold(ring, np.arange(len(mesh.pos))) for one in (sheets, wrong))
    assert surfaces.turned(right.transport - broken.transport).max() > 0.1


def test_curvature_sees_the_side_of_the_frame():
    """On the sphere 1 seen from outside, -1 from inside; the same as on the oriented mesh."""
    mesh = surfaces.icosphere(3)
    other = surfaces.scrambled(mesh)
    frame, mirrored = MeshSurface(other).like_normals(levi_civita(mesh).frame)
    assert 0 < mirrored.sum() < len(mirrored)
    curved = MeshSurface(other).curvature(frame)
    expected = MeshSurface(mesh).curvature(levi_civita(mesh).frame)
    assert np.allclose(curved.mean, np.where(mirrored, -1, 1) * expected.mean, atol=1e-9)
    assert np.allclose(curved.gaussian, expected.gaussian, atol=1e-9)


def test_one_side_is_taken_only_where_asked():
    mesh = surfaces.moebius()
    with pytest.raises(
        ValueError, match=r'one-sided .* use a structure group with reflections, FrameBundle\(group="O2"\)'
    ):
        clean_mesh(mesh.pos, mesh.face)
    assert not clean_mesh(mesh.pos, mesh.face, one_sided=True).orientable
    sphere = surfaces.uneven_sphere(40)
    assert clean_mesh(sphere.pos, sphere.face, one_sided=True).orientable
    with warnings.catch_warnings(), pytest.raises(ValueError, match="two sides"):
        warnings.simplefilter("ignore", MeshWarning)
        surfaces.bundle(mesh, neighbours=6, method="vector_heat")
