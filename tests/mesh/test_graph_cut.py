"""Graph cuts: the smallest energy of two labels, no expansion that lowers it; concave edges cost less."""

import math
from itertools import product

import numpy as np
import pytest
import trimesh

from gaugenet.mesh.graph_cut import crease_costs, potts_labels


def random_problem(seed, nodes, labels):
    """Return costs, the pairs of a ring with chords, and weights."""
    generator = np.random.default_rng(seed)
    ring = np.stack([np.arange(nodes), (np.arange(nodes) + 1) % nodes], axis=1)
    pair = np.concatenate([ring, generator.integers(0, nodes, (nodes // 2, 2))])
    pair = pair[pair[:, 0] != pair[:, 1]]
    return generator.random((nodes, labels)), pair, 0.5 * generator.random(len(pair))


def potts_energy(label, cost, pair, weight):
    """Return the cost of labels ``(N,)`` at their nodes plus the weights of the pairs whose nodes differ."""
    return float(cost[np.arange(len(cost)), label].sum() + weight[label[pair[:, 0]] != label[pair[:, 1]]].sum())


def brute_force(cost, pair, weight, choices):
    """Return the smallest energy of labels, one of ``choices[v]`` at each node v."""
    return min(potts_energy(np.array(label), cost, pair, weight) for label in product(*choices))


@pytest.mark.parametrize("seed", range(10))
def test_two_labels_get_the_smallest_energy(seed):
    cost, pair, weight = random_problem(seed, 10, 2)
    label = potts_labels(cost, pair, weight)
    assert potts_energy(label, cost, pair, weight) == pytest.approx(brute_force(cost, pair, weight, [(0, 1)] * 10))


@pytest.mark.parametrize("seed", range(6))
def test_no_expansion_of_one_of_many_labels_gains(seed):
    cost, pair, weight = random_problem(seed, 9, 4)
    label = potts_labels(cost, pair, weight)
    energy = potts_energy(label, cost, pair, weight)
    for alpha in range(4):
        assert energy <= brute_force(cost, pair, weight, [{one, alpha} for one in label]) + 1e-6
    smallest = brute_force(cost, pair, weight, [range(4)] * 9)
    assert smallest - 1e-6 <= energy <= 2 * smallest


@pytest.mark.parametrize("seed", range(6))
def test_no_node_gets_a_label_that_it_may_not_have(seed):
    cost, pair, weight = random_problem(seed, 10, 2)
    cost[np.random.default_rng(seed).random(cost.shape) < 0.3] = np.inf
    cost[~np.isfinite(cost).any(axis=1)] = 0.0
    label = potts_labels(cost, pair, weight)
    best = brute_force(cost, pair, weight, [np.flatnonzero(np.isfinite(one)) for one in cost])
    assert potts_energy(label, cost, pair, weight) == pytest.approx(best)


def test_without_pairs_or_weights_each_node_has_its_cheapest_label():
    cost, pair, weight = random_problem(0, 30, 3)
    assert np.array_equal(potts_labels(cost, pair[:0], weight[:0]), cost.argmin(1))
    assert np.array_equal(potts_labels(cost, pair, 0 * weight), cost.argmin(1))


def test_heavy_pairs_make_one_label_of_a_connected_graph():
    cost, pair, weight = random_problem(0, 30, 3)
    label = potts_labels(cost, pair, 100 + weight)
    assert set(label) == {cost.sum(0).argmin()}


def test_units_do_not_matter():
    cost, pair, weight = random_problem(1, 40, 3)
    expected = potts_labels(cost, pair, weight)
    for unit in (1e-12, 1e12):
        assert np.array_equal(potts_labels(unit * cost, pair, unit * weight), expected)


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
