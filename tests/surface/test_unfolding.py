"""Unfolding: the corners of each vertex, triangles laid flat, and a curve that keeps neighbours together."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.geometry import corner_angles
from gaugenet.surface.connection import levi_civita
from gaugenet.surface.unfolding import Unfolding, in_sight, share_of_angle, source_below


def test_corners_are_those_of_the_mesh():
    mesh = surfaces.flat_disc()
    connection = levi_civita(mesh)
    unfolding = Unfolding.build(mesh, connection)
    j = np.repeat(np.arange(len(mesh.pos)), np.diff(unfolding.begin))
    corner = np.argsort(mesh.face.reshape(-1), kind="stable")
    rim = np.stack([np.roll(mesh.face, -1, axis=1).reshape(-1), np.roll(mesh.face, 1, axis=1).reshape(-1)], axis=1)
    assert np.array_equal(unfolding.rim, rim[corner])
    angle = corner_angles(mesh.pos, mesh.face).reshape(-1)[corner]
    assert unfolding.corner == pytest.approx(np.stack([np.cos(angle), np.sin(angle)], axis=1), abs=1e-9)
    for side in range(2):
        end = unfolding.rim[:, side]
        assert unfolding.length[:, side] == pytest.approx(np.linalg.norm(mesh.pos[end] - mesh.pos[j], axis=1))
        _, theta, transport = surfaces.plane_log(mesh.pos, connection.frame, np.stack([end, j]))
        inner = ~np.isin(j, mesh.face.reshape(-1)[connection.edges.twin < 0])
        assert surfaces.turned(unfolding.direction[:, side] - theta)[inner].max() < 1e-9
        assert surfaces.turned(unfolding.transport[:, side] - transport).max() < 1e-9
    _, _, across = surfaces.plane_log(mesh.pos, connection.frame, unfolding.rim.T)
    assert surfaces.turned(unfolding.transport[:, 2] - across).max() < 1e-9


def test_a_triangle_by_hand():
    """A source at (1, -1) below a base from 0 to 3: the apex over 1.5 is seen, the one far to the right is not."""
    x, depth = source_below(np.sqrt(2), np.sqrt(5), 3.0)
    assert (x, depth) == pytest.approx((1, 1))
    assert in_sight(x, depth, 3.0, 1.5, 1.0) and not in_sight(x, depth, 3.0, 9.0, 1.0)
    assert not in_sight(x, depth, 3.0, 1.5, 0.0)
    assert share_of_angle(x, depth, 3.0, 1.0, 2.0) == pytest.approx(np.pi / 4 / (np.pi / 4 + np.arctan(2)))
    x, depth = source_below(1.0, 1.0, 3.0)  # no triangle
    assert np.isnan(depth) and not in_sight(x, depth, 3.0, 1.5, 1.0)


def test_the_curve_visits_all_and_keeps_neighbours_together():
    mesh = surfaces.uneven_sphere(2000)
    curve = Unfolding.build(mesh, levi_civita(mesh)).curve
    assert np.array_equal(np.sort(curve), np.arange(2000))
    step = np.linalg.norm(np.diff(mesh.pos[curve], axis=0), axis=1)
    drawn = np.linalg.norm(np.diff(mesh.pos, axis=0), axis=1)
    assert step.mean() < 0.15 * drawn.mean()
