"""How the faces and corners of any array of triangles are connected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Hold the edges of an array of faces and the sides that share them; built by ``connect``.

    Side 3f + k of face f runs from its corner k to its corner k + 1 (mod 3); corner 3f + k is that at ``face[f, k]``.

    Attributes:
        edge: (E, 2), vertices of each edge, the lower index first.
        side_edge: (3F,), edge of each side.
        faces_at_edge: (E,), number of faces at each edge.
        pair: (P, 2), sides that share an edge: both sides of an edge with two faces, k - 1 pairs in a chain for k.
        same_way: (P,), whether the two sides of a pair run in the same direction (inconsistent orientation).
    """

    edge: np.ndarray
    side_edge: np.ndarray
    faces_at_edge: np.ndarray
    pair: np.ndarray
    same_way: np.ndarray


def connect(face: np.ndarray) -> Connectivity:
    """Find the edges of faces and the sides that share them.

    Args:
        face: (F, 3), vertex indices, all three of a face different.
    """
    start, end = face.ravel(), face[:, [1, 2, 0]].ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    # One int64 key an edge: exact for fewer than 3e9 vertices.
    size = int(face.max(initial=0)) + 1
    key = low * size + high
    order = _stable_order(high, size)
    order = order[_stable_order(low[order], size)]
    new = np.diff(key[order], prepend=-1) != 0
    side_edge = np.empty(len(order), dtype=np.int64)
    side_edge[order] = np.cumsum(new) - 1
    first = order[new]
    later = np.flatnonzero(~new)
    pair = np.stack([order[later - 1], order[later]], axis=1)
    return Connectivity(
        edge=np.stack([low[first], high[first]], axis=1),
        side_edge=side_edge,
        faces_at_edge=np.bincount(side_edge, minlength=len(first)),
        pair=pair,
        same_way=start[pair[:, 0]] == start[pair[:, 1]],
    )


def _stable_order(index: np.ndarray, size: int) -> np.ndarray:
    """Return the stable order (N,) of indices below ``size``, in linear time: a transposed sparse matrix is sorted."""
    matrix = csr_matrix((np.ones(len(index), dtype=np.int8), index, np.arange(len(index) + 1)), (len(index), size))
    return matrix.tocsc().indices.astype(np.int64)


def next_side(side: np.ndarray) -> np.ndarray:
    """Return the sides that follow in the same faces; also the corners at which sides end.

    Args:
        side: Indices of sides, or of the corners at which they start.
    """
    return side - side % 3 + (side + 1) % 3


def components(pair: np.ndarray, size: int) -> np.ndarray:
    """Return the connected component of each node of a graph.

    Args:
        pair: (P, 2), edges of the graph.
        size: Number of nodes.

    Returns:
        Component numbers 0, 1, ... of the nodes, int64.
    """
    graph = coo_matrix((np.ones(len(pair), dtype=np.int8), (pair[:, 0], pair[:, 1])), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def members(component: np.ndarray) -> list[np.ndarray]:
    """Return the nodes of each component, ascending.

    Args:
        component: (N,), component numbers of the nodes.
    """
    order = np.argsort(component, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(component[order])) + 1) if len(order) else []


def face_components(mesh: Connectivity) -> np.ndarray:
    """Return the component of each face, connected across edges with exactly two faces.

    Args:
        mesh: Connectivity of the faces.

    Returns:
        Component numbers (F,).
    """
    pair = mesh.pair[mesh.faces_at_edge[mesh.side_edge[mesh.pair[:, 0]]] == 2]
    return components(pair // 3, len(mesh.side_edge) // 3)


def corner_pairs(mesh: Connectivity) -> np.ndarray:
    """Return pairs of corners at one vertex, on both sides of a shared edge.

    Args:
        mesh: Connectivity of the faces.

    Returns:
        Corners (2P, 2): those at the start of the first side of each pair, then those at its end.
    """
    one, two = mesh.pair.T
    at_start = np.where(mesh.same_way, two, next_side(two))
    at_end = np.where(mesh.same_way, next_side(two), two)
    return np.concatenate([np.stack([one, at_start], axis=1), np.stack([next_side(one), at_end], axis=1)])


def fans(mesh: Connectivity) -> np.ndarray:
    """Return the fan of each corner: the corners at a vertex that are connected through the edges there.

    Args:
        mesh: Connectivity of the faces.

    Returns:
        Fan numbers (3F,).
    """
    return components(corner_pairs(mesh), len(mesh.side_edge))


def first_of_each(label: np.ndarray) -> np.ndarray:
    """Return the first index at which each label occurs.

    Args:
        label: (N,), labels 0, 1, ..., n - 1.

    Returns:
        Indices (n,) into ``label``; those of labels that do not occur mean nothing.
    """
    first = np.empty(int(label.max(initial=-1)) + 1, dtype=np.int64)
    first[label[::-1]] = np.arange(len(label))[::-1]
    return first


def bowties(face: np.ndarray, fan: np.ndarray, num_vertices: int) -> np.ndarray:
    """Mark the vertices at which faces form several fans.

    Args:
        face: (F, 3), vertex indices.
        fan: (3F,), fan of each corner.
        num_vertices: V.

    Returns:
        Marks (V,), bool.
    """
    return np.bincount(face.ravel()[first_of_each(fan)], minlength=num_vertices) > 1
