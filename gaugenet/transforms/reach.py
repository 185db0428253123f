"""Input fields that depend on more than a point's surroundings: rays into and out of the solid, and distances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gaugenet.mesh.connectivity import components, members
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import smoothed, vertex_gradient
from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster
from gaugenet.mesh.ray_fan import openness, shape_diameter
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.sampling import farthest_points

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


class GeodesicMeans(NamedTuple):
    """Moments over a component of the distance along the surface from each of its vertices [mesh unit].

    Isolated vertices have 0 everywhere.

    Attributes:
        mean: ``(V,)`` the mean distance.
        square: ``(V,)`` root of the mean squared distance.
        largest: ``(V,)`` the eccentricity.
        least: ``(V,)`` the smallest mean distance of any vertex of the component.
    """

    mean: np.ndarray
    square: np.ndarray
    largest: np.ndarray
    least: np.ndarray


def geodesic_means(surface: MeshSurface, samples: int = 32) -> GeodesicMeans:
    """Integrate distances over each component of a surface by some of its vertices (Hilaga et al. 2001, eq. 2).

    mean(v) = sum_s a_s d(v, s) / sum_s a_s over farthest-point samples s of the component, with a_s the area of the
    vertices nearest to s. For d it uses sqrt(d^2 + a_s / 4 pi), about the mean distance from v to the points of a disc
    of area a_s around s: without it there would be a dip at each sample. Samples lie in the ends of limbs, so that this
    is too much everywhere, by 1 or 2 % at 32 samples. At the samples the mean is known, and so is the excess, which is
    interpolated from there by 1 / d^4 and subtracted: 0.2 % remain. Squares likewise.

    Takes time and memory in proportion to V ``samples``. The samples depend on the shape, not on its pose or numbering,
    except between vertices that tie.

    Args:
        surface: Surface of a mesh.
        samples: Number of samples in each component.
    """
    pos, face, area = surface.pos, surface.mesh.face, surface.area
    component = components(np.concatenate([face[:, [0, 1]], face[:, [1, 2]]]), len(pos))
    out = np.zeros((4, len(pos)))
    for vertex in members(component):
        total = area[vertex].sum()
        if total == 0:
            continue
        share = area[vertex] / total
        remote = np.linalg.norm(pos[vertex] - share @ pos[vertex], axis=1)
        chosen, distance = _from_samples(surface, vertex, remote, samples)
        cell = np.bincount(distance.argmin(axis=0), share, len(chosen))
        squared = distance**2 + total / (4 * np.pi) * cell[:, None]
        near = squared**-2 / (squared**-2).sum(axis=0)
        mean, square = (
            known - near.T @ (known[chosen] - power @ share)
            for known, power in ((cell @ np.sqrt(squared), distance), (cell @ squared, distance**2))
        )
        out[:, vertex] = mean, np.sqrt(square), distance.max(axis=0), np.full(len(vertex), mean.min())
    return GeodesicMeans(*out)


def _from_samples(
    surface: MeshSurface, vertex: np.ndarray, remote: np.ndarray, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions ``(S,)`` of samples among the vertices of a component, and distances ``(S, n)``."""
    rows: list[np.ndarray] = []

    def distance(k: int) -> np.ndarray:
        rows.append(surface.distance(vertex[k])[vertex])
        return rows[-1]

    first = int((remote >= remote.max() * (1 - 1e-9)).argmax())
    chosen = farthest_points(first, distance, min(samples, len(vertex))).vertex
    return chosen, np.stack(rows)
