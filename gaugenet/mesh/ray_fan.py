"""Openness and shape diameter of vertices, from fans of rays around their normals.

The fans are equivariant under rigid motions and reflections, and do not depend on the numbering.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from gaugenet.mesh.geometry import some_tangents, vertex_areas
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster, first_hit

# Rays start at this distance from the vertex, relative to the mesh's extent, beyond the faces at the vertex.
_START = 1e-6
# Openness: rings that receive equal shares of uniform light from all around, and rays a ring.
_RINGS, _COUNT = 4, 6
# Shape diameter: a cone of 120 degrees, in rings of about equal solid angle a ray.
_ANGLES, _COUNTS = np.radians([10.0, 30.0, 50.0]), (3, 6, 9)


def ray_fan(angle: np.ndarray, count: Sequence[int]) -> np.ndarray:
    """Return rings of unit vectors about the z axis, symmetric about the x axis and half a step off it.

    Args:
        angle: (N,), angle of each ring from the z axis [rad].
        count: (N,), number of rays of each ring.

    Returns:
        Unit vectors (R, 3).
    """
    rings = []
    for theta, number in zip(angle, count, strict=True):
        phi = 2 * np.pi * (np.arange(number) + 0.5) / number
        rings.append(np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), 0 * phi + np.cos(theta)], 1))
    return np.concatenate(rings)


def fan_axes(mesh: Mesh, normal: np.ndarray) -> np.ndarray:
    """Return right-handed axes for fans at the vertices; z is the normal.

    x is the tangential direction away from the centroid of the surface, or arbitrary if there is none, as on a sphere.

    Args:
        mesh: Mesh with V vertices.
        normal: (V, 3), unit vectors.

    Returns:
        Axes (V, 3, 3), rows x, y, z.
    """
    area = vertex_areas(mesh.pos, mesh.face)
    away = mesh.pos - (mesh.pos * area[:, None]).sum(axis=0) / area.sum()
    x = away - (away * normal).sum(axis=1, keepdims=True) * normal
    length = np.linalg.norm(x, axis=1, keepdims=True)
    some = length > 1e-9 * np.linalg.norm(away, axis=1, keepdims=True)
    x = np.where(some, x / np.where(some, length, 1.0), some_tangents(normal))
    return np.stack([x, np.cross(normal, x), normal], axis=1)


@numba.njit(cache=True, nogil=True)
def follow(
    origin: np.ndarray, axes: np.ndarray, ray: np.ndarray, stack: np.ndarray, entry: np.ndarray, caster: RayCaster
) -> tuple[float, int]:
    """Follow a ray of a fan to the first face.

    Args:
        origin: (3,), vertex of the fan.
        axes: (3, 3), axes of the fan.
        ray: (3,), direction in these axes.
        stack: As for ``first_hit``.
        entry: As for ``first_hit``.
        caster: Ray caster of the mesh.

    Returns:
        The distance, and 1 if the ray meets a face from inside, -1 from outside, 0 if it meets nothing.
    """
    dx = ray[0] * axes[0, 0] + ray[1] * axes[1, 0] + ray[2] * axes[2, 0]
    dy = ray[0] * axes[0, 1] + ray[1] * axes[1, 1] + ray[2] * axes[2, 1]
    dz = ray[0] * axes[0, 2] + ray[1] * axes[1, 2] + ray[2] * axes[2, 2]
    start, triangle = _START * caster.extent, caster.triangle
    distance, k = first_hit(origin[0], origin[1], origin[2], dx, dy, dz, start, np.inf, stack, entry, caster)
    if k < 0:
        return distance, 0
    along = (
        dx * (triangle[k, 4] * triangle[k, 8] - triangle[k, 5] * triangle[k, 7])
        + dy * (triangle[k, 5] * triangle[k, 6] - triangle[k, 3] * triangle[k, 8])
        + dz * (triangle[k, 3] * triangle[k, 7] - triangle[k, 4] * triangle[k, 6])
    )
    return distance, 1 if along > 0.0 else -1


def openness(mesh: Mesh, normal: np.ndarray, caster: RayCaster, sided: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the openness of vertices: one minus ambient occlusion (Zhukov, Iones & Kronin 1998).

    Openness is the cosine-weighted share of outward rays that meet nothing: 1 on convex shapes, 0 in a closed cavity.
    Rays that enter the solid at once, as some do at edges, meet a face from inside and do not count. If no ray counts,
    the openness is 0.

    Args:
        mesh: Mesh with V vertices.
        normal: (V, 3), unit normals, outwards.
        caster: Ray caster of the mesh.
        sided: Whether faces have an outside; if not, all rays count, and the openness of the more open side is taken.

    Returns:
        Openness (V,), and the share (V,) of rays that count.
    """
    fan = ray_fan(np.arcsin(np.sqrt((np.arange(_RINGS) + 0.5) / _RINGS)), [_COUNT] * _RINGS)
    axes = fan_axes(mesh, normal)
    free, counted = _escaping(mesh.pos, axes, fan, sided, caster)
    if not sided:
        free = np.maximum(free, _escaping(mesh.pos, axes * [[1], [1], [-1]], fan, sided, caster)[0])
    return free / np.maximum(counted, 1), counted / len(fan)


