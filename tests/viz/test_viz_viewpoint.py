import numpy as np
import pytest
import trimesh

from gaugenet.viz.viewpoint import camera_axes, viewpoints


def table():
    """A thick board in the xy-plane, longer along x, on four thin legs along -z."""
    parts = [trimesh.creation.box([3, 2, 0.3])]
    for x, y in [(-1.4, -0.9), (-1.4, 0.9), (1.4, -0.9), (1.4, 0.9)]:
        leg = trimesh.creation.box([0.1, 0.1, 1.2])
        leg.apply_translation([x, y, -0.75])
        parts.append(leg)
    return trimesh.util.concatenate(parts)


def rotation(seed):
    return trimesh.transformations.random_rotation_matrix(np.random.default_rng(seed).random(3))[:3, :3]


@pytest.mark.parametrize("seed", range(4))
def test_table_stands_on_its_legs_and_shows_its_broad_side(seed):
    mesh, turn = table(), rotation(seed)
    seen = viewpoints(mesh.vertices @ turn.T, mesh.faces, 3)
    np.testing.assert_allclose(turn.T @ seen.up, [0, 0, 1], atol=1e-6)
    assert (seen.direction @ seen.up > 0.25).all()  # from above
    x, y, _ = np.abs(turn.T @ seen.direction[0])
    assert y > 2 * x  # it is longer along x


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_directions_are_unit_vectors_all_around(n):
    mesh = table()
    seen = viewpoints(mesh.vertices, mesh.faces, n)
    assert seen.direction.shape == (n, 3)
    np.testing.assert_allclose(np.linalg.norm(seen.direction, axis=1), 1, atol=1e-12)
    if n >= 3:
        level = seen.direction - np.outer(seen.direction @ seen.up, seen.up)
        assert np.linalg.matrix_rank(level) == 2
        assert (level @ level.T).min() < 0


def test_views_turn_with_the_shape():
    mesh, turn = table(), rotation(1)
    mesh.vertices[0] += [0.5, 0.9, 0.1]  # no symmetry left
    mesh.vertices[4] += [0.5, 0.9, 0.1]
    seen, turned = viewpoints(mesh.vertices, mesh.faces, 3), viewpoints(mesh.vertices @ turn.T * 7 + 3, mesh.faces, 3)
    np.testing.assert_allclose(turned.direction, seen.direction @ turn.T, atol=1e-6)


@pytest.mark.parametrize("up", [(0, 0, 2), (1, 0, 0), (1, 1, -1)])
def test_up_can_be_given(up):
    mesh = table()
    seen = viewpoints(mesh.vertices, mesh.faces, 3, up)
    np.testing.assert_allclose(seen.up, np.array(up) / np.linalg.norm(up))


@pytest.mark.parametrize("up", [None, (1, 0, 0), (0, 0, 1)])
def test_flat_shape_is_not_seen_edge_on(up):
    plate = trimesh.creation.box([1, 2, 1e-3])
    seen = viewpoints(plate.vertices, plate.faces, 3, up)
    assert np.abs(seen.direction[:, 2]).min() > 0.15


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_single_triangle(scale):
    seen = viewpoints(scale * np.eye(3), np.array([[0, 1, 2]]), 3)
    assert np.isfinite(seen.direction).all()


def test_camera_axes():
    np.testing.assert_allclose(camera_axes([0, 0, 5], [0, 1, 1]), np.eye(3), atol=1e-12)
    axes = camera_axes([1, 2, 3], [0, 0, 1])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.parametrize(
    ("direction", "up", "complaint"),
    [
        ([0, 0, 1], [0, 0, -2], "not parallel to up"),
        ([0, 0, 0], [0, 1, 0], "not parallel to up"),
        ([0, 1], [0, 1, 0], r"expected directions \(3,\)"),
        ([0, 0, np.nan], [0, 1, 0], r"expected directions \(3,\)"),
    ],
)
def test_camera_axes_refusals(direction, up, complaint):
    with pytest.raises(ValueError, match=complaint):
        camera_axes(direction, up)


@pytest.mark.parametrize(
    ("n", "up", "complaint"),
    [
        (0, None, "at least one view, got 0"),
        (1, (0, 0, 0), "up to be a direction"),
        (1, (0, 1), "up to be a direction"),
    ],
)
def test_viewpoints_refusals(n, up, complaint):
    with pytest.raises(ValueError, match=complaint):
        viewpoints(np.eye(3), np.array([[0, 1, 2]]), n, up)
