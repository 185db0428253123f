"""The bundle of a mesh: frames, connection, neighbourhoods and levels, computed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaugenet.bundle.connection import one_ring
from gaugenet.bundle.connection_laplacian import cotangent_stiffness, kernel_stiffness
from gaugenet.bundle.edges import BundleEdges
from gaugenet.bundle.levels import Level, build_levels
from gaugenet.bundle.neighbourhood import discs_of_count, discs_of_radius, symmetric
from gaugenet.bundle.sheets import Sheets
from gaugenet.bundle.unfolding import Unfolding
from gaugenet.bundle.vector_heat import vector_heat_discs
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh

METHODS = ("geodesic", "vector_heat")


@dataclass(frozen=True)
class Bundle:
    """The discrete frame bundle of a mesh.

    Attributes:
        frame: ``(V, 3, 3)`` rows e1, e2, n. area: ``(V,)`` vertex areas [mesh unit squared].
        edges: neighbourhoods of the vertices. radius: of the kernel on them [mesh unit].
        stiffness: ``(E,)`` weights of the edges for the connection Laplacian, the same in both directions.
        levels: coarser levels, finest first.
    """

    frame: np.ndarray
    area: np.ndarray
    edges: BundleEdges
    radius: float
    stiffness: np.ndarray
    levels: list[Level]


def build_bundle(
    mesh: Mesh,
    radius: float | None = None,
    neighbours: float | None = None,
    levels: Sequence[int] = (),
    level_neighbours: float = 30,
    method: str = "geodesic",
) -> Bundle:
    """Build frames, the Levi-Civita connection, neighbourhoods and levels of a clean mesh.

    Args:
        radius: of geodesic discs [mesh unit]. neighbours: or their mean number of vertices. With neither, the 1-ring.
        levels: falling numbers of vertices of the coarser levels. level_neighbours: mean number in their discs.
        method: how log maps and transport of discs on the mesh itself are found: "geodesic" or "vector_heat".
    """
    sheets = Sheets.build(mesh)
    unfolding = Unfolding.build(sheets.surface, sheets.connection)
    area = vertex_areas(mesh.pos, mesh.face)
    edges, reach = _neighbourhoods(mesh, sheets, unfolding, area, radius, neighbours)
    ring = radius is None and neighbours is None
    if method == "vector_heat" and not ring:
        if sheets.turn is not None:
            raise ValueError('method "vector_heat" needs a surface with two sides, got one that is not orientable')
        edges = symmetric(vector_heat_discs(mesh, sheets.connection, edges), len(mesh.pos))
    return Bundle(
        frame=sheets.frame,
        area=area,
        edges=edges,
        radius=reach,
        stiffness=cotangent_stiffness(mesh, edges) if ring else kernel_stiffness(edges, area, reach),
        levels=build_levels(mesh, sheets, unfolding, area, levels, level_neighbours),
    )


def mesh_edges(mesh: Mesh, sheets: Sheets | None = None) -> BundleEdges:
    """Return the edges of a clean mesh in both directions, with their lengths as radii."""
    sheets = sheets or Sheets.build(mesh)
    return sheets.fold(one_ring(sheets.surface, sheets.connection), np.arange(len(mesh.pos)))


def quadrature_weights(edges: BundleEdges, area: np.ndarray) -> np.ndarray:
    """Return ``(E,)`` weights a_j / sum of a_j over the neighbourhood of i: they sum to 1 where there are neighbours.

    One-sided neighbourhoods at boundaries are right too: a constant field keeps its value.
    """
    source, target = edges.index
    total = np.bincount(target, area[source], len(area))
    return area[source] / np.maximum(total[target], np.finfo(float).tiny)


def _neighbourhoods(
    mesh: Mesh,
    sheets: Sheets,
    unfolding: Unfolding,
    area: np.ndarray,
    radius: float | None,
    neighbours: float | None,
) -> tuple[BundleEdges, float]:
    everyone = np.arange(len(mesh.pos))
    if radius is not None:
        edges = discs_of_radius(unfolding, sheets, everyone, radius)
        return edges.select(edges.log[:, 0] <= radius), radius
    if neighbours is not None:
        return discs_of_count(unfolding, sheets, everyone, neighbours, float(area.sum()))
    edges = mesh_edges(mesh, sheets)
    return edges, 1.5 * float(edges.log[:, 0].mean())
