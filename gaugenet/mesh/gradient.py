"""Gradients of functions on a surface."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.geometry import face_normals, vertex_areas
from gaugenet.mesh.mesh import Mesh


def vertex_gradient(mesh: Mesh, value: np.ndarray) -> np.ndarray:
    """Return the gradient ``(V, 3)`` of a function ``(V,)`` at vertices: the mean over the faces around, by area.

    On a face, area * gradient = 1/2 sum_k f_k (n x e_k), with e_k the edge opposite to corner k (Botsch et al. 2010,
    section 3.3.3): slivers weigh little, and nothing is divided by their height. 0 at isolated vertices.
    """
    pos, face = mesh.pos, mesh.face
    normal = face_normals(pos, face)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    corner, at = pos[face], value[face]
    opposite = np.roll(corner, -2, axis=1) - np.roll(corner, -1, axis=1)
    third = np.cross(normal, (at[:, :, None] * opposite).sum(axis=1)) / 6
    total = np.stack([np.bincount(face.reshape(-1), np.repeat(third[:, k], 3), len(pos)) for k in range(3)], axis=1)
    area = vertex_areas(pos, face)[:, None]
    return np.where(area > 0, total / np.where(area > 0, area, 1.0), 0.0)
