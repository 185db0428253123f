"""Areas, angles and normals of triangles and vertices."""

from __future__ import annotations

import numpy as np


def face_normals(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return normals of faces, whose length is twice the area.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.

    Returns:
        Vectors (F, 3) [mesh unit squared].
    """
    a, b, c = pos[face[:, 0]], pos[face[:, 1]], pos[face[:, 2]]
    return np.cross(b - a, c - a)


def face_areas(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the areas of faces.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.

    Returns:
        Areas (F,) [mesh unit squared].
    """
    return 0.5 * np.linalg.norm(face_normals(pos, face), axis=1)


def vertex_areas(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return barycentric areas of vertices: a third of each face to each of its corners.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.

    Returns:
        Areas (V,) [mesh unit squared].
    """
    third = np.repeat(face_areas(pos, face) / 3.0, 3)
    return np.bincount(face.reshape(-1), weights=third, minlength=len(pos))


def corner_angles(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return interior angles, accurate for slivers too: ``atan2`` of the cross and the dot product.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.

    Returns:
        Angles (F, 3) [rad].
    """
    corner = pos[face]
    ahead = np.roll(corner, -1, axis=1) - corner
    behind = -np.roll(ahead, 1, axis=1)
    cross = np.cross(ahead, behind)
    return np.arctan2(np.sqrt((cross * cross).sum(axis=2)), (ahead * behind).sum(axis=2))


def some_tangents(normal: np.ndarray) -> np.ndarray:
    """Return a tangent ``(V, 3)`` at each vertex: the coordinate axis furthest from the normal, projected, of length 1.

    Args:
        normal: ``(V, 3)`` unit normals.
    """
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    tangent = axis - (axis * normal).sum(axis=1, keepdims=True) * normal
    return tangent / np.linalg.norm(tangent, axis=1, keepdims=True)


def corner_sums(face: np.ndarray, vector: np.ndarray, num_vertices: int) -> np.ndarray:
    """Sum vectors at corners to vertices.

    Args:
        face: (F, 3), vertex indices.
        vector: (3F, 3), a vector at each corner.
        num_vertices: V.

    Returns:
        Sums (V, 3).
    """
    return np.stack([np.bincount(face.reshape(-1), vector[:, axis], num_vertices) for axis in range(3)], axis=1)


def vertex_normals(pos: np.ndarray, face: np.ndarray, angles: np.ndarray | None = None) -> np.ndarray:
    """Return unit normals of vertices: means of face normals weighted by corner angles (Thürmer & Wüthrich 1998).

    A vertex without a face, or whose weighted normals cancel, gets (0, 0, 1).

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.
        angles: (F, 3), corner angles [rad]; computed if not given.

    Returns:
        Unit vectors (V, 3).
    """
    normals = face_normals(pos, face)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
    angles = corner_angles(pos, face) if angles is None else angles
    total = corner_sums(face, (angles[:, :, None] * normals[:, None, :]).reshape(-1, 3), len(pos))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-12, total / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))
