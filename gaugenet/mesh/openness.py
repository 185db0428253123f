"""How much of the outside a point of a surface sees."""

from __future__ import annotations

import numba
import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import fan_axes, follow, ray_fan

# Rings whose rays stand for equal shares of the light that falls on the surface from all around.
_RINGS, _COUNT = 4, 6
_START = 1e-6  # of the mesh's extent, past the faces around a vertex


def openness(mesh: Mesh, normal: np.ndarray, caster: RayCaster, sided: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the openness ``(V,)`` of vertices and the share ``(V,)`` of rays that count.

    The share of outward rays, weighted by the cosine, that meet nothing: one minus ambient occlusion (Zhukov, Iones &
    Kronin 1998). It is 1 on convex shapes and 0 in a closed cavity. Rays that go into the solid at once, as some do at
    edges, do not count: they meet a face from inside. Where none is left the openness is 0.

    Args:
        normal: ``(V, 3)`` outwards. sided: False where faces have no outside; then all rays count, and the more open
            side.
    """
    fan = ray_fan(np.arcsin(np.sqrt((np.arange(_RINGS) + 0.5) / _RINGS)), [_COUNT] * _RINGS)
    axes = fan_axes(mesh, normal)
    settings = (fan, sided, _START * caster.extent, caster.depth, *caster.arrays)
    free, counted = _escaping(mesh.pos, axes, *settings)
    if not sided:
        free = np.maximum(free, _escaping(mesh.pos, axes * [[1], [1], [-1]], *settings)[0])
    return free / np.maximum(counted, 1), counted / len(fan)


@numba.njit(cache=True, nogil=True)
def _escaping(pos, axes, fan, sided, start, depth, box, child, size, triangle):
    """Return how many rays ``(V,)`` meet nothing, and how many count."""
    free, counted = np.zeros(len(pos)), np.zeros(len(pos))
    stack, entry = np.empty(depth + 2, np.int32), np.empty(depth + 2)
    for v in range(len(pos)):
        for r in range(len(fan)):
            _, met = follow(pos[v], axes[v], fan[r], start, stack, entry, box, child, size, triangle)
            free[v] += met == 0
            counted[v] += met <= 0 or not sided
    return free, counted
