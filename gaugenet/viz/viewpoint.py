"""Where to look at a shape from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gaugenet.viz.drawable import drawable

AZIMUTH = np.radians(18)  # of the first view, off the broad side, so that depth shows
ELEVATION = np.radians([15, 45])  # of the camera: for tall shapes, for flat ones


@dataclass(frozen=True)
class Viewpoints:
    """Directions (n, 3) from a shape to its viewers, and what is upright (3,) in all their pictures; unit vectors."""

    direction: np.ndarray
    up: np.ndarray


def viewpoints(pos: np.ndarray, face: np.ndarray, n: int, up: ArrayLike | None = None) -> Viewpoints:
    """
    Choose n sides to see a shape from, pos (V, 3), face (F, 3): all around it, slightly from above, broad side first.

    Upright is `up` (3,), or else the principal axis of the surface along which it is most lopsided (largest third
    moment), with the thin end below, as legs are. The viewers stand on an ellipse around the shape, 360/n degrees
    apart, the first a little off the broad side; its axes go with the roots of the shape's, so that thin shapes are not
    seen edge-on. They look down by 15 degrees, or, the flatter a shape lies, by up to 45.

    Raises `ValueError` if n < 1, if no face has an area, or if `up` is not a direction.
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

    # The broad side faces along the shorter of the two principal axes of the shape's shadow on the ground.
    ground = np.linalg.svd(upright[None])[2][1:]
    variance, shadow = np.linalg.eigh(ground @ moment @ ground.T)
    broad = shadow[:, 0] @ ground
    broad = broad * _sign(weight @ (centre @ broad) ** 3, broad)  # what sticks out, as a nose or feet do, is in front
    width = max(variance[1], np.finfo(np.float64).tiny)
    flatness = 1 - np.sqrt(np.clip(upright @ moment @ upright / width, 0, 1))
    elevation = ELEVATION[0] + flatness * (ELEVATION[1] - ELEVATION[0])
    azimuth = (AZIMUTH + 2 * np.pi * np.arange(n) / n)[:, None]
    thinness = max(variance[0] / width, 1e-3) ** 0.25
    level = np.cos(azimuth) * broad + thinness * np.sin(azimuth) * np.cross(upright, broad)
    level = level / np.linalg.norm(level, axis=1, keepdims=True)
    return Viewpoints(np.cos(elevation) * level + np.sin(elevation) * upright, upright)


def camera_axes(direction: ArrayLike, up: ArrayLike) -> np.ndarray:
    """
    Return the orthonormal axes (3, 3) of a camera: rows right and up in the picture, and towards the viewer.

    `direction` (3,) points from the shape to the viewer; `up` (3,) is drawn upright. Lengths do not matter.
    Raises `ValueError` if they are not two directions, or if they are parallel.
    """
    towards, upright = np.asarray(direction, np.float64), np.asarray(up, np.float64)
    if towards.shape != (3,) or upright.shape != (3,) or not np.isfinite([towards, upright]).all():
        raise ValueError(f"expected directions (3,), got direction {towards.tolist()} and up {upright.tolist()}")
    right = np.cross(upright, towards)
    if not np.linalg.norm(right) > 1e-6 * np.linalg.norm(upright) * np.linalg.norm(towards):
        raise ValueError(
            f"expected a direction {towards.tolist()} not parallel to up: choose another {upright.tolist()}"
        )
    towards = towards / np.linalg.norm(towards)
    right = right / np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def _upright(axes: np.ndarray, centre: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the most lopsided of the axes (3, 3), away from the thin end; the longest if it is symmetric."""
    along = centre @ axes.T
    spread = np.sqrt(weight @ along**2)
    third = weight @ along**3
    lopsided = np.abs(third) / np.maximum(spread, 1e-9) ** 2
    k = int(lopsided.argmax()) if lopsided.max() > 0.02 * spread.max() else 0
    return -_sign(third[k], -axes[k]) * axes[k]


def _sign(third_moment: float, axis: np.ndarray) -> float:
    """Return the sign of a third moment along an axis (3,); if it is next to nothing, that of its main component."""
    return float(np.sign(third_moment if abs(third_moment) > 1e-6 else axis[np.abs(axis).argmax()]))
