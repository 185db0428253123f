"""The connection Laplacian of sections of a bundle, and its slowest modes."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
import scipy.sparse.linalg
from threadpoolctl import threadpool_limits

from gaugenet.mesh.connectivity import components, members
from gaugenet.surface.edges import BundleEdges

# Problems up to this size are solved dense.
_DENSE = 200


def section_laplacian(index: np.ndarray, stiffness: np.ndarray, rho: np.ndarray, size: int) -> sparse.csc_matrix:
    """Return the Laplacian ``(d V, d V)`` of sections with d components, those of a vertex side by side.

    (L u)_i = sum_j s_ij (u_i - rho_ij u_j); u^T L u = 1/2 sum_ij s_ij |u_i - rho_ij u_j|^2 where s is symmetric and
    reverse edges have rho_ji = rho_ij^-1.

    Args:
        index: ``(2, E)`` sources j, targets i.
        stiffness: ``(E,)`` weights s.
        rho: ``(E, d, d)`` action of transport on a section, orthogonal or, as ``(E, 1, 1)`` complex numbers, unitary.
        size: V.
    """
    width = rho.shape[1]
    here, there = np.arange(width)[:, None], np.arange(width)[None, :]
    rows, columns = np.broadcast_arrays(width * index[1][:, None, None] + here, width * index[0][:, None, None] + there)
    entries = stiffness[:, None, None] * rho
    shape = (width * size, width * size)
    across = sparse.coo_matrix((entries.ravel(), (rows.ravel(), columns.ravel())), shape=shape)
    diagonal = np.repeat(np.bincount(index[1], stiffness, size), width)
    return (sparse.diags(diagonal) - across).tocsc()


def connection_laplacian(edges: BundleEdges, stiffness: np.ndarray, order: int, size: int) -> sparse.csc_matrix:
    """Return the Laplacian ``(2V, 2V)`` of fields of an order n, real and imaginary part of a vertex side by side.

    The ``section_laplacian`` with rho of order n: R(n t) F^s for the transport g = R(t) F^s (Knöppel et al. 2013,
    section 6). With cotangent weights order 0 is the cotangent Laplacian, twice.

    Args:
        edges: Edges of the bundle.
        stiffness: ``(E,)`` their weights.
        order: Order n >= 0.
        size: V.
    """
    cos, sin = np.cos(order * edges.transport), np.sin(order * edges.transport)
    sign = np.ones(len(cos)) if edges.flip is None else 1.0 - 2.0 * edges.flip
    rho = np.stack([cos, -sign * sin, sin, sign * cos], axis=1).reshape(-1, 2, 2)
    return section_laplacian(edges.index, stiffness, rho, size)


def connection_spectrum(
    index: np.ndarray, stiffness: np.ndarray, rho: np.ndarray, area: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``count`` smallest eigenvalues ``(K,)`` and eigenfields ``(V, d, K)`` of L phi = lambda M phi.

    L is the ``section_laplacian``, M = diag(area). Eigenvalues ascend [1 / mesh unit squared]; eigenfields are real and
    orthonormal: sum_i a_i <phi_k(i), phi_l(i)> = delta_kl. Each component of the surface has its own modes. Vertices
    without area take no part. Where there are fewer modes than ``count``, zeros follow.

    Where pairs are rotated and never reflected, they are complex numbers, and the problem has half the size: phi and
    i phi are then eigenfields of one eigenvalue. Of an odd ``count`` the last one is left out.

    Args:
        index: ``(2, E)`` sources j, targets i.
        stiffness: ``(E,)`` weights, the same in both directions.
        rho: ``(E, d, d)`` orthogonal, d 1 or 2.
        area: ``(V,)`` [mesh unit squared].
        count: K.
    """
    pairs = rho.shape[1] == 2
    turning = pairs and bool((rho[:, 0, 0] == rho[:, 1, 1]).all() and (rho[:, 0, 1] == -rho[:, 1, 0]).all())
    if turning:
        rho = rho[:, :1, :1] + 1j * rho[:, 1:, :1]
    width, most = rho.shape[1], count // 2 if turning else count
    laplacian = section_laplacian(index, stiffness, rho, len(area)).tocsr()
    part = components(index[:, stiffness > 0].T, len(area))
    kept, modes = np.flatnonzero(area > 0), []
    for vertex in (kept[inside] for inside in members(part[kept])):
        inside = (width * vertex[:, None] + np.arange(width)).ravel()
        modes.append((vertex, *_smallest(laplacian[inside][:, inside], area[vertex].repeat(width), most)))
    value = np.concatenate([np.empty(0), *(one for _, one, _ in modes)])
    order = np.argsort(value, kind="stable")[:most]
    value = value[order]
    field = np.zeros((len(area), width, len(order)), rho.dtype)
    first = 0
    for vertex, one, vector in modes:
        column = np.flatnonzero((order >= first) & (order < first + len(one)))
        field[vertex[:, None], :, column] = (
            vector[:, order[column] - first].reshape(len(vertex), width, -1).transpose(0, 2, 1)
        )
        first += len(one)
    if turning:
        value = value.repeat(2)
        pair = np.stack([field, 1j * field], axis=3).reshape(len(area), 1, -1)
        field = np.concatenate([pair.real, pair.imag], axis=1)
    missing = count - len(value)
    return np.pad(value, (0, missing)), np.pad(field, ((0, 0), (0, 0), (0, missing)))


