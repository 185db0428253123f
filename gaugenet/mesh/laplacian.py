"""The cotangent Laplacian and its spectrum."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
import scipy.sparse.linalg
from threadpoolctl import threadpool_limits

from gaugenet.mesh.geometry import corner_angles, vertex_areas


def cotangent_laplacian(pos: np.ndarray, face: np.ndarray) -> sparse.csc_matrix:
    """Return the positive semi-definite stiffness matrix ``(V, V)`` of linear finite elements.

    (L f)_i = sum_j (cot a_ij + cot b_ij) / 2 (f_i - f_j), a and b opposite to edge ij (Pinkall & Polthier 1993).

    Cotangents are clipped to +-1e4, so that a sliver cannot swamp its neighbours.
    """
    cotangent = 1.0 / np.tan(np.clip(corner_angles(pos, face), 1e-4, np.pi - 1e-4))
    i, j = np.roll(face, -1, axis=1).reshape(-1), np.roll(face, -2, axis=1).reshape(-1)
    weight = 0.5 * cotangent.reshape(-1)
    size = len(pos)
    off = sparse.coo_matrix((np.r_[weight, weight], (np.r_[i, j], np.r_[j, i])), shape=(size, size)).tocsc()
    return sparse.diags(np.asarray(off.sum(axis=1)).ravel()).tocsc() - off


def laplacian_spectrum(pos: np.ndarray, face: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``count`` smallest eigenvalues ``(k,)`` and eigenfunctions ``(V, k)`` of the Laplacian.

    Solves L phi = lambda M phi with lumped masses M; eigenfunctions are orthonormal for M. Shift-invert Lanczos, dense
    for small meshes. Vertices without area take no part: their eigenfunctions are 0. k <= number of vertices with area.
    """
    area = vertex_areas(pos, face)
    used = np.flatnonzero(area > 0)
    stiffness = cotangent_laplacian(pos, face)[used][:, used]
    # Symmetrised by M^(-1/2) and scaled to unit total area, so that one shift suits every mesh.
    unit = area[used] / area.sum()
    half = sparse.diags(1.0 / np.sqrt(unit))
    operator = (half @ stiffness @ half).tocsc()
    count = min(count, len(used))
    # The solvers' vectors are short: BLAS threads only wait for each other (up to 20 times slower when busy).
    with threadpool_limits(1, user_api="blas"):
        if count > len(used) // 3 or len(used) < 200:
            value, vector = scipy.linalg.eigh(operator.toarray(), subset_by_index=[0, count - 1])
        else:
            start = np.sqrt(unit)  # a fixed start makes the result repeatable; it is the constant function, plus a ramp
            start = start * (1.0 + np.linspace(0.0, 1.0, len(start)))
            value, vector = scipy.sparse.linalg.eigsh(operator, k=count, sigma=-1e-2, which="LM", v0=start)
            order = np.argsort(value)
            value, vector = value[order], vector[:, order]
    function = np.zeros((len(pos), count))
    function[used] = vector / np.sqrt(area[used])[:, None]
    return np.maximum(value, 0.0) / area.sum(), function
