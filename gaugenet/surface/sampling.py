"""Farthest-point samples, the vertices of coarser levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.front import drop_first, march, push
from gaugenet.surface.unfolding import Unfolding


@dataclass(frozen=True)
class Samples:
    """Farthest-point samples in the order in which they were chosen: every prefix is a sample too.

    Attributes:
        vertex: ``(S,)`` vertex ids.
        reach: ``(S + 1,)``: no vertex is further than ``reach[k]`` from the first k samples [mesh unit].
        parts: Number of samples that come first, one in each component of the surface.
    """

    vertex: np.ndarray
    reach: np.ndarray
    parts: int = 1


def farthest_points(first: int, distance: Callable[[int], np.ndarray], count: int, grain: float = 1e-9) -> Samples:
    """Choose points, each furthest from those before it, where all distances from a point are at hand.

    Args:
        first: Point to begin with.
        distance: Function of a point that returns its distances ``(V,)`` to all.
        count: Number of points, at most V.
        grain: Relative difference of distances that counts as rounding; of equals the first is taken.
    """
    vertex, reach = np.empty(count, np.int64), np.full(count + 1, np.inf)
    here, bound = first, np.array(np.inf)
    for k in range(count):
        vertex[k] = here
        bound = np.minimum(bound, distance(here))
        here = int((bound >= bound.max() * (1 - grain)).argmax())
        reach[k + 1] = bound[here]
    return Samples(vertex, reach)


def farthest_on_mesh(mesh: Mesh, unfolding: Unfolding, count: int) -> Samples:
    """Choose vertices, each furthest along the surface from those before it (Eldar et al. 1997).

    Begins at the vertex furthest from the centroid and in every component of the surface, so that there may be more
    than ``count``; isolated vertices are never chosen. The choice depends on the shape, not on its pose or numbering,
    except between vertices that tie. Each front stops where vertices are nearer to earlier samples.

    Args:
        mesh: Clean mesh.
        unfolding: Its corners.
        count: Number of samples.
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
    vertex, reach = _farthest(start, min(count, int(used.sum())), grain, unfolding)
    return Samples(vertex, reach, int((reach[:-1] > unfolding.total_length).sum()))


@numba.njit(cache=True, nogil=True)
def _farthest(start, count, grain, mesh):
    bound = start.copy()  # distance to the samples so far
    far = start[start >= 0].min() if (start >= 0).any() else 0.0
    limit = bound * (1.0 - 1e-12)  # of the next front
    settled = np.zeros(len(start), np.bool_)
    # Keys are rounded to a grain, so that rounding errors of a turned mesh do not decide between equals. A key is the
    # bound when the vertex was pushed: bounds only fall, so the first vertex whose key is still right is the furthest.
    queue_key, queue = np.empty(len(start)), np.empty(len(start), np.int64)
    queued = 0
    for v in range(len(start)):
        if start[v] >= 0:
            push(queue_key, queue, queued, -np.round(start[v] / grain), v)
            queued += 1
    key, item, visited = np.empty(1024), np.empty(1024, np.int64), np.empty(len(start), np.int64)
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
        many, key, item = march(vertex, limit, settled, visited, key, item, mesh)
        for v in visited[:many]:
            bound[v] = limit[v]
            limit[v] = bound[v] * (1.0 - 1e-12)
            settled[v] = False
        last = 0.0
    reach.append(last)
    return np.array(chosen), np.array(reach)
