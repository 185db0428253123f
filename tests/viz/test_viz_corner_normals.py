import numpy as np
import pytest
import trimesh

from gaugenet.viz.renderer import corner_normals

BOX = trimesh.creation.box()


def test_sphere_is_smooth():
    sphere = trimesh.creation.icosphere(3)
    normal = corner_normals(sphere.vertices, sphere.faces)
    assert np.einsum("fkd,fkd->fk", normal, sphere.vertices[sphere.faces]).min() > 0.999
    for corner in range(3):  # one normal a vertex
        at_vertex = np.zeros_like(sphere.vertices)
        at_vertex[sphere.faces[:, corner]] = normal[:, corner]
        np.testing.assert_allclose(at_vertex[sphere.faces[:, corner]], normal[:, corner], atol=1e-12)


def test_box_keeps_its_edges():
    normal = corner_normals(BOX.vertices, BOX.faces)
    np.testing.assert_allclose(normal, np.repeat(BOX.face_normals[:, None], 3, axis=1), atol=1e-12)


def test_crease_angle_decides():
    normal = corner_normals(BOX.vertices, BOX.faces, crease=np.radians(91))
    assert np.abs(normal - BOX.face_normals[:, None]).max() > 0.1


@pytest.mark.parametrize("flipped", [[0], [1, 5, 8]])
def test_flipped_faces_do_not_disturb_others(flipped):
    sphere = trimesh.creation.icosphere(2)
    face = sphere.faces.copy()
    face[flipped] = face[flipped][:, ::-1]
    normal = corner_normals(sphere.vertices, face)
    outward = np.einsum("fkd,fkd->fk", normal, sphere.vertices[face])
    assert (outward[flipped] < -0.9).all()
    assert (np.delete(outward, flipped, axis=0) > 0.97).all()


def test_normals_turn_with_the_mesh():
    mesh = trimesh.creation.annulus(0.5, 1, 1)
    turn = trimesh.transformations.random_rotation_matrix(np.random.default_rng(0).random(3))[:3, :3]
    expected = corner_normals(mesh.vertices, mesh.faces) @ turn.T
    np.testing.assert_allclose(corner_normals(mesh.vertices @ turn.T, mesh.faces), expected, atol=1e-9)


def test_two_coincident_faces_are_finite():
    pos = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]])
    normal = corner_normals(pos, np.array([[0, 1, 2], [0, 2, 1]]))
    np.testing.assert_allclose(normal, np.repeat([[[0, 0, 1.0]], [[0, 0, -1.0]]], 3, axis=1), atol=1e-12)
