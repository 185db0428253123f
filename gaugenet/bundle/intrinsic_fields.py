"""Direction fields that a surface has by its shape."""

from __future__ import annotations

import numpy as np

from gaugenet.bundle.sheets import vertex_curvature
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh


def curvature_field(mesh: Mesh, frame: np.ndarray) -> np.ndarray:
    """Return the field ``(V, 2)`` of order 2 along the direction of largest curvature, in the mesh's own frames.

    The trace-free part of the second fundamental form; on surfaces with one side, where its sign means nothing, that of
    the third one, which lies along the direction of the largest square of the curvature.
    """
    curved = vertex_curvature(mesh, frame)
    return curved.deviator if mesh.orientable else 2 * curved.mean[:, None] * curved.deviator


def references(mesh: Mesh, frame: np.ndarray, order: int) -> list[np.ndarray]:
    """Return fields ``(V, 2)`` of an order N that follow rigid motions and no numbering.

    The N/2-th power of the curvature field where N is even, and the N-th of the direction away from the centroid.
    """
    area = vertex_areas(mesh.pos, mesh.face)
    offset = mesh.pos - (mesh.pos * area[:, None]).sum(axis=0) / area.sum()
    away = np.einsum("vab,vb->va", frame[:, :2], offset) @ [1, 1j]
    powers = [away**order]
    if order % 2 == 0:
        powers.insert(0, (curvature_field(mesh, frame) @ [1, 1j]) ** (order // 2))
    return [np.stack([power.real, power.imag], axis=1) for power in powers]
