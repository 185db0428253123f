"""What of a mesh can be drawn."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drawable:
    """Faces with an area: pos (V', 3) in 0..1, face (F', 3), and their ids in the mesh, kept (F',)."""

    pos: np.ndarray
    face: np.ndarray
    kept: np.ndarray


def drawable(pos: np.ndarray, face: np.ndarray) -> Drawable:
    """
    Scale a mesh, pos (V, 3) and face (F, 3), to a longest side of 1, without the vertices and faces that do not show.

    Raises `ValueError` if shapes or ids do not fit, if a vertex of a face is not finite, or if no face has an area.
    """
    pos, face = np.asarray(pos, np.float64), np.asarray(face)
    if pos.ndim != 2 or pos.shape[1] != 3 or face.ndim != 2 or face.shape[1] != 3 or face.dtype.kind not in "iu":
        raise ValueError(f"expected pos (V, 3) and integer face (F, 3), got {pos.shape} and {face.dtype} {face.shape}")
    if len(face) == 0:
        raise ValueError("expected at least one face to draw, got none")
    if face.min() < 0 or face.max() >= len(pos):
        raise ValueError(f"expected vertex ids in 0..{len(pos) - 1}, got {face.min()}..{face.max()}: clean the mesh")
    used, face = np.unique(face, return_inverse=True)
    pos, face = pos[used], face.reshape(-1, 3)
    if not np.isfinite(pos).all():
        raise ValueError(f"expected finite positions, got {(~np.isfinite(pos)).sum()} that are not: clean the mesh")
    low, high = pos.min(axis=0), pos.max(axis=0)
    pos = (pos - low) / max((high - low).max(), np.finfo(np.float64).tiny)
    double_area = np.linalg.norm(np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]]), axis=1)
    kept = np.flatnonzero(double_area > 1e-14)
    if len(kept) == 0:
        raise ValueError(f"expected faces with an area, got none among {len(face)}: check the positions")
    return Drawable(pos, face[kept], kept)