@numba.njit(cache=True, nogil=True)
def _escaping(pos, axes, fan, sided, caster):
    """Return the numbers of rays (V,) that meet nothing, and of those that count."""
    free, counted = np.zeros(len(pos)), np.zeros(len(pos))
    stack, entry = np.empty(caster.depth + 2, np.int32), np.empty(caster.depth + 2)
    for v in range(len(pos)):
        for r in range(len(fan)):
            _, met = follow(pos[v], axes[v], fan[r], stack, entry, caster)
            free[v] += met == 0
            counted[v] += met <= 0 or not sided
    return free, counted


def shape_diameter(
    mesh: Mesh, normal: np.ndarray, caster: RayCaster, sided: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shape diameter of vertices: the thickness of the solid (Shapira, Shamir & Cohen-Or 2008, section 3).

    This is the mean length of rays from a vertex to the other side, in a cone of 120 degrees about the inward normal,
    weighted by one over the angle from the normal. Lengths more than one standard deviation from their median do not
    count, nor do rays that meet nothing, because they left through a boundary, or a face from outside: at the tip of a
    cone most rays leave at once. If no ray counts, the diameter is 0.

    Args:
        mesh: Mesh with V vertices.
        normal: (V, 3), unit normals, outwards.
        caster: Ray caster of the mesh.
        sided: Whether faces have an outside. If not, all hits count and a cone goes to either side; the inside is the
            side with more hits, or with the smaller diameter if these are equal.

    Returns:
        Diameter (V,) [mesh unit], and the share (V,) of rays that reached the other side.
    """
    fan, weight = ray_fan(_ANGLES, _COUNTS), np.repeat(1.0 / _ANGLES, _COUNTS)
    axes = fan_axes(mesh, normal) * [[1], [1], [-1]]
    diameter, share = _diameters(mesh.pos, axes, fan, weight, sided, caster)
    if not sided:
        axes[:, 2] *= -1
        other, found = _diameters(mesh.pos, axes, fan, weight, sided, caster)
        there = (found > share) | ((found == share) & (other < diameter))
        diameter, share = np.where(there, other, diameter), np.where(there, found, share)
    return diameter, share


@numba.njit(cache=True, nogil=True)
def _diameters(pos, axes, fan, weight, sided, caster):
    diameter, share = np.zeros(len(pos)), np.zeros(len(pos))
    stack, entry = np.empty(caster.depth + 2, np.int32), np.empty(caster.depth + 2)
    length, mass = np.empty(len(fan)), np.empty(len(fan))
    for v in range(len(pos)):
        count = 0
        for r in range(len(fan)):
            distance, met = follow(pos[v], axes[v], fan[r], stack, entry, caster)
            if met > 0 or (met < 0 and not sided):
                length[count], mass[count] = distance, weight[r]
                count += 1
        if count:
            diameter[v] = robust_mean(length[:count], mass[:count])
            share[v] = count / len(fan)
    return diameter, share


@numba.njit(cache=True, nogil=True)
def robust_mean(value: np.ndarray, weight: np.ndarray) -> float:
    """Return the weighted mean of the values within one standard deviation of their median.

    The bound has a tolerance: each of two values is exactly one standard deviation from their median.

    Args:
        value: (N,), at least one value.
        weight: (N,), weights.
    """
    middle, spread = np.median(value), np.std(value)
    total = mass = 0.0
    for k in range(len(value)):
        if abs(value[k] - middle) <= spread * (1.0 + 1e-6) + 1e-9 * middle:
            total += weight[k] * value[k]
            mass += weight[k]
    return total / mass
