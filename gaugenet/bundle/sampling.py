"""Farthest-point samples of a surface, the vertices of coarser levels."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.bundle.heap import drop_first, push, twice
from gaugenet.bundle.unfolding import Unfolding, in_sight, source_below
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
    unreached = remote.max() + unfolding.total_length + remote
    start = np.where(used, unreached, -1.0)
    grain = 1e-9 * remote.max()
    arrays = (unfolding.begin, unfolding.rim, unfolding.length, unfolding.corner)
    vertex, reach = _farthest_points(start, min(count, int(used.sum())), grain, *arrays)
    return Samples(vertex, reach)


@numba.njit(cache=True, nogil=True)
def _farthest_points(start, count, grain, begin, rim, length, corner):
    bound = start.copy()  # distance to the samples so far
    far = start[start >= 0].min() if (start >= 0).any() else 0.0
    local = np.full(len(start), np.inf)
    settled = np.zeros(len(start), np.bool_)
    # Keys are rounded to a grain, so that rounding errors of a turned mesh do not decide between equals. They are those
    # of the time when a vertex was put in: bounds only fall, so the first with its key unchanged is the furthest.
    queue_key, queue = np.empty(len(start)), np.empty(len(start), np.int64)
    queued = 0
    for v in range(len(start)):
        if start[v] >= 0:
            push(queue_key, queue, queued, -np.round(start[v] / grain), v)
            queued += 1
    key, item, touched = np.empty(1024), np.empty(1024, np.int64), np.empty(len(start), np.int64)
    chosen = [0 for _ in range(0)]
    reach = [0.0 for _ in range(0)]
    last = 0.0
    while queued > 0:
        vertex, now = queue[0], -np.round(bound[queue[0]] / grain)
        if queue_key[0] != now:
            drop_first(queue_key, queue, queued)
            push(queue_key, queue, queued - 1, now, vertex)
            continue
        last = bound[vertex]
        if (len(chosen) >= count and last < far) or last <= 0.0:
            break
        chosen.append(vertex)
        reach.append(last)
        local[vertex] = bound[vertex] = 0.0
        touched[0], num_touched = vertex, 1
        key[0], item[0], waiting = 0.0, vertex, 1
        while waiting > 0:
            reached, j = key[0], item[0]
            drop_first(key, item, waiting)
            waiting -= 1
            if settled[j]:
                continue
            settled[j] = True  # once: on slivers a vertex could come nearer again and again
            for slot in range(begin[j], begin[j + 1]):
                cosine, sine = corner[slot, 0], corner[slot, 1]
                for side in range(2):
                    v, other = rim[slot, side], rim[slot, 1 - side]
                    if settled[v]:
                        continue
                    near, base = length[slot, side], length[slot, 1 - side]
                    x, y = near * cosine, near * sine
                    worst = min(bound[v], local[v])
                    source_x, depth = source_below(reached, local[other], base)
                    new = np.sqrt((x - source_x) ** 2 + (y + depth) ** 2)
                    if new > worst * (1.0 + 1e-9):  # no path is shorter than the straight one; NaN goes on
                        continue
                    if (
                        j == vertex
                        or other == vertex
                        or not settled[other]
                        or not in_sight(source_x, depth, base, x, y)
                    ):
                        new = reached + near
                    if new < bound[v] * (1.0 - 1e-12) and new < local[v]:
                        if local[v] == np.inf:
                            touched[num_touched] = v
                            num_touched += 1
                        local[v] = new
                        if waiting == len(key):
                            key, item = twice(key), twice(item)
                        push(key, item, waiting, new, v)
                        waiting += 1
        for v in touched[:num_touched]:
            bound[v] = min(bound[v], local[v])
            local[v] = np.inf
            settled[v] = False
        last = 0.0
    reach.append(last)
    return np.array(chosen), np.array(reach)
