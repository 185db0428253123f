"""Smooth, local functions on a surface, in which its slowest vibrations can be found at little cost."""

from __future__ import annotations

import heapq
import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import scipy.sparse as sparse

from gaugenet.bundle.sampling import farthest_point_samples
from gaugenet.bundle.unfolding import Unfolding, in_sight, source_below
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
    unfolding = Unfolding.build(mesh)
    samples = farthest_point_samples(mesh, unfolding, count)
    # Where every vertex is a sample the reach is 0; any radius without neighbours does then.
    radius = _OVERLAP * (samples.reach[-1] if samples.reach[-1] > 0 else 1e-6 * unfolding.length.min())
    threads = threads or os.cpu_count() or 1
    chunks = np.array_split(samples.vertex, max(1, min(threads, len(samples.vertex) // 64)))
    arrays = (unfolding.begin, unfolding.rim, unfolding.length, unfolding.corner)
    with ThreadPoolExecutor(len(chunks)) as pool:
        results = list(pool.map(lambda chunk: _distances(chunk, radius, *arrays), chunks))
    vertex, distance, size = (np.concatenate(part) for part in zip(*results, strict=True))
    del results
    quotient = distance / radius
    weight = 1.0 - quotient**2 * (3.0 - 2.0 * quotient)
    total = np.bincount(vertex, weight, len(mesh.pos))
    shape = (len(samples.vertex), len(mesh.pos))
    return sparse.csr_matrix((weight / total[vertex], vertex, np.r_[0, np.cumsum(size)]), shape=shape).T.tocsr()


@numba.njit(cache=True, nogil=True)
def _distances(sources, radius, begin, rim, length, corner):
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
                for side in range(2):
                    v, other = rim[slot, side], rim[slot, 1 - side]
                    if settled[v]:
                        continue
                    near = length[slot, side]
                    new = reached + near
                    if settled[other] and reached > 0.0 and distance[other] > 0.0:
                        x, y = near * corner[slot, 0], near * corner[slot, 1]
                        base = length[slot, 1 - side]
                        source_x, depth = source_below(reached, distance[other], base)
                        if in_sight(source_x, depth, base, x, y):
                            new = min(new, np.sqrt((x - source_x) ** 2 + (y + depth) ** 2))
                    if new < radius and new < distance[v]:
                        distance[v] = new
                        heapq.heappush(heap, (new, np.int64(v)))
        for place in range(first, count):
            settled[out_vertex[place]] = False
            distance[out_vertex[place]] = np.inf
        found[rank] = count - first
    return out_vertex[:count], out_distance[:count], found
