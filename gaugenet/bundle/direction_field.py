"""Direction fields: N directions at each vertex of a mesh, smooth or given, and their singularities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg

from gaugenet.bundle.connection_laplacian import connection_laplacian
from gaugenet.mesh.connectivity import components, members
from gaugenet.mesh.laplacian import smallest_modes
from gaugenet.surface.edges import BundleEdges
from gaugenet.surface.mesh_surface import MeshSurface

# Cosine of the angle between fields from which on one fixes the turn of the other.
_CLEAR = 1e-3
# Over how many mean edges principal directions are smoothed.
_SMOOTHING = 2.0


def smooth_directions(surface: MeshSurface, order: int, references: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of one of the N directions of the smoothest N-direction field.

    Its N-th power is the eigenfield of the connection Laplacian of order N with the smallest eigenvalue (Knöppel et al.
    2013, section 3). Without reflections it stays one when all directions of a component of the surface are turned by
    one angle: this angle is chosen so that the field is as close as possible to the first reference that is not about
    orthogonal to it. On symmetric shapes there may be yet more choices. Isolated vertices get 0.

    Args:
        surface: Surface of a mesh.
        order: N >= 1.
        references: Fields ``(V, 2)`` of order N.
    """
    edges, area, size = surface.ring, surface.area, len(surface.pos)
    laplacian = connection_laplacian(edges, surface.ring_stiffness, order, size)
    turns = edges.flip is None or not edges.flip.any()
    angle = np.zeros(size)
    for vertex in members(components(edges.index.T, size)):
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
    """Return the unit number, 1 or -1 unless it may turn, that brings a field closest to a reference."""
    for reference in references:
        r = reference @ [1, 1j]
        overlap = complex((area * u.conj() * r).sum())
        size = np.sqrt((area * np.abs(u) ** 2).sum() * (area * np.abs(r) ** 2).sum())
        overlap = overlap if turns else complex(overlap.real)
        if abs(overlap) > _CLEAR * size > 0:
            return overlap / abs(overlap)
    return 1.0


