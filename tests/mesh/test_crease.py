"""What the end of a part costs at an edge: its length, less where the surface bends inwards."""

import math

import numpy as np
import pytest
import trimesh

from gaugenet.mesh.graph_cut import crease_costs


def folded(angle, length=2.0):
    """Return two triangles that meet along the y axis, the second raised by ``angle``: inwards where it is positive."""
    pos = [[0, 0, 0], [0, length, 0], [-1, 1, 0], [math.cos(angle), 1, math.sin(angle)]]
    return np.array(pos), np.array([[0, 1, 2], [1, 0, 3]])


@pytest.mark.parametrize("angle", [-1.0, -0.1, 0.0, 0.1, 1.0])
def test_only_concave_edges_are_cheap(angle):
    pair, cost = crease_costs(*folded(angle))
    assert pair.tolist() == [[0, 1]]
    assert cost == pytest.approx([2.0 * math.exp(-max(angle, 0) / 0.25)])


def test_a_pair_that_runs_oppositely_is_one_surface():
    pos, face = folded(0.5)
    expected = crease_costs(pos, face)[1]
    face[1] = face[1, ::-1]
    assert crease_costs(pos, face)[1] == pytest.approx(expected)


def test_from_inside_convex_edges_are_the_cheap_ones():
    pos, face = folded(0.5)
    assert crease_costs(pos, face[:, ::-1])[1] == pytest.approx([2.0])
    pos, face = folded(-0.5)
    assert crease_costs(pos, face[:, ::-1])[1] == pytest.approx([2 * math.exp(-2)])


@pytest.mark.parametrize("angle", [-1.0, -0.1, 0.0, 0.1, 1.0])
def test_without_sides_both_ways_to_bend_are_cheap(angle):
    pos, face = folded(angle)
    for turned in (face, face[:, ::-1]):
        assert crease_costs(pos, turned, sides=False)[1] == pytest.approx([2.0 * math.exp(-abs(angle) / 0.25)])


def test_every_edge_of_a_closed_mesh_is_a_pair():
    mesh = trimesh.creation.box()
    pair, cost = crease_costs(np.asarray(mesh.vertices), np.asarray(mesh.faces))
    assert len(pair) == 18 and sorted(np.bincount(pair.ravel())) == [3] * 12
    assert sorted(cost) == pytest.approx([1.0] * 12 + [math.sqrt(2)] * 6)
