"""Tangent planes of a point cloud: normals, frames, and what one plane sees of another."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.spatial import cKDTree

# Points, the centre included, by which a plane is estimated and a cell is bounded.
_NEAREST = 16
# A cell reaches no further than this share of the mean distance of the six nearest points: a little more than the
# corners of a hexagon do, so that cells at a boundary end.
_REACH = 0.75


@dataclass(frozen=True)
class TangentPlanes:
    """Planes at the points of a cloud.

    Attributes:
        pos: ``(V, 3)`` [unit of the cloud]. frame: ``(V, 3, 3)`` rows e1, e2, n. area: ``(V,)`` of the surface around.
        sided: whether normals tell the sides of the surface apart; else their signs mean nothing.
    """

    pos: np.ndarray
    frame: np.ndarray
    area: np.ndarray
    sided: bool

    @staticmethod
    def build(pos: np.ndarray, normal: np.ndarray | None = None) -> TangentPlanes:
        """Take the planes of given normals ``(V, 3)``, or fit them to the nearest points (Hoppe et al. 1992).

        e1 points to the nearest point whose direction is not that of the normal. The area of a point is that of its
        Voronoi cell among the nearest points, projected on its plane.

        Raises:
            ValueError: fewer than four points, values that are not finite, or normals of another shape or length 0.
        """
        pos = np.asarray(pos, dtype=np.float64)
        if pos.ndim != 2 or pos.shape[1] != 3 or len(pos) < 4:
            raise ValueError(f"a point cloud must have shape (V, 3) with at least 4 points, got {pos.shape}")
        if not np.isfinite(pos).all():
            bad = ~np.isfinite(pos).all(axis=1)
            raise ValueError(
                f"point cloud has {int(bad.sum())} points with NaN or infinite position (e.g. point "
                f"{int(np.argmax(bad))}); repair the file"
            )
        distance, near = cKDTree(pos).query(pos, k=min(_NEAREST, len(pos)))
        way = pos[near] - pos[:, None]
        n = _fitted(way, distance) if normal is None else _given(np.asarray(normal, dtype=np.float64), len(pos))
        flat = way - np.einsum("vka,va->vk", way, n)[..., None] * n[:, None]
        length = np.linalg.norm(flat, axis=2)
        first = np.argmax(length > 1e-3 * distance[:, -1:], axis=1)
        some = np.cross(n, np.eye(3)[np.abs(n).argmin(axis=1)])
        clear = length.max(axis=1) > 0
        e1 = np.where(clear[:, None], flat[np.arange(len(pos)), first], some)
        e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
        frame = np.stack([e1, np.cross(n, e1), n], axis=1)
        plane = np.einsum("vab,vkb->vka", frame[:, :2], way)
        area = _cell_areas(plane, _REACH * distance[:, 1:7].mean(axis=1))
        return TangentPlanes(pos, frame, area, normal is not None)

    def look(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return log map ``(E, 2)``, transport, whether it reflects, and whether the planes look the same way.

        The direction is that of the chord, projected; the radius is the arc over the chord of the circles that touch
        the planes, its mean over both ends. Transport is the smallest rotation of space that takes one normal to the
        other, or to its opposite where that is nearer: exact on spheres, where it goes along the great circle.
        """
        chord = self.pos[source] - self.pos[target]
        length = np.linalg.norm(chord, axis=1)
        here, there = self.frame[target], self.frame[source]
        bend = [
            np.arcsin(np.clip(np.abs(np.einsum("ea,ea->e", chord, one[:, 2])) / np.maximum(length, 1e-300), 0, 1))
            for one in (here, there)
        ]
        arc = length * sum(0.5 / np.sinc(angle / np.pi) for angle in bend)
        x, y = (np.einsum("ea,ea->e", chord, here[:, axis]) for axis in (0, 1))
        agree = np.einsum("ea,ea->e", here[:, 2], there[:, 2])
        flip = agree < 0
        n = np.where(flip, -1, 1)[:, None] * there[:, 2]
        lean = np.einsum("ea,ea->e", here[:, 2], there[:, 0]) / (1 + np.abs(agree))
        u = there[:, 0] - lean[:, None] * (n + here[:, 2])
        transport = np.arctan2(np.einsum("ea,ea->e", u, here[:, 1]), np.einsum("ea,ea->e", u, here[:, 0]))
        return np.stack([arc, np.arctan2(y, x)], axis=1), transport, flip, agree > 0


def _fitted(way: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return unit normals of the planes that fit the points around, near ones weighing more; of either sign."""
    weight = 1.0 - 0.5 * (distance / np.maximum(distance[:, -1:], 1e-300)) ** 2
    mean = np.einsum("vk,vka->va", weight, way) / weight.sum(axis=1, keepdims=True)
    off = way - mean[:, None]
    return np.linalg.eigh(np.einsum("vk,vka,vkb->vab", weight, off, off))[1][:, :, 0]


def _given(normal: np.ndarray, size: int) -> np.ndarray:
    if normal.shape != (size, 3):
        raise ValueError(f"normals must have shape ({size}, 3), one a point, got {normal.shape}")
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    bad = ~((length[:, 0] > 0) & np.isfinite(length[:, 0]))
    if bad.any():
        raise ValueError(
            f"normals must be finite and not 0, got {int(bad.sum())} that are (e.g. at point {int(np.argmax(bad))})"
        )
    return normal / length


@numba.njit(cache=True, nogil=True)
def _cell_areas(plane, reach):
    """Return areas of the cells of the origin among points ``(V, k, 2)``, cut off at 16-gons of the given reach."""
    area = np.zeros(len(plane))
    for v in range(len(plane)):
        corner = [(reach[v] * np.cos(2 * np.pi * k / 16), reach[v] * np.sin(2 * np.pi * k / 16)) for k in range(16)]
        for x, y in plane[v]:
            half = 0.5 * (x * x + y * y)
            if half == 0.0:
                continue
            kept = [(0.0, 0.0) for _ in range(0)]
            for k in range(len(corner)):
                (ax, ay), (bx, by) = corner[k - 1], corner[k]
                a, b = ax * x + ay * y - half, bx * x + by * y - half
                if a * b < 0:
                    kept.append((ax + (bx - ax) * a / (a - b), ay + (by - ay) * a / (a - b)))
                if b <= 0:
                    kept.append((bx, by))
            corner = kept
        for k in range(len(corner)):
            (ax, ay), (bx, by) = corner[k - 1], corner[k]
            area[v] += 0.5 * (ax * by - ay * bx)
    return area
