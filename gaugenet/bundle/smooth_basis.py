"""Smooth, local functions on a surface, in which its slowest vibrations can be found at little cost."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import scipy.sparse as sparse

from gaugenet.bundle.marching import march
from gaugenet.bundle.sampling import farthest_point_samples
from gaugenet.bundle.unfolding import Unfolding
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
    """Distances along the surface below ``radius``: vertices, distances, and how many each source has."""
    size = len(begin) - 1
    distance = np.full(size, np.inf)
    settled = np.zeros(size, dtype=np.bool_)
    visited, key, item = np.empty(size, np.int64), np.empty(1024), np.empty(1024, np.int64)
    out_vertex, out_distance = np.empty(8 * size, np.int32), np.empty(8 * size)
    found = np.empty(len(sources), np.int64)
    first = 0
    for rank in range(len(sources)):
        count, key, item = march(
            sources[rank], radius, distance, settled, visited, key, item, begin, rim, length, corner
        )
        while first + count > len(out_vertex):
            out_vertex = np.concatenate((out_vertex, np.empty(4 * size, np.int32)))
            out_distance = np.concatenate((out_distance, np.empty(4 * size)))
        for k in range(count):
            v = visited[k]
            out_vertex[first + k], out_distance[first + k] = v, distance[v]
            settled[v] = False
            distance[v] = np.inf
        first += count
        found[rank] = count
    return out_vertex[:first], out_distance[:first], found
