"""Tangent frames at the vertices."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.halfedge import HalfEdges


def vertex_frames(
    pos: np.ndarray, normal: np.ndarray, edges: HalfEdges, outgoing: np.ndarray, incoming: np.ndarray
) -> np.ndarray:
    """Return right-handed frames ``(V, 3, 3)``, rows e1, e2, n, that fit the polar angles of the edges.

    Projected on the tangent plane, the edges at a vertex lie not quite at the polar angles that scaling gave them. e1
    lies where the difference, arg sum_ij exp(i (projected angle - polar angle)), is 0: a tangent vector is then one
    vector in space, whichever edge polar angles start from. Where all projections vanish, and at isolated vertices, e1
    is the coordinate axis furthest from n.

    Args:
        outgoing, incoming: ``(3F,)`` polar angles of half-edges at their start and, on the boundary, at their end.
    """
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    e1 = _project(axis, normal)
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    e2 = np.cross(normal, e1)
    alone = edges.twin < 0  # a boundary edge has one half-edge, and is seen from its end too
    here, there = np.r_[edges.start, edges.end[alone]], np.r_[edges.end, edges.start[alone]]
    way = pos[there] - pos[here]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    projected = (way * e1[here]).sum(axis=1) + 1j * (way * e2[here]).sum(axis=1)
    ahead = projected * np.exp(-1j * np.r_[outgoing, incoming[alone]])
    total = np.bincount(here, ahead.real, len(pos)) + 1j * np.bincount(here, ahead.imag, len(pos))
    turn = np.where(np.abs(total) > 1e-9, total, 1.0)
    turn /= np.abs(turn)
    e1, e2 = (turn.real[:, None] * a + turn.imag[:, None] * b for a, b in ((e1, e2), (e2, -e1)))
    return np.stack([e1, e2, normal], axis=1)


def _project(vector: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return vector - (vector * normal).sum(axis=1, keepdims=True) * normal
