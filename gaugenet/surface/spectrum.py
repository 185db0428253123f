"""The slowest vibrations of a surface of any size."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sparse

from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import laplacian_spectrum
from gaugenet.surface.front import distances
from gaugenet.surface.mesh_surface import MeshSurface

# Smooth functions among which the eigenfunctions of larger meshes are sought, and from how many vertices to each it
# is quicker to do so.
_FUNCTIONS = 500
_SMALL = 6.0
# Radius of the functions' supports over the reach of the samples. At 3 some fifteen overlap at a vertex; with less the
# functions are too steep to add up to smooth ones (signatures err half as much again at 2.5, four times as much at 2).
_OVERLAP = 3.0


def surface_spectrum(surface: MeshSurface, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest eigenvalues ``(k,)`` and eigenfunctions ``(V, k)`` of the Laplacian.

    The area of the surface counts as 1. Functions are 0 at vertices without area.

    On meshes of more than some 3,000 vertices the eigenfunctions are sought among a few hundred smooth functions
    (Nasikun, Brandt & Hildebrandt 2018), in time proportional to V.

    Args:
        surface: Surface of a mesh.
        count: Largest k.
    """
    functions, mesh = max(_FUNCTIONS, 5 * count), surface.mesh
    basis = smooth_basis(surface, functions) if len(mesh.pos) > _SMALL * functions else None
    value, function = laplacian_spectrum(mesh.pos, mesh.face, count, basis)
    area = float(face_areas(mesh.pos, mesh.face).sum())
    return value * area, function * np.sqrt(area)


def smooth_basis(surface: MeshSurface, count: int, threads: int | None = None) -> sparse.csr_matrix:
    """Return ``count`` smooth, local functions that sum to 1 at every vertex of the surface: ``(V, S)``.

    U_vs = w(r_vs / R) / sum_s' w(r_vs' / R), w(q) = 1 - 3 q^2 + 2 q^3 for q < 1, with r_vs the distance along the
    surface from sample s (Nasikun, Brandt & Hildebrandt 2018, eq. 5-7) and R three times the reach of the samples.

    There is a sample in every component, so that there may be more than ``count`` functions; the rows of isolated
    vertices are empty. Takes time and memory in proportion to V.

    Args:
        surface: Surface of a mesh.
        count: Number of functions.
        threads: Number of threads that share the samples; all cores when None. The result does not depend on it.
    """
    unfolding, size = surface.paths, len(surface.pos)
    samples = surface.farthest_points(count)
    # Where every vertex is a sample the reach is 0; any radius without neighbours does then.
    radius = _OVERLAP * (samples.reach[-1] if samples.reach[-1] > 0 else 1e-6 * unfolding.length.min())
    threads = threads or os.cpu_count() or 1
    chunks = np.array_split(samples.vertex, max(1, min(threads, len(samples.vertex) // 64)))
    with ThreadPoolExecutor(len(chunks)) as pool:
        results = list(pool.map(lambda chunk: distances(chunk, radius, unfolding), chunks))
    vertex, distance, many = (np.concatenate(part) for part in zip(*results, strict=True))
    del results
    quotient = distance / radius
    weight = 1.0 - quotient**2 * (3.0 - 2.0 * quotient)
    total = np.bincount(vertex, weight, size)
    shape = (len(samples.vertex), size)
    return sparse.csr_matrix((weight / total[vertex], vertex, np.r_[0, np.cumsum(many)]), shape=shape).T.tocsr()
