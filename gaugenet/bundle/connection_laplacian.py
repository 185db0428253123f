"""The connection Laplacian: stiffness weights of edges, and its matrices for sections of bundles."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.laplacian import cotangent_laplacian
from gaugenet.mesh.mesh import Mesh

# Cotangent weights below this share of their mean, negative ones of obtuse triangles among them, are raised to it: the
# energy is then a sum of squares, whatever the triangles.
_LEAST_WEIGHT = 1e-3
# The kernel on discs of radius R is exp(-4 (r / R)^2). Wider ones smooth more, narrower ones hear the sampling: on the
# sphere with 2,562 uneven vertices and discs of 30 the first 16 eigenvalues of orders 0 to 2 are then 1.1 % too small
# in the mean; with exp(-1) at the rim 1.9 %, with exp(-6) no better, and the very first ones twice as wrong.
_SHARPNESS = 4.0


def cotangent_stiffness(mesh: Mesh, edges: BundleEdges) -> np.ndarray:
    """Return ``(E,)`` cotangent weights (Pinkall & Polthier 1993) of the edges of a clean mesh, s_ij = s_ji > 0.

    Args:
        edges: of the mesh in both directions, ``mesh_edges``.
    """
    return _of_matrix(-cotangent_laplacian(mesh.pos, mesh.face), edges)


def length_stiffness(face: np.ndarray, edges: BundleEdges, size: int) -> np.ndarray:
    """Return ``(E,)`` cotangent weights of flat triangles that have the radii of the edges as lengths, s_ij = s_ji > 0.

    Args:
        face: ``(F, 3)``, each side an edge. edges: both ways, of ``size`` vertices.
    """
    length = sparse.csr_matrix((edges.log[:, 0], (edges.index[1], edges.index[0])), shape=(size, size))
    i, j = np.roll(face, -1, axis=1).ravel(), np.roll(face, -2, axis=1).ravel()
    square = np.asarray(length[i, j]).reshape(-1, 3) ** 2  # of the side opposite to each corner
    total = square.sum(axis=1, keepdims=True)
    # Heron: 16 A^2 = (a^2 + b^2 + c^2)^2 - 2 (a^4 + b^4 + c^4); cot = (b^2 + c^2 - a^2) / 4 A.
    four_areas = np.sqrt(np.maximum(total**2 - 2 * (square**2).sum(axis=1, keepdims=True), 1e-8 * total**2))
    half = 0.5 * ((total - 2 * square) / four_areas).ravel()
    across = sparse.coo_matrix((np.r_[half, half], (np.r_[i, j], np.r_[j, i])), shape=(size, size)).tocsr()
    return _of_matrix(across, edges)


def _of_matrix(weight: sparse.spmatrix, edges: BundleEdges) -> np.ndarray:
    """Return the entries of a matrix of weights at the edges, those raised that are too small or negative."""
    entries = np.asarray(weight[edges.index[1], edges.index[0]]).ravel()
    raised = np.maximum(entries, _LEAST_WEIGHT * np.abs(entries).mean()) if len(entries) else entries
    return _symmetric(edges, raised)


def kernel_stiffness(edges: BundleEdges, area: np.ndarray, radius: float) -> np.ndarray:
    """Return ``(E,)`` weights of the edges of discs, s_ij = s_ji >= 0, whose Laplacian tends to that of the surface.

        s_ij = 4 a_i a_j K(r_ij / R) / sqrt(m_i m_j),    m_i = sum_j a_j K(r_ij / R) r_ij^2,

    with a Gaussian K. In two dimensions sum_j a_j K (u_j - u_i) is m_i / 4 times the Laplacian of u, to leading order
    (Belkin & Niyogi 2008; Singer & Wu 2012 for connections); at boundaries m_i falls as the energy does.

    Args:
        edges: symmetric. area: ``(V,)`` [mesh unit squared]. radius: R of the discs [mesh unit].
    """
    source, target = edges.index
    if not len(source):
        return np.empty(0)
    r = _symmetric(edges, edges.log[:, 0])
    kernel = np.exp(-_SHARPNESS * (r / max(radius, np.finfo(float).tiny)) ** 2)
    moment = np.bincount(target, area[source] * kernel * r**2, len(area))
    scale = np.sqrt(moment[target] * moment[source])
    weight = 4 * area[target] * area[source] * kernel / np.where(scale > 0, scale, np.inf)
    return _symmetric(edges, weight)


def section_laplacian(index: np.ndarray, stiffness: np.ndarray, rho: np.ndarray, size: int) -> sparse.csc_matrix:
    """Return the Laplacian ``(d V, d V)`` of sections with d components, those of a vertex side by side.

    (L u)_i = sum_j s_ij (u_i - rho_ij u_j); u^T L u = 1/2 sum_ij s_ij |u_i - rho_ij u_j|^2 where s is symmetric and the
    way back has rho_ji = rho_ij^-1.

    Args:
        index: ``(2, E)`` sources j, targets i. stiffness: ``(E,)``. rho: ``(E, d, d)`` what transport does to a
            section, orthogonal or, as ``(E, 1, 1)`` complex numbers, unitary. size: V.
    """
    components = rho.shape[1]
    here, there = np.arange(components)[:, None], np.arange(components)[None, :]
    rows, columns = np.broadcast_arrays(
        components * index[1][:, None, None] + here, components * index[0][:, None, None] + there
    )
    entries = stiffness[:, None, None] * rho
    shape = (components * size, components * size)
    across = sparse.coo_matrix((entries.ravel(), (rows.ravel(), columns.ravel())), shape=shape)
    diagonal = np.repeat(np.bincount(index[1], stiffness, size), components)
    return (sparse.diags(diagonal) - across).tocsc()


def connection_laplacian(mesh: Mesh, edges: BundleEdges, order: int) -> sparse.csc_matrix:
    """Return the Laplacian ``(2V, 2V)`` of fields of an order n, real and imaginary part of a vertex side by side.

    ``section_laplacian`` with cotangent weights and rho of order n: R(n t) F^s for the transport g = R(t) F^s (Knöppel
    et al. 2013, section 6). Order 0 is the cotangent Laplacian, twice.

    Args:
        mesh: clean. edges: of the mesh in both directions, ``mesh_edges``. order: n >= 0.
    """
    cos, sin = np.cos(order * edges.transport), np.sin(order * edges.transport)
    sign = np.ones(len(cos)) if edges.flip is None else 1.0 - 2.0 * edges.flip
    rho = np.stack([cos, -sign * sin, sin, sign * cos], axis=1).reshape(-1, 2, 2)
    return section_laplacian(edges.index, cotangent_stiffness(mesh, edges), rho, len(mesh.pos))


def _symmetric(edges: BundleEdges, value: np.ndarray) -> np.ndarray:
    """Return the mean of values ``(E,)`` over the two directions of each edge, the same bits for both."""
    return 0.5 * (value + value[edges.reverse])
