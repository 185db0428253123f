"""Labels that are cheap where they stand and change where changes are cheap: Potts energies, by graph cuts."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

# Capacities are whole numbers below 2^31; no node's reach more than this, so that sums of flows do not overflow.
_LARGEST = 2**29
# Sweeps over the labels after which it ends even where one more would still lower the energy.
_SWEEPS = 5


def potts_labels(cost: np.ndarray, pair: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return labels ``(N,)`` of small Potts energy: no expansion of a single label makes it smaller.

    The energy is the cost of the labels at their nodes plus the weights of the pairs whose nodes differ. No expansion
    lowers it where five sweeps over the labels are enough. With two labels it is the smallest energy, with more at most
    twice that (Boykov, Veksler & Zabih 2001, "Fast approximate energy minimization via graph cuts"). Begins from the
    cheapest label of each node.

    Args:
        cost: ``(N, L)`` of each label at each node, inf where a node may not have it; the fewer labels it may have, the
            faster. pair: ``(P, 2)`` nodes. weight: ``(P,)``, not negative.
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
    """Return the nodes that take the label ``alpha`` where any may do so at once, for the smallest energy."""
    nodes = np.flatnonzero(allowed & (label != alpha))
    place = np.full(len(label), -1)
    place[nodes] = np.arange(len(nodes))
    free = place[pair] >= 0
    move = cost[nodes, alpha] - cost[nodes, label[nodes]]
    for end in (0, 1):
        # A neighbour that stays as it is: moving joins it, or leaves it.
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
    # Of the smallest cuts, that with the fewest moves: the nodes from which more could still flow to the sink.
    moves = breadth_first_order(csr_array(residual.T), sink, return_predecessors=False)
    return nodes[moves[moves < size]]
