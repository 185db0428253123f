"""Fans of rays around the normals of a surface, which follow rigid motions and mirrors and no numbering."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import first_hit


def ray_fan(angle: np.ndarray, count: Sequence[int]) -> np.ndarray:
    """Return rings of unit vectors ``(R, 3)`` about the z axis, of a count of rays at an angle [rad] from it each.

    Half a step off the x axis, about which they are symmetric.
    """
    rings = []
    for theta, number in zip(angle, count, strict=True):
        phi = 2 * np.pi * (np.arange(number) + 0.5) / number
        rings.append(np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), 0 * phi + np.cos(theta)], 1))
    return np.concatenate(rings)


def fan_axes(mesh: Mesh, normal: np.ndarray) -> np.ndarray:
    """Return right-handed axes ``(V, 3, 3)``, rows x, y, z, for fans at the vertices: z is the normal ``(V, 3)``.

    x is the tangential direction away from the centroid of the surface. Where there is none, as all over a sphere, it
    is arbitrary.
    """
    area = vertex_areas(mesh.pos, mesh.face)
    away = mesh.pos - (mesh.pos * area[:, None]).sum(axis=0) / area.sum()
    x = away - (away * normal).sum(axis=1, keepdims=True) * normal
    length = np.linalg.norm(x, axis=1, keepdims=True)
    other = np.eye(3)[np.abs(normal).argmin(axis=1)]
    other -= (other * normal).sum(axis=1, keepdims=True) * normal
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    some = length > 1e-9 * np.linalg.norm(away, axis=1, keepdims=True)
    x = np.where(some, x / np.where(some, length, 1.0), other)
    return np.stack([x, np.cross(normal, x), normal], axis=1)


@numba.njit(cache=True, nogil=True)
def follow(
    origin: np.ndarray, axes: np.ndarray, ray: np.ndarray, start: float, stack: np.ndarray, entry: np.ndarray,
    box: np.ndarray, child: np.ndarray, size: np.ndarray, triangle: np.ndarray,
) -> tuple[float, int]:  # fmt: skip
    """Return how far a ray of a fan goes, and what it meets: 1 a face from inside, -1 one from outside, 0 nothing.

    Args:
        origin: ``(3,)``. axes: ``(3, 3)`` of the fan there. ray: ``(3,)`` in the axes. start: distance from which on.
        stack, entry, box, child, size, triangle: as for ``first_hit``.
    """
    dx = ray[0] * axes[0, 0] + ray[1] * axes[1, 0] + ray[2] * axes[2, 0]
    dy = ray[0] * axes[0, 1] + ray[1] * axes[1, 1] + ray[2] * axes[2, 1]
    dz = ray[0] * axes[0, 2] + ray[1] * axes[1, 2] + ray[2] * axes[2, 2]
    distance, k = first_hit(
        origin[0], origin[1], origin[2], dx, dy, dz, start, np.inf, stack, entry, box, child, size, triangle
    )
    if k < 0:
        return distance, 0
    along = (
        dx * (triangle[k, 4] * triangle[k, 8] - triangle[k, 5] * triangle[k, 7])
        + dy * (triangle[k, 5] * triangle[k, 6] - triangle[k, 3] * triangle[k, 8])
        + dz * (triangle[k, 3] * triangle[k, 7] - triangle[k, 4] * triangle[k, 6])
    )
    return distance, 1 if along > 0.0 else -1
