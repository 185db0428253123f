"""Areas, angles and normals of triangles and vertices."""

from __future__ import annotations

import numpy as np


def face_normals(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return ``(F, 3)`` normals whose length is twice the area of the face [mesh unit squared]."""
    a, b, c = pos[face[:, 0]], pos[face[:, 1]], pos[face[:, 2]]
    return np.cross(b - a, c - a)


def face_areas(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return ``(F,)`` areas of the faces [mesh unit squared]."""
    return 0.5 * np.linalg.norm(face_normals(pos, face), axis=1)


def vertex_areas(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return ``(V,)`` barycentric areas: a third of each face to each of its corners [mesh unit squared]."""
    third = np.repeat(face_areas(pos, face) / 3.0, 3)
    return np.bincount(face.reshape(-1), weights=third, minlength=len(pos))


def corner_angles(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return ``(F, 3)`` interior angles [rad]; ``atan2`` of cross and dot product, accurate for slivers too."""
    corner = pos[face]
    ahead = np.roll(corner, -1, axis=1) - corner
    behind = -np.roll(ahead, 1, axis=1)
    cross = np.cross(ahead, behind)
    return np.arctan2(np.sqrt((cross * cross).sum(axis=2)), (ahead * behind).sum(axis=2))


def vertex_normals(pos: np.ndarray, face: np.ndarray, angles: np.ndarray | None = None) -> np.ndarray:
    """Return ``(V, 3)`` unit normals, face normals weighted by the corner's angle (Thürmer & Wüthrich 1998).

    The corner ``angles (F, 3)`` are computed where they are not given.

    A vertex whose weighted normals cancel, or that has no face, gets ``(0, 0, 1)``.
    """
    normals = face_normals(pos, face)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
    angles = corner_angles(pos, face) if angles is None else angles
    weighted = (angles[:, :, None] * normals[:, None, :]).reshape(-1, 3)
    total = np.stack([np.bincount(face.reshape(-1), weighted[:, axis], len(pos)) for axis in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-12, total / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))
