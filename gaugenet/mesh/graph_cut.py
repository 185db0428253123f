"""Labels of small Potts energy by graph cuts, and the costs of edges, which favour boundaries in concave creases."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from gaugenet.mesh.connectivity import connect
from gaugenet.mesh.geometry import face_normals

# Capacities are integers below 2^31; those of a node sum to at most this, so that sums of flows do not overflow.
_LARGEST = 2**29
# Most sweeps over the labels, even if one more would lower the energy.
_SWEEPS = 5
# An edge that bends inwards by this angle [rad] costs 1/e of its length.
_BEND = 0.25


def potts_labels(cost: np.ndarray, pair: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return labels of small Potts energy by alpha expansion.

    The energy is the cost of each node's label plus the weight of each pair whose labels differ. Starts from the
    cheapest label of each node and expands single labels until none lowers the energy, or for five sweeps. With two
    labels the energy is the smallest one, with more at most twice that (Boykov, Veksler & Zabih 2001, "Fast approximate
    energy minimization via graph cuts").

    Args:
        cost: (N, L), cost of each label at each node, inf if a node cannot have it; fewer possible labels are faster.
        pair: (P, 2), nodes.
        weight: (P,), not negative.

    Returns:
        Labels (N,).
    """
    label = cost.argmin(axis=1)
    if len(pair) == 0 or cost.shape[1] == 1:
        return label
    allowed = np.isfinite(cost)
    cost = np.where(allowed, cost - cost.min(axis=1, keepdims=True), 0.0)
    total = cost.max(axis=1) + 3 * np.bincount(pair.ravel(), np.repeat(weight, 2), len(cost))
    scale = _LARGEST / max(float(total.max()), np.finfo(float).tiny)
    cost = np.rint(cost * scale).astype(np.int64)
    weight = np.rint(weight * scale).astype(np.int64)
    pair, weight = pair[weight > 0], weight[weight > 0]
    unchanged, alpha = 0, 0
    for _ in range(_SWEEPS * cost.shape[1]):
        moves = _expansion(label, alpha, cost, allowed[:, alpha], pair, weight)
        label[moves] = alpha
        unchanged = 0 if len(moves) else unchanged + 1
        if unchanged == cost.shape[1]:
            break
        alpha = (alpha + 1) % cost.shape[1]
    return label


def _expansion(
    label: np.ndarray, alpha: int, cost: np.ndarray, allowed: np.ndarray, pair: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Return the nodes to be labelled ``alpha``, all at once, for the smallest energy."""
    nodes = np.flatnonzero(allowed & (label != alpha))
    place = np.full(len(label), -1)
    place[nodes] = np.arange(len(nodes))
    free = place[pair] >= 0
    move = cost[nodes, alpha] - cost[nodes, label[nodes]]
    for end in (0, 1):
        # The neighbour keeps its label: the pair may differ before, after, or both.
        alone = free[:, end] & ~free[:, 1 - end]
        here, there = pair[alone, end], label[pair[alone, 1 - end]]
        change = weight[alone] * ((there != alpha).astype(np.int64) - (there != label[here]))
        np.add.at(move, place[here], change)
    both_free = free.all(axis=1)
    one, two, weight = place[pair[both_free, 0]], place[pair[both_free, 1]], weight[both_free]
    # With x = 1 for nodes that move, a pair costs w (1 - x_1) (1 - x_2) if its labels differ, and w where one moves:
    # that is both + (w - both) x_1 - w x_2 + (2 w - both) (1 - x_1) x_2.
    both = weight * (label[nodes[one]] != label[nodes[two]])
    np.add.at(move, one, weight - both)
    np.add.at(move, two, -weight)
    size, source, sink = len(nodes), len(nodes), len(nodes) + 1
    node = np.arange(size)
    tail = np.concatenate([np.full(size, source), node, one])
    head = np.concatenate([node, np.full(size, sink), two])
    capacity = np.concatenate([np.maximum(move, 0), np.maximum(-move, 0), 2 * weight - both])
    used = capacity > 0
    entries = (capacity[used].astype(np.int32), (tail[used], head[used]))
    graph = csr_array(entries, shape=(size + 2, size + 2))
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.data = (residual.data > 0).astype(np.int32)
    residual.eliminate_zeros()
    # Of the smallest cuts, take the one with the fewest moves: the nodes from which more could flow to the sink.
    moves = breadth_first_order(csr_array(residual.T), sink, return_predecessors=False)
    return nodes[moves[moves < size]]


def crease_costs(pos: np.ndarray, face: np.ndarray, sides: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost of a boundary at each shared edge: its length, times exp(-angle / 0.25) if it is concave.

    People see parts end in concave creases (Hoffman & Richards 1984, "Parts of recognition"). The faces need not be
    clean; if two at an edge have opposite orientations, the second one is reversed.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices, counter-clockwise seen from outside.
        sides: Whether faces have an outside; if not, convex edges cost less too.

    Returns:
        Pairs of faces (P, 2) with a common edge, and the costs (P,) of these edges [mesh unit].
    """
    joined = connect(face)
    pair = joined.pair // 3
    edge = pos[joined.edge[joined.side_edge[joined.pair[:, 0]]]]
    length = np.linalg.norm(edge[:, 1] - edge[:, 0], axis=1)
    normal, centre = face_normals(pos, face), pos[face].mean(axis=1)
    one, two = normal[pair[:, 0]], np.where(joined.same_way, -1, 1)[:, None] * normal[pair[:, 1]]
    angle = np.arctan2(np.linalg.norm(np.cross(one, two), axis=1), (one * two).sum(axis=1))
    concave = ((centre[pair[:, 1]] - centre[pair[:, 0]]) * one).sum(axis=1) > 0
    return pair, length * np.where(concave | (not sides), np.exp(-angle / _BEND), 1.0)
