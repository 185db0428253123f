"""Smooth, local functions on a surface, in which its slowest vibrations can be found at little cost."""

from __future__ import annotations

import heapq
import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import scipy.sparse as sparse

from gaugenet.bundle.geodesic import Unfolding
from gaugenet.bundle.sampling import farthest_point_samples
from gaugenet.mesh.mesh import Mesh

# Radius of the functions' supports over the reach of the samples. At 3 some fifteen overlap at a vertex; with less the
# functions are too steep to add up to smooth ones (signatures err half as much again at 2.5, four times as much at 2).
_OVERLAP = 3.0


def smooth_basis(mesh: Mesh, count: int, threads: int | None = None) -> sparse.csr_matrix:
    """Return ``count`` smooth, local functions that sum to 1 at every vertex of the surface: ``(V, S)``.

    U_vs = w(r_vs / R) / sum_s' w(r_vs' / R), w(q) = 1 - 3 q^2 + 2 q^3 for q < 1, with r_vs the distance along the
    surface from sample s (Nasikun, Brandt & Hildebrandt 2018, eq. 5-7) and R three times the reach of the samples.

    There is a sample in every component, so that there may be more than ``count`` functions; the rows of isolated
    vertices are empty. Takes time and memory in proportion to V.

    Args:
        threads: how many threads share the samples; all cores when None. The result does not depend on it.
    """
    start, end = mesh.face.reshape(-1), np.roll(mesh.face, -1, axis=1).reshape(-1)
    corner = np.argsort(start, kind="stable")
    begin = np.r_[0, np.cumsum(np.bincount(start, minlength=len(mesh.pos)))]
    length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
    unused = np.empty(0)  # distances need neither angles nor transport
    samples = farthest_point_samples(mesh, Unfolding(corner, begin, end, length, unused, unused), count)
    # Where every vertex is a sample the reach is 0; any radius without neighbours does then.
    radius = _OVERLAP * (samples.reach[-1] if samples.reach[-1] > 0 else 1e-6 * length.min())
    threads = threads or os.cpu_count() or 1
    chunks = np.array_split(samples.vertex, max(1, min(threads, len(samples.vertex) // 64)))
    with ThreadPoolExecutor(len(chunks)) as pool:
        results = list(pool.map(lambda chunk: _distances(chunk, radius, corner, begin, end, length), chunks))
    vertex, distance, size = (np.concatenate(part) for part in zip(*results, strict=True))
    del results
    quotient = distance / radius
    weight = 1.0 - quotient**2 * (3.0 - 2.0 * quotient)
    total = np.bincount(vertex, weight, len(mesh.pos))
    shape = (len(samples.vertex), len(mesh.pos))
    return sparse.csr_matrix((weight / total[vertex], vertex, np.r_[0, np.cumsum(size)]), shape=shape).T.tocsr()


@numba.njit(cache=True, nogil=True)
def _straight(near, far, base, side_near, side_far):
    """Distance of a triangle's apex from a source seen through its base; infinite where the line misses the base.

    The base lies on the x axis, its ends at distance ``near`` and ``far`` from a source below; the apex is above.
    """
    source_x = (near * near - far * far + base * base) / (2 * base)
    source_y2 = near * near - source_x * source_x
    apex_x = (side_near * side_near - side_far * side_far + base * base) / (2 * base)
    apex_y2 = side_near * side_near - apex_x * apex_x
    if source_y2 <= 0.0 or apex_y2 <= 0.0:
        return np.inf
    source_y, apex_y = np.sqrt(source_y2), np.sqrt(apex_y2)
    crossing = (source_x * apex_y + apex_x * source_y) / (source_y + apex_y)
    if crossing < 0.0 or crossing > base:
        return np.inf
    return np.sqrt((apex_x - source_x) ** 2 + (apex_y + source_y) ** 2)


@numba.njit(cache=True, nogil=True)
def _distances(sources, radius, corner, begin, end, length):
    """Distances along the surface below ``radius``: vertices, distances, and how many each source has.

    Fast marching: the nearest vertex is settled, then reaches the others of its faces along an edge, or straight across
    the face from the edge to a vertex that is settled already.
    """
    size = len(begin) - 1
    distance = np.full(size, np.inf)
    settled = np.zeros(size, dtype=np.bool_)
    out_vertex, out_distance = np.empty(8 * size, np.int32), np.empty(8 * size)
    found = np.empty(len(sources), np.int64)
    count = 0
    for rank in range(len(sources)):
        heap = [(0.0, sources[rank])]
        distance[sources[rank]] = 0.0
        first = count
        while len(heap) > 0:
            reached, j = heapq.heappop(heap)
            if settled[j]:
                continue
            settled[j] = True
            if count == len(out_vertex):
                out_vertex = np.concatenate((out_vertex, np.empty(4 * size, np.int32)))
                out_distance = np.concatenate((out_distance, np.empty(4 * size)))
            out_vertex[count], out_distance[count] = j, reached
            count += 1
            for slot in range(begin[j], begin[j + 1]):
                h = corner[slot]
                after = h + 1 if h % 3 < 2 else h - 2
                before = h - 1 if h % 3 else h + 2
                a, b = end[h], end[after]
                if settled[a] and settled[b]:
                    continue
                to_a, to_b = reached + length[h], reached + length[before]
                if settled[b] and reached > 0.0 and distance[b] > 0.0:
                    to_a = min(to_a, _straight(reached, distance[b], length[before], length[h], length[after]))
                if settled[a] and reached > 0.0 and distance[a] > 0.0:
                    to_b = min(to_b, _straight(reached, distance[a], length[h], length[before], length[after]))
                if to_a < radius and to_a < distance[a]:
                    distance[a] = to_a
                    heapq.heappush(heap, (to_a, a))
                if to_b < radius and to_b < distance[b]:
                    distance[b] = to_b
                    heapq.heappush(heap, (to_b, b))
        for place in range(first, count):
            settled[out_vertex[place]] = False
            distance[out_vertex[place]] = np.inf
        found[rank] = count - first
    return out_vertex[:count], out_distance[:count], found
