"""How thick a solid is under its surface."""

from __future__ import annotations

import numba
import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import fan_axes, follow, ray_fan

# A cone of 120 degrees; rings of about equal solid angle a ray.
_ANGLES, _COUNTS = np.radians([10.0, 30.0, 50.0]), (3, 6, 9)
# Rays begin this share of the mesh's extent off the vertex, past the faces around it.
_START = 1e-6


def shape_diameter(
    mesh: Mesh, normal: np.ndarray, caster: RayCaster, sided: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shape diameter ``(V,)`` [mesh unit] and the share ``(V,)`` of rays that found the other side.

    The mean length of rays from a vertex to the other side, in a cone of 120 degrees about the inward normal. Lengths
    further than one standard deviation from their median do not count, others by one over the angle from the normal
    (Shapira, Shamir & Cohen-Or 2008, section 3). Nor do rays that meet nothing, having left through a boundary, or a
    face from outside: at the tip of a cone most of them leave at once. Where none is left the diameter is 0.

    Args:
        normal: ``(V, 3)`` outwards. sided: False where faces have no outside. Then all hits count, and cones go to both
            sides; of the two that with more hits, of equals the shorter one, is the inside.
    """
    fan, weight = ray_fan(_ANGLES, _COUNTS), np.repeat(1.0 / _ANGLES, _COUNTS)
    arrays = (caster.depth, *caster.arrays)
    axes = fan_axes(mesh, normal) * [[1], [1], [-1]]
    diameter, share = _diameters(mesh.pos, axes, fan, weight, sided, _START * caster.extent, *arrays)
    if not sided:
        axes[:, 2] *= -1
        other, found = _diameters(mesh.pos, axes, fan, weight, sided, _START * caster.extent, *arrays)
        there = (found > share) | ((found == share) & (other < diameter))
        diameter, share = np.where(there, other, diameter), np.where(there, found, share)
    return diameter, share


@numba.njit(cache=True, nogil=True)
def _diameters(pos, axes, fan, weight, sided, start, depth, box, child, size, triangle):
    diameter, share = np.zeros(len(pos)), np.zeros(len(pos))
    stack, entry = np.empty(depth + 2, np.int32), np.empty(depth + 2)
    length, mass = np.empty(len(fan)), np.empty(len(fan))
    for v in range(len(pos)):
        count = 0
        for r in range(len(fan)):
            distance, met = follow(pos[v], axes[v], fan[r], start, stack, entry, box, child, size, triangle)
            if met > 0 or (met < 0 and not sided):
                length[count], mass[count] = distance, weight[r]
                count += 1
        if count:
            diameter[v] = robust_mean(length[:count], mass[:count])
            share[v] = count / len(fan)
    return diameter, share


@numba.njit(cache=True, nogil=True)
def robust_mean(value: np.ndarray, weight: np.ndarray) -> float:
    """Return the weighted mean of the values within one standard deviation of their median, at least one.

    Up to rounding: of two values each is exactly as far from the median as they deviate.
    """
    middle, spread = np.median(value), np.std(value)
    total = mass = 0.0
    for k in range(len(value)):
        if abs(value[k] - middle) <= spread * (1.0 + 1e-6) + 1e-9 * middle:
            total += weight[k] * value[k]
            mass += weight[k]
    return total / mass
