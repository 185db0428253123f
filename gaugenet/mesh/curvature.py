"""The second fundamental form of a mesh at its vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class Curvature:
    """Curvatures at vertices, positive on a sphere whose normals point outwards.

    Attributes:
        mean: (V,), H, half the trace of the second fundamental form [1 / mesh unit].
        gaussian: (V,), K, its determinant [1 / mesh unit squared].
        deviator: (V, 2), its trace-free part ((II_11 - II_22) / 2, II_12) in the vertex frame: a field of order 2.
    """

    mean: np.ndarray
    gaussian: np.ndarray
    deviator: np.ndarray


def curvature(pos: np.ndarray, face: np.ndarray, frame: np.ndarray) -> Curvature:
    """Estimate the second fundamental form from the change of vertex normals along edges (Rusinkiewicz 2004).

    On each face the symmetric form II with II(e, .) = dn(e) for its three edges e is found by least squares, rotated
    into the tangent planes of its corners, and averaged there with the corner's angle times the face's area as weight.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), clean faces.
        frame: (V, 3, 3), rows e1, e2 and the unit normal n.
    """
    total, mass = _mean_forms(pos, face, np.ascontiguousarray(frame))
    a, b, c = (total / np.maximum(mass, np.finfo(float).tiny)[:, None]).T
    return Curvature(mean=0.5 * (a + c), gaussian=a * c - b * b, deviator=np.stack([0.5 * (a - c), b], axis=1))


@numba.njit(cache=True, nogil=True)
def _mean_forms(pos, face, frame):
    """Sum weighted forms (II_11, II_12, II_22) of faces at their vertices (V, 3), and the weights (V,)."""
    total, mass = np.zeros((len(pos), 3)), np.zeros(len(pos))
    for f in range(len(face)):
        corner = (pos[face[f, 0]], pos[face[f, 1]], pos[face[f, 2]])
        edge = (corner[1] - corner[0], corner[2] - corner[1], corner[0] - corner[2])
        normal = np.cross(edge[0], edge[1])
        twice = max(np.sqrt(_dot(normal, normal)), 1e-300)  # twice the area
        normal /= twice
        x = edge[0] / np.sqrt(_dot(edge[0], edge[0]))
        y = np.cross(normal, x)
        a, b, c = _fit_form(edge, frame[face[f, 0], 2], frame[face[f, 1], 2], frame[face[f, 2], 2], x, y)
        for k in range(3):
            v = face[f, k]
            weight = np.arctan2(twice, -_dot(edge[k], edge[k - 1])) * twice / 2
            # The face plane is rotated onto the tangent plane by the smallest rotation that takes its normal n to the
            # vertex normal m: u -> u - (m.u) / (1 + n.m) (n + m), for u in the face plane.
            factor = 1.0 / max(1.0 + _dot(normal, frame[v, 2]), 1e-6)
            middle = normal + frame[v, 2]
            x_tilted = x - _dot(x, frame[v, 2]) * factor * middle
            y_tilted = y - _dot(y, frame[v, 2]) * factor * middle
            p1, p2 = _dot(frame[v, 0], x_tilted), _dot(frame[v, 1], x_tilted)
            q1, q2 = _dot(frame[v, 0], y_tilted), _dot(frame[v, 1], y_tilted)
            total[v, 0] += weight * (a * p1 * p1 + 2 * b * p1 * q1 + c * q1 * q1)
            total[v, 1] += weight * (a * p1 * p2 + b * (p1 * q2 + p2 * q1) + c * q1 * q2)
            total[v, 2] += weight * (a * p2 * p2 + 2 * b * p2 * q2 + c * q2 * q2)
            mass[v] += weight
    return total, mass


@numba.njit(cache=True, nogil=True)
def _fit_form(edge, normal_0, normal_1, normal_2, x, y):
    """Solve [[a, b], [b, c]] e = dn over a face's three edges, in the axes x and y, by least squares: a, b, c."""
    turn = (normal_1 - normal_0, normal_2 - normal_1, normal_0 - normal_2)
    xx = xy = yy = right_a = right_b = right_c = 0.0
    for k in range(3):
        ex, ey, nx, ny = _dot(edge[k], x), _dot(edge[k], y), _dot(turn[k], x), _dot(turn[k], y)
        xx, xy, yy = xx + ex * ex, xy + ex * ey, yy + ey * ey
        right_a, right_b, right_c = right_a + ex * nx, right_b + ex * ny + ey * nx, right_c + ey * ny
    # The system of a sliver is almost singular: a ridge of 1e-9 keeps its solution finite, and its small area gives it
    # little weight. The ridge penalizes a^2 + 2 b^2 + c^2, the norm of the form, which does not depend on the axes.
    ridge = 2e-9 * (xx + yy)
    xx, both, yy = xx + ridge, xx + yy + 2 * ridge, yy + ridge
    b = (right_b - xy * (right_a / xx + right_c / yy)) / (both - xy * xy * (1 / xx + 1 / yy))
    return (right_a - xy * b) / xx, b, (right_c - xy * b) / yy


@numba.njit(cache=True, nogil=True)
def _dot(u, v):
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
