"""The first triangle that a ray meets, found by a hierarchy of boxes."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

# Most triangles in a leaf, and number of intervals from which the position of a cut is chosen.
_LEAF, _BINS = 4, 12
# Triangles are enlarged by this share of their edges, so that no ray slips between two; boxes are enlarged by more.
# A ray at a smaller angle to the plane of a triangle [rad] does not meet it.
_SLACK, _PARALLEL = 1e-9, 1e-9


class RayCaster(NamedTuple):
    """A hierarchy of axis-parallel boxes around the triangles of a mesh, which compiled functions read.

    Attributes:
        box: (N, 6), lowest and highest coordinates of each node [mesh unit].
        child: (N,) int32, the first of a node's two children, or the first triangle of a leaf.
        size: (N,) int32, number of triangles of a leaf, 0 for other nodes.
        triangle: (F, 10), one corner, the two edges from it, and the length of their cross product.
        depth: Number of levels of the hierarchy.
        extent: Longest side of the bounding box of the mesh [mesh unit].
    """

    box: np.ndarray
    child: np.ndarray
    size: np.ndarray
    triangle: np.ndarray
    depth: int
    extent: float

    @staticmethod
    def build(pos: np.ndarray, face: np.ndarray) -> RayCaster:
        """Sort faces into boxes, which are cut by the surface area heuristic (Wald 2007).

        Args:
            pos: (V, 3), vertex positions [mesh unit].
            face: (F, 3), vertex indices of at least one face.
        """
        corner = pos[face]
        low, high = corner.min(axis=1), corner.max(axis=1)
        extent = float((high.max(axis=0) - low.min(axis=0)).max())
        slack = 4 * _SLACK * extent
        box, child, size, order, depth = _hierarchy(low - slack, high + slack)
        corner = corner[order]
        one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        product = np.linalg.norm(np.cross(one, two), axis=1, keepdims=True)
        triangle = np.concatenate([corner[:, 0], one, two, product], axis=1)
        return RayCaster(box, child, size, triangle, depth, extent)


@numba.njit(cache=True, nogil=True)
def first_hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, start: float, limit: float,
    stack: np.ndarray, entry: np.ndarray, caster: RayCaster,
) -> tuple[float, int]:  # fmt: skip
    """Return the distance to the nearest triangle of a ray, and its index.

    Nearer boxes are visited first, those behind a hit never; in the leaves as Möller & Trumbore 1997.

    Args:
        ox: X coordinate of the origin.
        oy: Y coordinate of the origin.
        oz: Z coordinate of the origin.
        dx: X component of the direction.
        dy: Y component of the direction.
        dz: Z component of the direction.
        start: Smallest distance that counts, in lengths of the direction.
        limit: Largest distance that counts.
        stack: (depth + 2,) int32, working memory.
        entry: (depth + 2,) float64, working memory.
        caster: Ray caster of the mesh.

    Returns:
        Distance, and index of the row of ``triangle``; ``limit`` and -1 if the ray meets none.
    """
    box, child, size, triangle = caster.box, caster.child, caster.size, caster.triangle
    # Avoid division by zero: a ray along an axis stays inside or outside the sides of a box for 1e300 lengths.
    ix = 1.0 / dx if abs(dx) > 1e-300 else 1e300
    iy = 1.0 / dy if abs(dy) > 1e-300 else 1e300
    iz = 1.0 / dz if abs(dz) > 1e-300 else 1e300
    parallel = _PARALLEL * np.sqrt(dx * dx + dy * dy + dz * dz)
    best, at = limit, -1
    stack[0], entry[0], waiting = 0, 0.0, 1
    while waiting > 0:
        waiting -= 1
        node = stack[waiting]
        if entry[waiting] > best:
            continue
        while size[node] == 0:
            left = child[node]
            near = _entry(box, left, ox, oy, oz, ix, iy, iz, best)
            far = _entry(box, left + 1, ox, oy, oz, ix, iy, iz, best)
            node = left
            if far < near:
                near, far, node = far, near, left + 1
            if near == np.inf:
                node = -1
                break
            if far < np.inf:
                stack[waiting], entry[waiting] = 2 * left + 1 - node, far
                waiting += 1
        if node < 0:
            continue
        for k in range(child[node], child[node] + size[node]):
            ax, ay, az = triangle[k, 3], triangle[k, 4], triangle[k, 5]
            bx, by, bz = triangle[k, 6], triangle[k, 7], triangle[k, 8]
            px, py, pz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
            volume = ax * px + ay * py + az * pz
            if abs(volume) <= parallel * triangle[k, 9]:
                continue
            inverse = 1.0 / volume
            sx, sy, sz = ox - triangle[k, 0], oy - triangle[k, 1], oz - triangle[k, 2]
            u = (sx * px + sy * py + sz * pz) * inverse
            if u < -_SLACK or u > 1.0 + _SLACK:
                continue
            qx, qy, qz = sy * az - sz * ay, sz * ax - sx * az, sx * ay - sy * ax
            v = (dx * qx + dy * qy + dz * qz) * inverse
            if v < -_SLACK or u + v > 1.0 + _SLACK:
                continue
            distance = (bx * qx + by * qy + bz * qz) * inverse
            if start < distance < best:
                best, at = distance, k
    return best, at


@numba.njit(cache=True, nogil=True)
def _entry(box, node, ox, oy, oz, ix, iy, iz, best):
    """Return the distance at which a ray enters a box, infinite if it does not before ``best``."""
    x1, x2 = (box[node, 0] - ox) * ix, (box[node, 3] - ox) * ix
    y1, y2 = (box[node, 1] - oy) * iy, (box[node, 4] - oy) * iy
    z1, z2 = (box[node, 2] - oz) * iz, (box[node, 5] - oz) * iz
    enter = max(max(min(x1, x2), min(y1, y2)), max(min(z1, z2), 0.0))
    leave = min(min(max(x1, x2), max(y1, y2)), min(max(z1, z2), best))
    return enter if enter <= leave else np.inf


@numba.njit(cache=True, nogil=True)
def _hierarchy(low, high):
    """Split boxes (F, 3) in two until few are left: boxes, children and sizes of nodes, order of the leaves, depth."""
    count = len(low)
    order = np.arange(count)
    box = np.empty((2 * count, 6))
    child, size = np.zeros(2 * count, np.int32), np.zeros(2 * count, np.int32)
    begin, end, level = np.empty(2 * count, np.int32), np.empty(2 * count, np.int32), np.empty(2 * count, np.int32)
    begin[0], end[0], level[0], nodes, depth = 0, count, 1, 1, 1
    node = 0
    while node < nodes:
        first, last = begin[node], end[node]
        centre_low, centre_high = np.full(3, np.inf), np.full(3, -np.inf)
        box[node, :3], box[node, 3:] = np.inf, -np.inf
        for k in range(first, last):
            for axis in range(3):
                box[node, axis] = min(box[node, axis], low[order[k], axis])
                box[node, 3 + axis] = max(box[node, 3 + axis], high[order[k], axis])
                centre = low[order[k], axis] + high[order[k], axis]
                centre_low[axis], centre_high[axis] = min(centre_low[axis], centre), max(centre_high[axis], centre)
        axis = int(np.argmax(centre_high - centre_low))
        width = centre_high[axis] - centre_low[axis]
        depth = max(depth, level[node])
        if last - first <= _LEAF or not width > 0.0:
            child[node], size[node] = first, last - first
        else:
            factor = _BINS * (1.0 - 1e-9) / width
            cut = _best_cut(low, high, order, first, last, axis, centre_low[axis], factor)
            middle = first
            for k in range(first, last):
                f = order[k]
                if int((low[f, axis] + high[f, axis] - centre_low[axis]) * factor) < cut:
                    order[k], order[middle] = order[middle], f
                    middle += 1
            child[node] = nodes
            begin[nodes], end[nodes], level[nodes] = first, middle, level[node] + 1
            begin[nodes + 1], end[nodes + 1], level[nodes + 1] = middle, last, level[node] + 1
            nodes += 2
        node += 1
    return box[:nodes].copy(), child[:nodes].copy(), size[:nodes].copy(), order, depth


@numba.njit(cache=True, nogil=True)
def _best_cut(low, high, order, first, last, axis, origin, factor):
    """Return the interval before which to cut: sizes times areas of both boxes sum to the least, neither is empty."""
    number, bounds = np.zeros(_BINS, np.int64), np.full((_BINS, 6), np.inf)
    for k in range(first, last):
        f = order[k]
        b = int((low[f, axis] + high[f, axis] - origin) * factor)
        number[b] += 1
        for d in range(3):
            bounds[b, d] = min(bounds[b, d], low[f, d])
            bounds[b, 3 + d] = min(bounds[b, 3 + d], -high[f, d])
    cost, best, cut = np.zeros(_BINS), np.inf, 1
    for backwards in (True, False):
        side, members = np.full(6, np.inf), 0
        for step in range(_BINS - 1):
            b = _BINS - 1 - step if backwards else step
            side, members = np.minimum(side, bounds[b]), members + number[b]
            x, y, z = -side[3] - side[0], -side[4] - side[1], -side[5] - side[2]
            cost[b if backwards else b + 1] += members * (x * y + y * z + z * x) if members else 0.0
    for b in range(1, _BINS):
        if cost[b] < best:
            best, cut = cost[b], b
    return cut
