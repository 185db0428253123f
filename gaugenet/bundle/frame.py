"""Tangent frames at the vertices."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.halfedge import HalfEdges


def vertex_frames(pos: np.ndarray, normal: np.ndarray, edges: HalfEdges) -> np.ndarray:
    """Return right-handed frames ``(V, 3, 3)``, rows e1, e2, n; e1 is the first edge projected on the tangent plane.

    The first edge is where polar angles start (``HalfEdges.first``), so that the frame belongs to the mesh and turns
    with it. Where the projection vanishes, and at isolated vertices, e1 is the coordinate axis furthest from n.
    """
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    has_edge = edges.first >= 0
    first = edges.first[has_edge]
    toward = axis.copy()
    toward[has_edge] = pos[edges.end[first]] - pos[edges.start[first]]
    e1 = _project(toward, normal)
    weak = np.linalg.norm(e1, axis=1) <= 1e-9 * np.linalg.norm(toward, axis=1)
    e1[weak] = _project(axis[weak], normal[weak])
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    return np.stack([e1, np.cross(normal, e1), normal], axis=1)


def _project(vector: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return vector - (vector * normal).sum(axis=1, keepdims=True) * normal
