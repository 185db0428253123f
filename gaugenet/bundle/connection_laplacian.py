"""The connection Laplacian of fields of an order."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.laplacian import cotangent_laplacian
from gaugenet.mesh.mesh import Mesh

# Cotangent weights below this share of their mean, negative ones of obtuse triangles among them, are raised to it: the
# energy is then a sum of squares, whatever the triangles.
_LEAST_WEIGHT = 1e-3


def connection_laplacian(mesh: Mesh, edges: BundleEdges, order: int) -> sparse.csc_matrix:
    """Return the Laplacian ``(2V, 2V)`` of fields of an order n, real and imaginary part of a vertex side by side.

    u^T L u = 1/2 sum_ij w_ij |u_i - rho(g_ij) u_j|^2 with cotangent weights and rho of order n: R(n t) F^s for the
    transport g = R(t) F^s (Knöppel et al. 2013, section 6). Order 0 is the cotangent Laplacian, twice.

    Args:
        mesh: clean. edges: of the mesh in both directions, ``mesh_edges``. order: n >= 0.
    """
    target, source = edges.index[1], edges.index[0]
    weight = -np.asarray(cotangent_laplacian(mesh.pos, mesh.face)[target, source]).ravel()
    weight = np.maximum(weight, _LEAST_WEIGHT * np.abs(weight).mean()) if len(weight) else weight
    cos, sin = np.cos(order * edges.transport), np.sin(order * edges.transport)
    sign = np.ones(len(cos)) if edges.flip is None else 1.0 - 2.0 * edges.flip
    entries = weight * np.stack([cos, -sign * sin, sin, sign * cos])
    rows = 2 * target + np.array([[0], [0], [1], [1]])
    columns = 2 * source + np.array([[0], [1], [0], [1]])
    size = 2 * len(mesh.pos)
    across = sparse.coo_matrix((entries.ravel(), (rows.ravel(), columns.ravel())), shape=(size, size))
    diagonal = np.repeat(np.bincount(target, weight, len(mesh.pos)), 2)
    return (sparse.diags(diagonal) - across).tocsc()