def curvature_directions(surface: MeshSurface, deviator: np.ndarray, smoothing: float = _SMOOTHING) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of the direction of largest curvature, one of two.

    The deviator q, a field of order 2 with that direction, is smoothed by (M + l^2 L) u = M q, L the connection
    Laplacian of order 2, so that umbilic points take the direction of their surroundings (Knöppel et al. 2013, section
    3.3, with t = -1 / l^2).

    Args:
        surface: Surface of a mesh.
        deviator: ``(V, 2)`` in its frames, such as ``curvature_field``.
        smoothing: Length l, in mean edge lengths.
    """
    edges = surface.ring
    reach = smoothing * float(edges.log[:, 0].mean()) if len(edges.log) else 0.0
    mass = np.where(surface.area > 0, surface.area, 1.0).repeat(2)
    laplacian = connection_laplacian(edges, surface.ring_stiffness, 2, len(surface.pos))
    matrix = sparse.diags(mass) + reach**2 * laplacian
    u = scipy.sparse.linalg.splu(matrix.tocsc()).solve(mass * deviator.ravel())
    return 0.5 * np.arctan2(u[1::2], u[::2])


def given_directions(frame: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the angle ``(V,)`` [rad] of vectors, projected on the tangent planes, in the frames of their vertices.

    Args:
        frame: ``(V, 3, 3)`` rows e1, e2, n.
        vector: ``(V, 3)`` of any length.

    Raises:
        ValueError: For another shape, NaN, or vectors without a part in the tangent plane.
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


def curvature_field(surface: MeshSurface) -> np.ndarray:
    """Return the field ``(V, 2)`` of order 2 along the direction of largest curvature, in the frames of the surface.

    The trace-free part of the second fundamental form; on surfaces with one side, where its sign means nothing, that of
    the third one, which lies along the direction of the largest square of the curvature.

    Args:
        surface: Surface of a mesh.
    """
    curved = surface.curvature(surface.frame)
    return curved.deviator if surface.mesh.orientable else 2 * curved.mean[:, None] * curved.deviator


def references(surface: MeshSurface, order: int) -> list[np.ndarray]:
    """Return fields ``(V, 2)`` of an order N that follow rigid motions and do not depend on the numbering.

    The N/2-th power of the curvature field where N is even, and the N-th of the direction away from the centroid.

    Args:
        surface: Surface of a mesh.
        order: N >= 1.
    """
    pos, area = surface.pos, surface.area
    offset = pos - (pos * area[:, None]).sum(axis=0) / area.sum()
    away = np.einsum("vab,vb->va", surface.frame[:, :2], offset) @ [1, 1j]
    powers = [away**order]
    if order % 2 == 0:
        powers.insert(0, (curvature_field(surface) @ [1, 1j]) ** (order // 2))
    return [np.stack([power.real, power.imag], axis=1) for power in powers]


def singularities(surface: MeshSurface, angle: np.ndarray, order: int) -> np.ndarray:
    """Return N times the index of an N-direction field in every face, ``(F,)`` integers.

    Around a face the field turns by d = sum of N (phi_b - phi_a - t_ba), each the nearest way, and transport by the
    holonomy: the index times N is (d + N holonomy) / 2 pi (Knöppel et al. 2013, section 6.1.2). Indices of a closed
    surface sum to its Euler characteristic (Poincaré-Hopf), with one side or two. They do not depend on the gauge.

    Args:
        surface: Surface of a mesh.
        angle: ``(V,)`` [rad] of one of the N directions in the frame of each vertex.
        order: N >= 1.
    """
    face, edges, size = surface.mesh.face, surface.ring, len(surface.pos)
    a, b, c = face.T
    ways = [_numbers(edges, pair, size) for pair in ((b, a), (c, b), (a, c))]
    flip = np.zeros(len(edges.transport), dtype=bool) if edges.flip is None else edges.flip
    # Frames of b and c are reflected where that of a sees them from the other side.
    side = np.ones((3, len(a)))
    side[1] = np.where(flip[ways[0]], -1, 1)
    side[2] = np.where(flip[ways[1]], -1, 1) * side[1]
    direction = side * angle[face.T]
    ahead = [side[(k + 1) % 3] * edges.transport[way] for k, way in enumerate(ways)]
    turn = sum(_wrap(order * (direction[(k + 1) % 3] - direction[k] - t)) for k, t in enumerate(ahead))
    # Whether frames see the face counter-clockwise: at its corners the next edge but one lies ahead, at most by pi but
    # at sharp points, so two corners of three decide.
    seen = np.zeros(len(a))
    for k, (here, one, two) in enumerate(((a, b, c), (b, c, a), (c, a, b))):
        theta = [edges.log[_numbers(edges, (here, other), size), 1] for other in (one, two)]
        seen += np.sign(side[k] * _wrap(theta[1] - theta[0]))
    total = turn + order * _wrap(ahead[0] + ahead[1] + ahead[2])
    return np.rint(np.sign(seen) * total / (2 * np.pi)).astype(np.int64)


def _numbers(edges: BundleEdges, pair: tuple[np.ndarray, np.ndarray], size: int) -> np.ndarray:
    """Return the numbers of the edges with given targets and sources."""
    source, target = edges.index
    return np.searchsorted(target * size + source, pair[0] * size + pair[1])


def _wrap(angle: np.ndarray) -> np.ndarray:
    return angle - 2 * np.pi * np.round(angle / (2 * np.pi))


def _lowest(laplacian: sparse.csc_matrix, mass: np.ndarray) -> np.ndarray:
    """Return an eigenvector of L u = lambda M u with the smallest eigenvalue."""
    half = sparse.diags(1.0 / np.sqrt(mass / mass.sum()))
    matrix = (half @ laplacian @ half).tocsc()
    start = (1.0 + np.linspace(0.0, 1.0, len(mass))).astype(matrix.dtype)  # fixed: the result is repeatable
    return half @ smallest_modes(matrix, None, 1, start)[1][:, 0]
