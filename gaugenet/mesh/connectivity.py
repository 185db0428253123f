"""Which faces and corners of a triangle array hang together: pure combinatorics, for any array of faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Hold the edges of a face array and the sides that meet in them; `connect` makes one.

    Side 3f + k of face f runs from its corner k to its corner k + 1 (mod 3); corner 3f + k is the one at `face[f, k]`.

    Attributes:
        edge: (E, 2) vertices of each edge, the lower index first.
        side_edge: (3F,) the edge under each side.
        faces_at_edge: (E,) number of faces at each edge.
        pair: (P, 2) sides that share an edge: both sides of an edge with two faces, a chain of k - 1 pairs for k faces.
        same_way: (P,) whether the two sides of a pair run in the same direction (inconsistent orientation).
    """

    edge: np.ndarray
    side_edge: np.ndarray
    faces_at_edge: np.ndarray
    pair: np.ndarray
    same_way: np.ndarray


def connect(face: np.ndarray) -> Connectivity:
    """Find edges and neighbours of `face` (F, 3), whose faces have three different vertices each."""
    start, end = face.ravel(), face[:, [1, 2, 0]].ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    # One int64 key an edge: exact for fewer than 3e9 vertices.
    key = low * (int(face.max(initial=0)) + 1) + high
    order = np.argsort(key, kind="stable")
    new = np.ones(len(order), dtype=bool)
    new[1:] = key[order[1:]] != key[order[:-1]]
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


def components(pair: np.ndarray, size: int) -> np.ndarray:
    """Return the (size,) component numbers 0, 1, ... of the graph with edges `pair` (P, 2) on `size` nodes."""
    graph = coo_matrix((np.ones(len(pair), dtype=np.int8), (pair[:, 0], pair[:, 1])), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def face_components(mesh: Connectivity) -> np.ndarray:
    """Return the (F,) component numbers of the faces, joined across edges with exactly two faces."""
    pair = mesh.pair[mesh.faces_at_edge[mesh.side_edge[mesh.pair[:, 0]]] == 2]
    return components(pair // 3, len(mesh.side_edge) // 3)


def fans(mesh: Connectivity) -> np.ndarray:
    """Return the (3F,) fan numbers of the corners: corners at a vertex that are joined through the edges at it."""
    one, two = mesh.pair.T
    one_next, two_next = one - one % 3 + (one + 1) % 3, two - two % 3 + (two + 1) % 3
    at_start = np.stack([one, np.where(mesh.same_way, two, two_next)], axis=1)
    at_end = np.stack([one_next, np.where(mesh.same_way, two_next, two)], axis=1)
    return components(np.concatenate([at_start, at_end]), len(mesh.side_edge))


def first_of_each(label: np.ndarray) -> np.ndarray:
    """Return the first index of each of the labels 0, 1, ..., n - 1 in `label` (N,), all of which occur."""
    first = np.empty(int(label.max(initial=-1)) + 1, dtype=np.int64)
    first[label[::-1]] = np.arange(len(label))[::-1]
    return first


def bowties(face: np.ndarray, fan: np.ndarray, num_vertices: int) -> np.ndarray:
    """Mark the vertices (V,) at which `face` (F, 3) forms several of the fans `fan` (3F,)."""
    return np.bincount(face.ravel()[first_of_each(fan)], minlength=num_vertices) > 1


def orientation(mesh: Connectivity) -> tuple[np.ndarray, np.ndarray]:
    """Orient the faces consistently across edges with exactly two faces.

    Components are found in the orientation double cover, where face f has the nodes f (as given) and f + F (reversed):
    a component of the surface is orientable exactly if its two lifts are not connected.

    Returns:
        (F,) bool, faces to reverse so as to agree with the first face of their component, and (F,) bool, faces of
        non-orientable components (never marked for reversal).
    """
    num_faces = len(mesh.side_edge) // 3
    two_faces = mesh.faces_at_edge[mesh.side_edge[mesh.pair[:, 0]]] == 2
    one, two = mesh.pair[two_faces].T // 3
    crossed = mesh.same_way[two_faces] * num_faces
    cover = np.concatenate(
        [np.stack([one, two + crossed], 1), np.stack([one + num_faces, two + num_faces - crossed], 1)]
    )
    lift = components(cover, 2 * num_faces)
    as_given, reversed_ = lift[:num_faces], lift[num_faces:]
    bad = as_given == reversed_
    component = components(np.stack([one, two], 1), num_faces)
    return (as_given != as_given[first_of_each(component)][component]) & ~bad, bad
