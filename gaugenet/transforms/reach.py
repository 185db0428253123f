"""Input fields that depend on more than a point's surroundings: rays into and out of the solid, and distances."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import smoothed, vertex_gradient
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import openness, shape_diameter
from gaugenet.surface.geodesic_means import geodesic_means
from gaugenet.surface.mesh_surface import MeshSurface

# Time of the heat flow that smooths the noise of single rays, over the area: features smaller than 2 % of a side of a
# square of the surface's area fade.
_SMOOTHING = 4e-4
# Thinner diameters count as this one, over the root of the area.
_THINNEST = 1e-3


def ray_fields(mesh: Mesh, normal: np.ndarray, sided: bool) -> tuple[np.ndarray, np.ndarray]:
    """Cast rays from the vertices into and out of the solid, smooth over the surface, lengths relative to sqrt(area).

    * log(10 diameter), continued from around where no ray counts; its gradient, divided by 10;
    * 4 openness - 3.

    Args:
        mesh: Clean mesh.
        normal: ``(V, 3)`` outward unit normals.
        sided: Whether faces have an outside.

    Returns:
        Invariants ``(V, 2)`` about centred and of order one, and vectors ``(V, 3)`` in space, about tangent.
    """
    scale = np.sqrt(face_areas(mesh.pos, mesh.face).sum())
    caster = RayCaster.build(mesh.pos, mesh.face)
    diameter, share = shape_diameter(mesh, normal, caster, sided)
    log = smoothed(mesh, np.log(10 * np.maximum(diameter / scale, _THINNEST)), share, _SMOOTHING)
    free = smoothed(mesh, *openness(mesh, normal, caster, sided), _SMOOTHING)
    return np.stack([log, 4 * free - 3], axis=1), vertex_gradient(mesh, log) * scale / 10


def distance_fields(surface: MeshSurface) -> tuple[np.ndarray, np.ndarray]:
    """Describe how far the rest of the component is along the surface, lengths relative to sqrt(area).

    * log(2 mean distance) and twice its excess over the smallest in the component; the gradient of the mean distance;
    * log of the distance's standard deviation over its mean, and its maximum over its mean, about centred.

    Isolated vertices get 0.

    Args:
        surface: Surface of a mesh.

    Returns:
        Invariants ``(V, 4)`` about centred and of order one, and vectors ``(V, 3)`` in space, about tangent.
    """
    mesh = surface.mesh
    scale = np.sqrt(face_areas(mesh.pos, mesh.face).sum())
    means = geodesic_means(surface)
    some = means.mean > 0
    mean, square, largest, least = (np.where(some, one, 1.0) for one in means)
    deviation = np.sqrt(np.maximum(square**2 / mean**2 - 1, 1e-4))
    fields = [np.log(2 * mean / scale), 2 * np.log(mean / least), np.log(2 * deviation), largest / mean - 2]
    return np.where(some[:, None], np.stack(fields, axis=1), 0.0), vertex_gradient(mesh, means.mean)
