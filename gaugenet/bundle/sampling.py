"""Farthest-point samples of a surface, the vertices of coarser levels."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.bundle.geodesic import Unfolding, _unfold
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh


@dataclass(frozen=True)
class Samples:
    """Farthest-point samples in the order in which they were chosen: every prefix is a sample too.

    Attributes:
        vertex: ``(S,)`` vertex ids.
        reach: ``(S + 1,)``: no vertex is further than ``reach[k]`` from the first k samples [mesh unit].
    """

    vertex: np.ndarray
    reach: np.ndarray


def farthest_point_samples(mesh: Mesh, unfolding: Unfolding, count: int) -> Samples:
    """Choose ``count`` vertices, each furthest along the surface from those before it (Eldar et al. 1997).

    Begins at the vertex furthest from the centroid and in every component of the surface, so that there may be more
    than ``count``; isolated vertices are never chosen. The choice depends on the shape, not on its pose or numbering,
    except between vertices that tie.
    """
    used = np.zeros(len(mesh.pos), dtype=bool)
    used[mesh.face.reshape(-1)] = True
    area = vertex_areas(mesh.pos, mesh.face)
    centroid = (mesh.pos * area[:, None]).sum(0) / area.sum()
    remote = np.linalg.norm(mesh.pos - centroid, axis=1)
    # Further than any path on the surface: what has not been reached yet comes first.
    unreached = remote.max() + unfolding.length.sum() + remote
    start = np.where(used, unreached, -1.0)
    grain = 1e-9 * remote.max()
    arrays = (unfolding.corner, unfolding.begin, unfolding.end, unfolding.length)
    vertex, reach = _farthest_points(start, min(count, int(used.sum())), grain, *arrays)
    return Samples(vertex, reach)


@numba.njit(cache=True, nogil=True)
def _farthest_points(start, count, grain, corner, begin, end, length):
    bound = start.copy()  # distance to the samples so far
    far = start[start >= 0].min() if (start >= 0).any() else 0.0
    local = np.full(len(start), np.inf)
    # Keys are rounded to a grain, so that rounding errors of a turned mesh do not decide between equals.
    queue = [(-np.round(start[v] / grain), v) for v in range(len(start)) if start[v] >= 0]
    heapq.heapify(queue)
    chosen = [0 for _ in range(0)]
    reach = [0.0 for _ in range(0)]
    last = 0.0
    while len(queue) > 0:
        key, vertex = heapq.heappop(queue)
        if key != -np.round(bound[vertex] / grain):
            continue
        last = bound[vertex]
        if (len(chosen) >= count and last < far) or last <= 0.0:
            break
        chosen.append(vertex)
        reach.append(last)
        heap = [(0.0, vertex)]
        local[vertex] = 0.0
        bound[vertex] = 0.0
        touched = [vertex]
        while len(heap) > 0:
            reached, j = heapq.heappop(heap)
            if reached > local[j]:
                continue
            for slot in range(begin[j], begin[j + 1]):
                h = corner[slot]
                after = h + 1 if h % 3 < 2 else h - 2
                before = h - 1 if h % 3 else h + 2
                for side in range(2):
                    if side == 0:
                        v, other, base = end[h], end[after], length[before]
                        near, across = length[h], length[after]
                    else:
                        v, other, base = end[after], end[h], length[h]
                        near, across = length[before], length[after]
                    new = -1.0
                    if j != vertex and other != vertex and local[other] < np.inf:
                        new, _ = _unfold(reached, local[other], base, near, across)
                    if new < 0.0:
                        new = reached + near
                    if new < bound[v] * (1.0 - 1e-12) and new < local[v]:
                        if local[v] == np.inf:
                            touched.append(v)
                        local[v] = new
                        heapq.heappush(heap, (new, v))
        for v in touched:
            if local[v] < bound[v]:
                bound[v] = local[v]
                heapq.heappush(queue, (-np.round(bound[v] / grain), v))
            local[v] = np.inf
        last = 0.0
    reach.append(last)
    return np.array(chosen), np.array(reach)
