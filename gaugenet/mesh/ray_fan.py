"""Fans of rays around the normals of a surface, which follow rigid motions and mirrors and no numbering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh


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
    other = np.cross(normal, np.eye(3)[np.abs(normal).argmin(axis=1)])
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    some = length > 1e-9 * np.linalg.norm(away, axis=1, keepdims=True)
    x = np.where(some, x / np.where(some, length, 1.0), other)
    return np.stack([x, np.cross(normal, x), normal], axis=1)
