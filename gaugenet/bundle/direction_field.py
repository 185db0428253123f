"""Direction fields: N directions at every vertex that follow the surface smoothly, or as they are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
import scipy.sparse.linalg
from threadpoolctl import threadpool_limits

from gaugenet.bundle.connection_laplacian import connection_laplacian
from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.connectivity import components
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh

# Cosine of the angle between fields from which on one says something about the other.
_CLEAR = 1e-3
# Over how many mean edges principal directions are smoothed.
_SMOOTHING = 2.0


def smooth_directions(mesh: Mesh, edges: BundleEdges, order: int, references: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of one of the N directions of the smoothest N-direction field.

    Its N-th power is the eigenfield of the connection Laplacian of order N with the smallest eigenvalue (Knöppel et al.
    2013, section 3). Without reflections it stays one when all directions of a component of the surface are turned by
    one angle: that is chosen so that the field lies best along a reference, its first one that says anything. On
    symmetric shapes there may be yet more choices. Isolated vertices get 0.

    Args:
        mesh: clean. edges: of the mesh in both directions, ``mesh_edges``. order: N >= 1.
        references: fields ``(V, 2)`` of order N.
    """
    laplacian = connection_laplacian(mesh, edges, order)
    area = vertex_areas(mesh.pos, mesh.face)
    part = components(edges.index.T, len(mesh.pos))
    turns = edges.flip is None or not edges.flip.any()
    angle = np.zeros(len(mesh.pos))
    by_part = np.argsort(part, kind="stable")
    for vertex in np.split(by_part, np.flatnonzero(np.diff(part[by_part])) + 1):
        if len(vertex) > 1:
            if turns:  # complex numbers are half the unknowns, and every eigenvalue comes once
                rows = laplacian[2 * vertex]
                u = _lowest(rows[:, 2 * vertex] - 1j * rows[:, 2 * vertex + 1], area[vertex])
            else:
                inside = np.stack([2 * vertex, 2 * vertex + 1], axis=1).ravel()
                u = _lowest(laplacian[inside][:, inside], area[vertex].repeat(2)).view(np.complex128)
            angle[vertex] = np.angle(u * _phase(u, [one[vertex] for one in references], area[vertex], turns)) / order
    return angle


def _phase(u: np.ndarray, references: Sequence[np.ndarray], area: np.ndarray, turns: bool) -> complex:
    """Return the unit number, 1 or -1 unless it may turn, by which a field lies best along a reference."""
    for reference in references:
        r = reference @ [1, 1j]
        overlap = complex((area * u.conj() * r).sum())
        size = np.sqrt((area * np.abs(u) ** 2).sum() * (area * np.abs(r) ** 2).sum())
        overlap = overlap if turns else complex(overlap.real)
        if abs(overlap) > _CLEAR * size > 0:
            return overlap / abs(overlap)
    return 1.0


def curvature_directions(
    mesh: Mesh, edges: BundleEdges, deviator: np.ndarray, smoothing: float = _SMOOTHING
) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of the direction of largest curvature, one of two.

    The deviator q, a field of order 2 with that direction, is smoothed by (M + l^2 L) u = M q, L the connection
    Laplacian of order 2, so that umbilic points take the direction of their surroundings (Knöppel et al. 2013, section
    3.3, with t = -1 / l^2).

    Args:
        mesh: clean. edges: of the mesh in both directions, ``mesh_edges``. deviator: ``(V, 2)``.
        smoothing: l in mean edge lengths.
    """
    reach = smoothing * float(edges.log[:, 0].mean()) if len(edges.log) else 0.0
    area = vertex_areas(mesh.pos, mesh.face)
    mass = np.where(area > 0, area, 1.0).repeat(2)
    matrix = sparse.diags(mass) + reach**2 * connection_laplacian(mesh, edges, 2)
    u = scipy.sparse.linalg.splu(matrix.tocsc()).solve(mass * deviator.ravel())
    return 0.5 * np.arctan2(u[1::2], u[::2])


def given_directions(frame: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of vectors, projected on the tangent planes, in the frames of their vertices.

    Args:
        frame: ``(V, 3, 3)`` rows e1, e2, n. vector: ``(V, 3)`` of any length.

    Raises:
        ValueError: another shape, NaN, or vectors without a part in the tangent plane.
    """
    if vector.shape != (len(frame), 3):
        raise ValueError(f"a direction field must have shape ({len(frame)}, 3), a vector a vertex, got {vector.shape}")
    x, y = (np.einsum("va,va->v", frame[:, axis], vector) for axis in (0, 1))
    bad = ~(np.hypot(x, y) > 1e-9 * np.linalg.norm(vector, axis=1))
    if bad.any():
        raise ValueError(
            f"a direction field needs a direction in every tangent plane, got none at {int(bad.sum())} vertices (e.g. "
            f"vertex {int(np.argmax(bad))}): fill in vectors that are zero, normal to the surface or NaN"
        )
    return np.arctan2(y, x)


def _lowest(laplacian: sparse.csc_matrix, mass: np.ndarray) -> np.ndarray:
    """Return an eigenvector of L u = lambda M u with the smallest eigenvalue."""
    half = sparse.diags(1.0 / np.sqrt(mass / mass.sum()))
    matrix = (half @ laplacian @ half).tocsc()
    with threadpool_limits(1, user_api="blas"):
        if len(mass) < 200:
            return half @ scipy.linalg.eigh(matrix.toarray(), subset_by_index=[0, 0])[1][:, 0]
        # A start that is fixed makes the result repeatable.
        start = (1.0 + np.linspace(0.0, 1.0, len(mass))).astype(matrix.dtype)
        return half @ scipy.sparse.linalg.eigsh(matrix, k=1, sigma=-1e-2, which="LM", v0=start)[1][:, 0]
