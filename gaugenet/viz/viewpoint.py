"""Viewpoints: the drawable part of a mesh, and the directions from which to draw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

AZIMUTH = np.radians(18)  # of the first view, away from the broad side, to show depth
ELEVATION = np.radians([15, 45])  # of the camera, for tall and for flat shapes


@dataclass(frozen=True)
class Drawable:
    """The faces of a mesh that have an area, scaled to a longest side of 1.

    Attributes:
        pos: Positions ``(V', 3)`` in 0..1.
        face: Vertices of the faces ``(F', 3)``.
        kept: Index of each face in the mesh ``(F',)``.
    """

    pos: np.ndarray
    face: np.ndarray
    kept: np.ndarray


def drawable(pos: np.ndarray, face: np.ndarray) -> Drawable:
    """Scale a mesh to a longest side of 1, without unused vertices and faces without area.

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.

    Raises:
        ValueError: If shapes or indices are invalid, a vertex of a face is not finite, or no face has an area.
    """
    pos, face = np.asarray(pos, np.float64), np.asarray(face)
    if pos.ndim != 2 or pos.shape[1] != 3 or face.ndim != 2 or face.shape[1] != 3 or face.dtype.kind not in "iu":
        raise ValueError(f"expected pos (V, 3) and integer face (F, 3), got {pos.shape} and {face.dtype} {face.shape}")
    if len(face) == 0:
        raise ValueError("expected at least one face to draw, got none")
    if face.min() < 0 or face.max() >= len(pos):
        raise ValueError(f"expected vertex ids in 0..{len(pos) - 1}, got {face.min()}..{face.max()}: repair the mesh")
    used, face = np.unique(face, return_inverse=True)
    pos, face = pos[used], face.reshape(-1, 3)
    if not np.isfinite(pos).all():
        raise ValueError(f"expected finite positions, got {(~np.isfinite(pos)).sum()} that are not: repair the mesh")
    low, high = pos.min(axis=0), pos.max(axis=0)
    pos = (pos - low) / max((high - low).max(), np.finfo(np.float64).tiny)
    double_area = np.linalg.norm(np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]]), axis=1)
    kept = np.flatnonzero(double_area > 1e-14)
    if len(kept) == 0:
        raise ValueError(f"expected faces with an area, got none among {len(face)}: check the positions")
    return Drawable(pos, face[kept], kept)


@dataclass(frozen=True)
class Viewpoints:
    """The viewpoints of a shape, as unit vectors.

    Attributes:
        direction: Directions ``(n, 3)`` from the shape to the viewers.
        up: Upright direction ``(3,)`` in all pictures.
    """

    direction: np.ndarray
    up: np.ndarray


def viewpoints(pos: np.ndarray, face: np.ndarray, n: int, up: ArrayLike | None = None) -> Viewpoints:
    """Choose views all around a shape, slightly from above, with the broad side first.

    The viewers stand on an ellipse around the shape, 360/n degrees apart, the first slightly away from the broad side.
    The axes of the ellipse scale like the square roots of those of the shape, so that thin shapes are not seen edge-on.
    They look down by 15 degrees, and by up to 45 degrees the flatter the shape lies.

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
        n: Number of views.
        up: Upright direction ``(3,)``. By default the most asymmetric principal axis of the surface (largest third
            moment), with the thin end down, like legs.

    Raises:
        ValueError: If ``n`` is below 1, no face has an area, or ``up`` is not a direction.
    """
    if n < 1:
        raise ValueError(f"expected at least one view, got {n}")
    shape = drawable(pos, face)
    corner = shape.pos[shape.face]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    weight = area / area.sum()
    corner = corner - weight @ corner.mean(axis=1)
    centre = corner.mean(axis=1)
    # Exact second moments of triangles: (sum over corners + 9 centre centreᵀ) / 12.
    moment = (np.einsum("f,fki,fkj->ij", weight, corner, corner) + 9 * (centre.T * weight) @ centre) / 12
    axes = np.linalg.eigh(moment)[1].T[::-1]  # rows, from the longest to the shortest
    upright = _upright(axes, centre, weight) if up is None else np.asarray(up, np.float64)
    if upright.shape != (3,) or not 0 < np.linalg.norm(upright) < np.inf:
        raise ValueError(f"expected up to be a direction (3,), got {upright.tolist()}")
    upright = upright / np.linalg.norm(upright)

    # The broad side faces along the shorter principal axis of the shape's projection on the ground.
    ground = np.linalg.svd(upright[None])[2][1:]
    variance, shadow = np.linalg.eigh(ground @ moment @ ground.T)
    broad = shadow[:, 0] @ ground
    broad = broad * _sign(weight @ (centre @ broad) ** 3, broad)  # what protrudes, like a nose or feet, is in front
    width = max(variance[1], np.finfo(np.float64).tiny)
    flatness = 1 - np.sqrt(np.clip(upright @ moment @ upright / width, 0, 1))
    elevation = ELEVATION[0] + flatness * (ELEVATION[1] - ELEVATION[0])
    azimuth = (AZIMUTH + 2 * np.pi * np.arange(n) / n)[:, None]
    thinness = max(variance[0] / width, 1e-3) ** 0.25
    level = np.cos(azimuth) * broad + thinness * np.sin(azimuth) * np.cross(upright, broad)
    level = level / np.linalg.norm(level, axis=1, keepdims=True)
    return Viewpoints(np.cos(elevation) * level + np.sin(elevation) * upright, upright)


def camera_axes(direction: ArrayLike, up: ArrayLike) -> np.ndarray:
    """Return the orthonormal axes of a camera.

    Args:
        direction: Direction ``(3,)`` from the shape to the viewer, of any length.
        up: Upright direction ``(3,)`` in the picture, of any length.

    Returns:
        Rows ``(3, 3)``: right and up in the picture, and towards the viewer.

    Raises:
        ValueError: If they are not two directions, or are parallel.
    """
    towards, upright = np.asarray(direction, np.float64), np.asarray(up, np.float64)
    if towards.shape != (3,) or upright.shape != (3,) or not np.isfinite([towards, upright]).all():
        raise ValueError(f"expected directions (3,), got direction {towards.tolist()} and up {upright.tolist()}")
    right = np.cross(upright, towards)
    if not np.linalg.norm(right) > 1e-6 * np.linalg.norm(upright) * np.linalg.norm(towards):
        raise ValueError(
            f"expected a direction {towards.tolist()} not parallel to up {upright.tolist()}: choose another up"
        )
    towards = towards / np.linalg.norm(towards)
    right = right / np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def _upright(axes: np.ndarray, centre: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the most asymmetric of the axes ``(3, 3)``, away from the thin end; the longest if all are symmetric."""
    along = centre @ axes.T
    spread = np.sqrt(weight @ along**2)
    third = weight @ along**3
    lopsided = np.abs(third) / np.maximum(spread, 1e-9) ** 2
    k = int(lopsided.argmax()) if lopsided.max() > 0.02 * spread.max() else 0
    return -_sign(third[k], -axes[k]) * axes[k]


def _sign(third_moment: float, axis: np.ndarray) -> float:
    """Return the sign of a third moment along an axis ``(3,)``; if it is negligible, that of the main component."""
    return float(np.sign(third_moment if abs(third_moment) > 1e-6 else axis[np.abs(axis).argmax()]))
