"""Differential operators on meshes: the cotangent Laplacian, its spectrum, smoothing by heat flow, gradients."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
import scipy.sparse.linalg
from threadpoolctl import threadpool_limits

from gaugenet.mesh.geometry import corner_angles, corner_sums, face_normals, vertex_areas
from gaugenet.mesh.mesh import Mesh

# Confidence with which a vertex without a value gets the mean.
_FLOOR = 1e-3


def cotangent_laplacian(pos: np.ndarray, face: np.ndarray) -> sparse.csc_matrix:
    """Return the positive semi-definite stiffness matrix of linear finite elements.

        (L f)_i = sum_j (cot a_ij + cot b_ij) / 2 (f_i - f_j)

    with the angles a and b opposite to edge ij (Pinkall & Polthier 1993). Cotangents are clipped to +-1e4, so that a
    sliver cannot dominate its neighbours.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.

    Returns:
        Sparse matrix (V, V).
    """
    cotangent = 1.0 / np.tan(np.clip(corner_angles(pos, face), 1e-4, np.pi - 1e-4))
    off = opposite_weights(face, 0.5 * cotangent.reshape(-1), len(pos))
    return sparse.diags(np.asarray(off.sum(axis=1)).ravel()).tocsc() - off


def opposite_weights(face: np.ndarray, weight: np.ndarray, size: int) -> sparse.csc_matrix:
    """Return the symmetric matrix (V, V) that has the weights of corners at the edges opposite to them, summed.

    Args:
        face: (F, 3), vertex indices.
        weight: (3F,), weights of the corners.
        size: V.
    """
    i, j = np.roll(face, -1, axis=1).ravel(), np.roll(face, -2, axis=1).ravel()
    return sparse.coo_matrix((np.r_[weight, weight], (np.r_[i, j], np.r_[j, i])), shape=(size, size)).tocsc()


def laplacian_spectrum(
    pos: np.ndarray, face: np.ndarray, count: int, basis: sparse.csr_matrix | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest eigenvalues and eigenfunctions of the Laplacian.

    Solves L phi = lambda M phi with lumped masses M; eigenfunctions are orthonormal for M, and 0 at vertices without
    area. With a basis U, eigenfunctions are combinations phi = U psi (Rayleigh-Ritz): U^T L U psi = lambda U^T M U psi,
    which bounds the eigenvalues from above. Small problems are solved dense, others by shift-invert Lanczos.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), vertex indices.
        count: Number of eigenvalues; fewer are returned if the problem has fewer.
        basis: (V, S), functions whose combinations are considered; all functions if not given.

    Returns:
        Eigenvalues (k,) [1 / mesh unit squared] in ascending order, and eigenfunctions (V, k); k <= count, and at most
        S or the number of vertices with area.
    """
    area = vertex_areas(pos, face)
    # The ridge keeps the masses definite where functions of a basis are almost equal, and does not affect others.
    ridge = 0.0 if basis is None else 1e-10
    if basis is None:
        basis = sparse.identity(len(pos), format="csr")[:, np.flatnonzero(area > 0)]
    # Scaled to unit total area and to a mass matrix with unit diagonal, so that one shift suits every mesh.
    mass = basis.T @ sparse.diags(area / area.sum()) @ basis
    diagonal = mass.diagonal()
    half = sparse.diags(1.0 / np.sqrt(diagonal))
    stiffness = (half @ (basis.T @ (cotangent_laplacian(pos, face) @ basis)) @ half).tocsc()
    mass = (half @ mass @ half + ridge * sparse.identity(len(diagonal))).tocsc()
    # A fixed start makes the result repeatable: the constant function plus a ramp.
    start = np.sqrt(diagonal) * (1.0 + np.linspace(0.0, 1.0, len(diagonal)))
    value, vector = smallest_modes(stiffness, mass if ridge else None, min(count, len(diagonal)), start)
    function = basis @ (vector / np.sqrt(diagonal * area.sum())[:, None])
    return np.maximum(value, 0.0) / area.sum(), function


