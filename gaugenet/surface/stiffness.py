"""Stiffness weights of edges, which Laplacians are built from."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from gaugenet.mesh.laplacian import cotangent_laplacian, opposite_weights
from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.edges import BundleEdges

# Cotangent weights below this share of their mean, negative ones of obtuse triangles among them, are raised to it: the
# energy is then a sum of squares, whatever the triangles.
_LEAST_WEIGHT = 1e-3
# The kernel on discs of radius R is exp(-4 (r / R)^2). Wider ones smooth more, narrower ones depend on the sampling: on
# the sphere with 2,562 uneven vertices and discs of 30 the first 16 eigenvalues of orders 0 to 2 are then 1.1 % too
# small in the mean; with exp(-1) at the rim 1.9 %, with exp(-6) no better, and the very first ones twice as far off.
_SHARPNESS = 4.0


def cotangent_stiffness(mesh: Mesh, edges: BundleEdges) -> np.ndarray:
    """Return ``(E,)`` cotangent weights (Pinkall & Polthier 1993) of the edges of a mesh, s_ij = s_ji > 0.

    Args:
        mesh: Clean mesh.
        edges: Its edges in both directions.
    """
    return _of_matrix(-cotangent_laplacian(mesh.pos, mesh.face), edges)


def length_stiffness(face: np.ndarray, edges: BundleEdges, size: int) -> np.ndarray:
    """Return ``(E,)`` cotangent weights of flat triangles that have the radii of the edges as lengths, s_ij = s_ji > 0.

    Args:
        face: ``(F, 3)``, each side an edge.
        edges: Edges in both directions.
        size: Number of vertices.
    """
    length = sparse.csr_matrix((edges.log[:, 0], (edges.index[1], edges.index[0])), shape=(size, size))
    i, j = np.roll(face, -1, axis=1).ravel(), np.roll(face, -2, axis=1).ravel()
    square = np.asarray(length[i, j]).reshape(-1, 3) ** 2  # of the side opposite to each corner
    total = square.sum(axis=1, keepdims=True)
    # Heron: 16 A^2 = (a^2 + b^2 + c^2)^2 - 2 (a^4 + b^4 + c^4); cot = (b^2 + c^2 - a^2) / 4 A.
    four_areas = np.sqrt(np.maximum(total**2 - 2 * (square**2).sum(axis=1, keepdims=True), 1e-8 * total**2))
    half = 0.5 * ((total - 2 * square) / four_areas).ravel()
    return _of_matrix(opposite_weights(face, half, size), edges)


def kernel_stiffness(edges: BundleEdges, area: np.ndarray, radius: float) -> np.ndarray:
    """Return ``(E,)`` weights of the edges of discs, s_ij = s_ji >= 0, whose Laplacian tends to that of the surface.

        s_ij = 4 a_i a_j K(r_ij / R) / sqrt(m_i m_j),    m_i = sum_j a_j K(r_ij / R) r_ij^2,

    with a Gaussian K. In two dimensions sum_j a_j K (u_j - u_i) is m_i / 4 times the Laplacian of u, to leading order
    (Belkin & Niyogi 2008; Singer & Wu 2012 for connections); at boundaries m_i falls as the energy does.

    Args:
        edges: Edges in both directions.
        area: ``(V,)`` [mesh unit squared].
        radius: R of the discs [mesh unit].
    """
    source, target = edges.index
    if not len(source):
        return np.empty(0)
    r = edges.mean_of_directions(edges.log[:, 0])
    kernel = np.exp(-_SHARPNESS * (r / max(radius, np.finfo(float).tiny)) ** 2)
    moment = np.bincount(target, area[source] * kernel * r**2, len(area))
    scale = np.sqrt(moment[target] * moment[source])
    weight = 4 * area[target] * area[source] * kernel / np.where(scale > 0, scale, np.inf)
    return edges.mean_of_directions(weight)


def _of_matrix(weight: sparse.spmatrix, edges: BundleEdges) -> np.ndarray:
    """Return the entries of a matrix of weights at the edges, raised where they are too small or negative."""
    entries = np.asarray(weight[edges.index[1], edges.index[0]]).ravel()
    raised = np.maximum(entries, _LEAST_WEIGHT * np.abs(entries).mean()) if len(entries) else entries
    return edges.mean_of_directions(raised)
