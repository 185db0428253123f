"""How much of the outside a point of a surface sees."""

from __future__ import annotations

import numba
import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster, first_hit
from gaugenet.mesh.ray_fan import fan_axes, ray_fan

# Rings whose rays stand for equal shares of the light that falls on the surface from all around.
_RINGS, _COUNT = 3, 6
_START = 1e-6  # of the mesh's extent, past the faces around a vertex


def openness(mesh: Mesh, normal: np.ndarray, caster: RayCaster, sided: bool = True) -> np.ndarray:
    """Return the share ``(V,)`` of rays outwards from each vertex, weighted by the cosine, that meet nothing.

    This is one minus ambient occlusion (Zhukov, Iones & Kronin 1998): 1 on convex shapes, 0 in a closed cavity.

    Args:
        normal: ``(V, 3)`` outwards. sided: False where faces have no outside; then the more open side counts.
    """
    fan = ray_fan(np.arcsin(np.sqrt((np.arange(_RINGS) + 0.5) / _RINGS)), [_COUNT] * _RINGS)
    axes = fan_axes(mesh, normal)
    settings = (_START * caster.extent, caster.depth, *caster.arrays)
    outside = _escaping(mesh.pos, axes, fan, *settings)
    return outside if sided else np.maximum(outside, _escaping(mesh.pos, axes * [[1], [1], [-1]], fan, *settings))


@numba.njit(cache=True, nogil=True)
def _escaping(pos, axes, fan, start, depth, box, child, size, triangle):
    share = np.zeros(len(pos))
    stack, entry = np.empty(depth + 2, np.int32), np.empty(depth + 2)
    for v in range(len(pos)):
        for r in range(len(fan)):
            dx = fan[r, 0] * axes[v, 0, 0] + fan[r, 1] * axes[v, 1, 0] + fan[r, 2] * axes[v, 2, 0]
            dy = fan[r, 0] * axes[v, 0, 1] + fan[r, 1] * axes[v, 1, 1] + fan[r, 2] * axes[v, 2, 1]
            dz = fan[r, 0] * axes[v, 0, 2] + fan[r, 1] * axes[v, 1, 2] + fan[r, 2] * axes[v, 2, 2]
            _, k = first_hit(
                pos[v, 0],
                pos[v, 1],
                pos[v, 2],
                dx,
                dy,
                dz,
                start,
                np.inf,
                True,
                stack,
                entry,
                box,
                child,
                size,
                triangle,
            )
            share[v] += (k < 0) / len(fan)
    return share
