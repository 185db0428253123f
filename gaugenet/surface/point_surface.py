"""The surface of a point cloud, by its tangent planes."""

from __future__ import annotations

import numba
import numpy as np
import scipy

from gaugenet.surface.edges import BundleEdges, Pooling, symmetric
from gaugenet.surface.surface import Surface

# Points, the centre included, by which a plane is estimated and a cell is bounded.
_NEAREST = 16
# A cell reaches no further than this share of the mean distance of the six nearest points: a little more than the
# corners of a hexagon do, so that cells at a boundary end.
_REACH = 0.75
# Nearest coarser points among which those on the other side of a thin sheet are passed over.
_CANDIDATES = 8


class PointSurface(Surface):
    """Points on a surface with their tangent planes, given or fitted to the nearest points (Hoppe et al. 1992).

    e1 points to the nearest point whose direction is not that of the normal. The area of a point is that of its Voronoi
    cell among the nearest points, projected on its plane.

    With normals transport never reflects, and points whose normals differ by more than a right angle, as on the other
    side of a thin sheet, are no neighbours. Without, the planes are estimated and have no sides: transport reflects
    where two frames see the surface from different sides, so the bundle is one of O(2). Neighbourhoods should be small
    against the radius of curvature: transport takes the nearer of two opposite normals.

    Args:
        pos: ``(V, 3)`` positions [mesh unit].
        normal: ``(V, 3)`` of any length, or None.

    Attributes:
        sided: Whether normals distinguish the sides of the surface; else their signs mean nothing.

    Raises:
        ValueError: For fewer than four points, values that are not finite, and normals of another shape or length 0.
    """

    usual_neighbours = 12.0  # about what two rings of a mesh have inside a common radius

    def __init__(self, pos: np.ndarray, normal: np.ndarray | None = None) -> None:
        pos = np.array(pos, dtype=np.float64)
        if pos.ndim != 2 or pos.shape[1] != 3 or len(pos) < 4:
            raise ValueError(f"a point cloud must have shape (V, 3) with at least 4 points, got {pos.shape}")
        if not np.isfinite(pos).all():
            bad = ~np.isfinite(pos).all(axis=1)
            raise ValueError(
                f"point cloud has {int(bad.sum())} points with NaN or infinite position (e.g. point "
                f"{int(np.argmax(bad))}); repair the file"
            )
        distance, near = scipy.spatial.cKDTree(pos).query(pos, k=min(_NEAREST, len(pos)))
        way = pos[near] - pos[:, None]
        n = _fitted(way, distance) if normal is None else _given(np.asarray(normal, dtype=np.float64), len(pos))
        flat = way - np.einsum("vka,va->vk", way, n)[..., None] * n[:, None]
        length = np.linalg.norm(flat, axis=2)
        first = np.argmax(length > 1e-3 * distance[:, -1:], axis=1)
        some = np.cross(n, np.eye(3)[np.abs(n).argmin(axis=1)])
        clear = length.max(axis=1) > 0
        e1 = np.where(clear[:, None], flat[np.arange(len(pos)), first], some)
        e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
        self.pos, self.sided = pos, normal is not None
        self.frame = np.stack([e1, np.cross(n, e1), n], axis=1)
        plane = np.einsum("vab,vkb->vka", self.frame[:, :2], way)
        self.area = _cell_areas(plane, _REACH * distance[:, 1:7].mean(axis=1))
        remote = ((pos - pos.mean(axis=0)) ** 2).sum(axis=1)
        self.first_point = int((remote >= remote.max() * (1 - 1e-9)).argmax())

    def look(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return log map ``(E, 2)``, transport, whether it reflects, and whether normals agree, of pairs of points.

        The direction is that of the chord, projected; the radius is the arc over the chord of the circles that touch
        the planes, its mean over both ends. Transport is the smallest rotation of space that takes one normal to the
        other, or to its opposite where that is nearer: exact on spheres, where it goes along the great circle.

        Args:
            source: ``(E,)`` points j.
            target: ``(E,)`` points i, in whose frames log maps are.
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

    def discs(self, vertex: np.ndarray, radius: float) -> BundleEdges:
        # No arc is shorter than its chord.
        pairs = scipy.spatial.cKDTree(self.pos[vertex]).query_pairs(radius, output_type="ndarray")
        source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
        log, transport, flip, same_side = self.look(vertex[source], vertex[target])
        keep = (log[:, 0] <= radius) & (same_side | (not self.sided))
        edges = BundleEdges.build(
            source[keep], target[keep], log[keep], transport[keep], None if self.sided else flip[keep]
        )
        return symmetric(edges, len(vertex))

    def limit(self, vertex: np.ndarray) -> float:
        return 2 * float(np.linalg.norm(np.ptp(self.pos[vertex], axis=0)))

    def distance(self, vertex: int) -> np.ndarray:
        """Return the distances ``(V,)`` from a point along straight lines [mesh unit]."""
        x, y, z = (self.pos - self.pos[vertex]).T
        return np.sqrt(x**2 + y**2 + z**2)

    def pooling(self, finer: np.ndarray, coarser: np.ndarray, reach: float) -> Pooling:
        """Return for each finer point the three nearest coarser ones on its side."""
        many = min(_CANDIDATES, len(coarser))
        near = scipy.spatial.cKDTree(self.pos[coarser]).query(self.pos[finer], k=many)[1].reshape(len(finer), many)
        fine, coarse = np.repeat(np.arange(len(finer)), many), near.ravel()
        log, transport, flip, same_side = self.look(finer[fine], coarser[coarse])
        radius = log[:, 0].reshape(-1, many)
        other = (~same_side & self.sided).reshape(-1, many)
        best = np.argsort(radius + np.where(other, 1e3 * radius.max(), 0.0), axis=1, kind="stable")[:, :3]
        # Of points on the other side only the nearest is taken, where there is no better one.
        good = ~np.take_along_axis(other, best, axis=1)
        good[:, 0] = True
        pick = (best + many * np.arange(len(finer))[:, None])[good]
        index = np.stack([fine[pick], coarse[pick]])
        return Pooling(index, log[pick, 0], transport[pick], reach, None if self.sided else flip[pick])


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
