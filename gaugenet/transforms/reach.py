"""Input fields that look beyond a point's surroundings: through the solid, out of it, and along the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.bundle.geodesic_means import geodesic_means
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import smoothed, vertex_gradient
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import openness, shape_diameter

# Time of the heat flow that takes the grain of single rays away, in units of the area: fades what is smaller than 2 %
# of a side of a square of the surface's area.
_SMOOTHING = 4e-4
# Thinnest diameter that is told apart, in the same units.
_THINNEST = 1e-3


@dataclass(frozen=True)
class Reach:
    """Fields about centred and of order one.

    Attributes:
        invariant: ``(V, C)``. gradient: ``(V, 3)`` vectors in space, about tangent to the surface.
    """

    invariant: np.ndarray
    gradient: np.ndarray


def ray_fields(mesh: Mesh, normal: np.ndarray, sided: bool) -> Reach:
    """Cast rays from the vertices into and out of the solid, smooth over the surface, lengths relative to sqrt(area).

    * log(10 diameter), continued from around where no ray counts; its gradient, divided by 10;
    * 4 openness - 3.

    Args:
        normal: ``(V, 3)`` outwards. sided: whether faces have an outside.
    """
    scale = np.sqrt(face_areas(mesh.pos, mesh.face).sum())
    caster = RayCaster.build(mesh.pos, mesh.face)
    diameter, share = shape_diameter(mesh, normal, caster, sided)
    log = smoothed(mesh, np.log(10 * np.maximum(diameter / scale, _THINNEST)), share, _SMOOTHING)
    free = smoothed(mesh, *openness(mesh, normal, caster, sided), _SMOOTHING)
    return Reach(np.stack([log, 4 * free - 3], axis=1), vertex_gradient(mesh, log) * scale / 10)


def distance_fields(mesh: Mesh) -> Reach:
    """Describe how far the rest of the component is along the surface, lengths relative to sqrt(area).

    * log(2 mean distance) and twice its excess over the smallest in the component; the gradient of the mean distance;
    * log of the distance's standard deviation over its mean, and its maximum over its mean, about centred.

    Isolated vertices get 0.
    """
    scale = np.sqrt(face_areas(mesh.pos, mesh.face).sum())
    means = geodesic_means(mesh)
    some = means.mean > 0
    mean, square, largest, least = (
        np.where(some, one, 1.0) for one in (means.mean, means.square, means.largest, means.least)
    )
    deviation = np.sqrt(np.maximum(square**2 / mean**2 - 1, 1e-4))
    fields = [np.log(2 * mean / scale), 2 * np.log(mean / least), np.log(2 * deviation), largest / mean - 2]
    return Reach(np.where(some[:, None], np.stack(fields, axis=1), 0.0), vertex_gradient(mesh, means.mean))
