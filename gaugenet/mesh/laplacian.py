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


def laplacian_spectrum(
    pos: np.ndarray, face: np.ndarray, count: int, basis: sparse.csr_matrix | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``count`` smallest eigenvalues ``(k,)`` and eigenfunctions ``(V, k)`` of the Laplacian.

    Solves L phi = lambda M phi with lumped masses M; eigenfunctions are orthonormal for M. Vertices without area take
    no part: their eigenfunctions are 0. k <= number of vertices with area.

    With a ``basis`` U ``(V, S)`` the eigenfunctions are sought among its combinations phi = U psi (Rayleigh-Ritz):
    U^T L U psi = lambda U^T M U psi, which bounds the eigenvalues from above; k <= S.

    Dense for small problems, shift-invert Lanczos for others.
    """
    area = vertex_areas(pos, face)
    if basis is None:
        basis = sparse.identity(len(pos), format="csr")[:, np.flatnonzero(area > 0)]
        ridge = 0.0
    else:
        ridge = 1e-10  # keeps the masses definite where functions hardly differ; all but these do not notice
    # Scaled to unit total area and to a mass matrix with unit diagonal, so that one shift suits every mesh.
    mass = basis.T @ sparse.diags(area / area.sum()) @ basis
    diagonal = mass.diagonal()
    half = sparse.diags(1.0 / np.sqrt(diagonal))
    stiffness = (half @ (basis.T @ (cotangent_laplacian(pos, face) @ basis)) @ half).tocsc()
    mass = (half @ mass @ half + ridge * sparse.identity(len(diagonal))).tocsc()
    # A start that is fixed makes the result repeatable; it is the constant function, plus a ramp.
    start = np.sqrt(diagonal) * (1.0 + np.linspace(0.0, 1.0, len(diagonal)))
    value, vector = _smallest(stiffness, mass if ridge else None, min(count, len(diagonal)), start)
    function = basis @ (vector / np.sqrt(diagonal * area.sum())[:, None])
    return np.maximum(value, 0.0) / area.sum(), function


def _smallest(
    stiffness: sparse.csc_matrix, mass: sparse.csc_matrix | None, count: int, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest eigenvalues and eigenvectors; the mass matrix is the identity where there is none."""
    size = len(start)
    # Functions that overlap fill the factors: their problem is better solved dense for longer.
    dense = count > size // 3 or size < (200 if mass is None else 1200)
    # The solvers' vectors are short: BLAS threads only wait for each other (up to 20 times slower when busy).
    with threadpool_limits(1, user_api="blas"):
        if dense:
            full = None if mass is None else mass.toarray()
            return scipy.linalg.eigh(stiffness.toarray(), full, subset_by_index=[0, count - 1])
        value, vector = scipy.sparse.linalg.eigsh(stiffness, k=count, M=mass, sigma=-1e-2, which="LM", v0=start)
        order = np.argsort(value)
        return value[order], vector[:, order]