def smallest_modes(
    stiffness: sparse.csc_matrix, mass: sparse.csc_matrix | None, count: int, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvectors of L u = lambda M u with the smallest eigenvalues.

    Args:
        stiffness: ``(N, N)`` Hermitian L, positive semi-definite.
        mass: ``(N, N)`` M; the identity when None.
        count: Number K of eigenvectors.
        start: ``(N,)`` first vector of the iteration.

    Returns:
        Eigenvalues ``(K,)``, ascending, and eigenvectors ``(N, K)``.
    """
    size = len(start)
    # Overlapping functions fill the factors, so that dense solving pays up to larger sizes.
    dense = count > size // 3 or size < (200 if mass is None else 1200)
    # The vectors are short: more BLAS threads only wait for each other (up to 20 times slower on a busy machine).
    with threadpool_limits(1, user_api="blas"):
        if dense:
            full = None if mass is None else mass.toarray()
            return scipy.linalg.eigh(stiffness.toarray(), full, subset_by_index=[0, count - 1])
        value, vector = scipy.sparse.linalg.eigsh(stiffness, k=count, M=mass, sigma=-1e-2, which="LM", v0=start)
        order = np.argsort(value)
        return value[order], vector[:, order]


def vertex_gradient(mesh: Mesh, value: np.ndarray) -> np.ndarray:
    """Return the gradient of a function at vertices: the area-weighted mean over adjacent faces.

        area * gradient = 1/2 sum_k f_k (n x e_k)

    on a face, with the edge e_k opposite to corner k (Botsch et al. 2010, section 3.3.3). Slivers have little weight,
    and nothing is divided by their height.

    Args:
        mesh: Mesh with V vertices.
        value: (V,), the function.

    Returns:
        Vectors (V, 3) [1 / mesh unit], 0 at isolated vertices.
    """
    pos, face = mesh.pos, mesh.face
    normal = face_normals(pos, face)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    corner, at = pos[face], value[face]
    opposite = np.roll(corner, -2, axis=1) - np.roll(corner, -1, axis=1)
    third = np.cross(normal, (at[:, :, None] * opposite).sum(axis=1)) / 6
    total = corner_sums(face, np.repeat(third, 3, axis=0), len(pos))
    area = vertex_areas(pos, face)[:, None]
    return np.where(area > 0, total / np.where(area > 0, area, 1.0), 0.0)


def smoothed(mesh: Mesh, value: np.ndarray, confidence: np.ndarray, time: float) -> np.ndarray:
    """Return a smooth function that is close to values where these are certain.

        (M W + t A L) u = M W f

    with lumped masses M, confidences W and the area A. For certain values this is a step of heat flow over the time
    t A, which removes features smaller than sqrt(t A). Where values are unknown, u is continued from the surroundings;
    far from all known values, and at isolated vertices, it is their mean, or 0 if no value is known.

    Args:
        mesh: Mesh with V vertices.
        value: (V,), f.
        confidence: (V,), W, 0 (unknown) to 1 (certain).
        time: Time t, relative to the area.

    Returns:
        The function u (V,).
    """
    mass = vertex_areas(mesh.pos, mesh.face)
    known = mass * confidence
    mean = float((known * value).sum() / known.sum()) if known.sum() > 0 else 0.0
    weight = np.where(mass > 0, mass * np.maximum(confidence, _FLOOR), mass.sum())
    source = known * (value - mean)
    matrix = sparse.diags(weight) + time * mass.sum() * cotangent_laplacian(mesh.pos, mesh.face)
    half = 1.0 / np.sqrt(matrix.diagonal())
    scaled = (sparse.diags(half) @ matrix @ sparse.diags(half)).tocsr()
    solution, _ = scipy.sparse.linalg.cg(scaled, half * source, rtol=1e-10)
    return mean + half * solution
