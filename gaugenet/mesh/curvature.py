"""The second fundamental form of a mesh at its vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.mesh.geometry import corner_angles, face_areas, face_normals, vertex_normals


@dataclass(frozen=True)
class Curvature:
    """Curvatures at vertices, positive on a sphere whose normals point outwards.

    Attributes:
        mean: ``(V,)`` H, half the trace of the second fundamental form [1 / mesh unit].
        gaussian: ``(V,)`` K, its determinant [1 / mesh unit squared].
        deviator: ``(V, 2)`` its trace-free part ((II_11 - II_22) / 2, II_12) in the vertex frame: a field of order 2.
    """

    mean: np.ndarray
    gaussian: np.ndarray
    deviator: np.ndarray


def curvature(pos: np.ndarray, face: np.ndarray, frame: np.ndarray) -> Curvature:
    """Estimate the second fundamental form from the turning of vertex normals along edges (Rusinkiewicz 2004).

    On each face the symmetric form II with II(e, .) = dn(e) for its three edges e is found by least squares, rotated
    into the tangent planes of its corners and averaged there with the corner's angle times the face's area.

    Args:
        pos: ``(V, 3)`` positions. face: ``(F, 3)`` clean faces. frame: ``(V, 3, 3)`` rows e1, e2, n.
    """
    normals = vertex_normals(pos, face)
    unit = face_normals(pos, face)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), np.finfo(float).tiny)
    edges = np.stack([pos[face[:, (c + 1) % 3]] - pos[face[:, c]] for c in range(3)], axis=1)  # (F, 3, 3)
    turns = np.stack([normals[face[:, (c + 1) % 3]] - normals[face[:, c]] for c in range(3)], axis=1)
    x = edges[:, 0] / np.linalg.norm(edges[:, 0], axis=1, keepdims=True)
    y = np.cross(unit, x)
    form = _fit_form(*(np.einsum("fea,fa->fe", array, axis) for array in (edges, turns) for axis in (x, y)))

    weight = corner_angles(pos, face) * face_areas(pos, face)[:, None]
    total = np.zeros((len(pos), 3))
    for corner in range(3):
        vertex = face[:, corner]
        rotated = _rotate_form(form, x, y, unit, frame[vertex])
        for entry in range(3):
            total[:, entry] += np.bincount(vertex, weight[:, corner] * rotated[:, entry], len(pos))
    mass = np.bincount(face.reshape(-1), weight.reshape(-1), len(pos))
    a, b, c = (total / np.maximum(mass, np.finfo(float).tiny)[:, None]).T
    return Curvature(mean=0.5 * (a + c), gaussian=a * c - b * b, deviator=np.stack([0.5 * (a - c), b], axis=1))


def _fit_form(ex: np.ndarray, ey: np.ndarray, nx: np.ndarray, ny: np.ndarray) -> np.ndarray:
    """Solve [[a, b], [b, c]] (ex, ey) = (nx, ny) over a face's three edges: ``(F, 3)`` entries a, b, c."""
    xx, xy, yy = (ex * ex).sum(1), (ex * ey).sum(1), (ey * ey).sum(1)
    zero = np.zeros_like(xx)
    rows = [[xx, xy, zero], [xy, xx + yy, xy], [zero, xy, yy]]
    matrix = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    right = np.stack([(ex * nx).sum(1), (ex * ny + ey * nx).sum(1), (ey * ny).sum(1)], axis=-1)
    scale = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    # A sliver's system is close to singular: a ridge of 1e-9 keeps its answer finite, its small area mutes it. The
    # ridge weighs a^2 + 2 b^2 + c^2, the norm of the form, which does not depend on the axes.
    return np.linalg.solve(matrix + 1e-9 * scale * np.diag([1.0, 2.0, 1.0]), right[..., None])[..., 0]


def _rotate_form(form: np.ndarray, x: np.ndarray, y: np.ndarray, normal: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Express a form of the face plane (axes x, y) in vertex frames, after tilting the face plane onto the tangent one.

    The tilt is the smallest rotation that takes the face normal n to the vertex normal m:
    v -> v - (m.v) / (1 + n.m) (n + m), for v in the face plane.
    """
    a, b, c = form.T
    vertex_normal = frame[:, 2]
    middle = normal + vertex_normal
    factor = 1.0 / np.maximum(1.0 + (normal * vertex_normal).sum(1), 1e-6)
    tilted = [axis - ((axis * vertex_normal).sum(1) * factor)[:, None] * middle for axis in (x, y)]
    p, q = (np.einsum("fka,fa->fk", frame[:, :2], axis) for axis in tilted)  # components of x and y in (e1, e2)
    return np.stack(
        [
            a * p[:, 0] * p[:, 0] + 2 * b * p[:, 0] * q[:, 0] + c * q[:, 0] * q[:, 0],
            a * p[:, 0] * p[:, 1] + b * (p[:, 0] * q[:, 1] + p[:, 1] * q[:, 0]) + c * q[:, 0] * q[:, 1],
            a * p[:, 1] * p[:, 1] + 2 * b * p[:, 1] * q[:, 1] + c * q[:, 1] * q[:, 1],
        ],
        axis=1,
    )