def _smallest(laplacian: sparse.csr_matrix, mass: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return up to ``count`` eigenvalues and eigenvectors of L u = lambda M u, the smallest first."""
    size, count = len(mass), min(count, len(mass))
    # Scaled to unit total mass, so that one shift suits every surface.
    total = mass.sum()
    half = sparse.diags(np.sqrt(total / mass))
    matrix = half @ laplacian @ half
    matrix = (0.5 * (matrix + matrix.conj().T)).tocsc()
    # The solvers' vectors are short: BLAS threads only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        if size < _DENSE or count > size // 3:
            value, vector = scipy.linalg.eigh(matrix.toarray(), subset_by_index=[0, count - 1])
        else:
            value, vector = _lanczos(matrix, count)
    return np.maximum(value, 0.0) / total, half @ vector / np.sqrt(total)


def _lanczos(matrix: sparse.csc_matrix, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``count`` smallest eigenvalues and orthonormal eigenvectors of a positive semi-definite matrix.

    Lanczos iterations from one start find further copies of a multiple eigenvalue only by rounding errors, and may miss
    some. So they start again elsewhere, in the complement of what was found, until nothing smaller comes up.
    """
    size, shift = matrix.shape[0], -1e-2
    # Definite: no pivots are needed, and an ordering for symmetric matrices fills the factors least.
    factors = scipy.sparse.linalg.splu(
        (matrix - shift * sparse.identity(size)).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    starts = np.random.default_rng(0)  # fixed, so that the result is repeatable
    vector, many = np.empty((size, 0), matrix.dtype), count
    while True:
        inside, start = _inverse_across(factors, vector), starts.standard_normal(size).astype(matrix.dtype)
        found = scipy.sparse.linalg.eigsh(inside, k=many, ncv=min(size, 2 * many + 20), v0=start)[1]
        # Complex solvers leave the vectors of equal eigenvalues askew.
        vector = np.linalg.qr(np.concatenate([vector, found], axis=1))[0]
        value, turn = np.linalg.eigh(vector.conj().T @ (matrix @ vector))
        value, vector, many = value[:count], vector @ turn[:, :count], 2
        # A rough solution suffices: the error of an eigenvalue is of second order in that of its vector.
        inside, start = _inverse_across(factors, vector), starts.standard_normal(size).astype(matrix.dtype)
        rest = scipy.sparse.linalg.eigsh(inside, k=1, tol=1e-3, v0=start, return_eigenvectors=False)[0]
        if 1.0 / rest + shift > value[-1] * (1 - 1e-6):
            return value, vector


def _inverse_across(factors: scipy.sparse.linalg.SuperLU, vector: np.ndarray) -> scipy.sparse.linalg.LinearOperator:
    """Return the inverse of a factored matrix on the complement of orthonormal columns."""

    def across(x: np.ndarray) -> np.ndarray:
        return x - vector @ (vector.conj().T @ x)

    return scipy.sparse.linalg.LinearOperator(
        factors.shape, lambda x: across(factors.solve(across(x))), dtype=vector.dtype
    )
