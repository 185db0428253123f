"""The surface of a triangle mesh."""

from __future__ import annotations

from functools import cached_property

import numba
import numpy as np

from gaugenet.mesh.curvature import Curvature, curvature
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.connection import one_ring
from gaugenet.surface.discs import geodesic_discs, vector_heat_discs
from gaugenet.surface.edges import BundleEdges, Pooling, symmetric
from gaugenet.surface.front import distances
from gaugenet.surface.sampling import Samples, farthest_on_mesh
from gaugenet.surface.sheets import Sheets
from gaugenet.surface.stiffness import cotangent_stiffness
from gaugenet.surface.surface import Surface
from gaugenet.surface.unfolding import Unfolding


class MeshSurface(Surface):
    """A clean mesh with its Levi-Civita connection and geodesic discs.

    Args:
        mesh: Clean mesh; ``clean_mesh`` makes one.

    Attributes:
        mesh: The clean mesh.
        sheets: The oriented surface over it, with its connection.
    """

    first_radius = 1.15

    def __init__(self, mesh: Mesh) -> None:
        self.mesh, self.pos = mesh, mesh.pos
        self.sheets = Sheets.build(mesh)
        self.frame, self.area = self.sheets.frame, vertex_areas(mesh.pos, mesh.face)

    @cached_property
    def unfolding(self) -> Unfolding:
        """Corners of the oriented surface, with its connection."""
        return Unfolding.build(self.sheets.surface, self.sheets.connection)

    @cached_property
    def paths(self) -> Unfolding:
        """Corners of the mesh itself, for distances, which need no orientation."""
        return self.unfolding if self.mesh.orientable else Unfolding.build(self.mesh)

    @cached_property
    def ring(self) -> BundleEdges:
        """Edges of the mesh in both directions, with their lengths as radii."""
        return self.sheets.fold(one_ring(self.sheets.surface, self.sheets.connection), np.arange(len(self.pos)))

    @cached_property
    def ring_stiffness(self) -> np.ndarray:
        """Cotangent weights ``(E,)`` of the edges of ``ring``."""
        return cotangent_stiffness(self.mesh, self.ring)

    def discs(self, vertex: np.ndarray, radius: float) -> BundleEdges:
        lifts, wanted = self.sheets.lifts(vertex), np.zeros(len(self.sheets.surface.pos), dtype=bool)
        wanted[lifts] = True
        edges = geodesic_discs(self.unfolding, lifts, radius, wanted)
        rank = np.cumsum(wanted) - 1
        edges = BundleEdges(rank[edges.index], edges.log, edges.transport)
        return symmetric(self.sheets.fold(edges, vertex), len(vertex))

    def log_maps(self, vertex: np.ndarray, radius: float) -> BundleEdges:
        """Return the edges to some vertices from all that are within a radius, in one direction.

        Args:
            vertex: ``(S,)`` targets, ascending; edges index vertices of the mesh.
            radius: Largest distance [mesh unit].
        """
        wanted = np.ones(len(self.sheets.surface.pos), dtype=bool)
        return self.sheets.fold(geodesic_discs(self.unfolding, vertex, radius, wanted), np.arange(len(self.pos)))

    def limit(self, vertex: np.ndarray) -> float:
        return self.unfolding.total_length

    def wider(self, radius: float, edges: BundleEdges, before: int, target: int, vertex: np.ndarray) -> float | None:
        count = len(edges.log)
        exhausted = 0 < count == before and radius > 4 * edges.log[:, 0].max()
        if exhausted or radius > self.limit(vertex):
            return None
        return radius * float(min(2.0, 1.1 * np.sqrt(target / max(count, 1))))

    def distance(self, vertex: int) -> np.ndarray:
        found, distance, _ = distances(np.array([vertex]), np.inf, self.paths)
        out = np.full(len(self.pos), np.inf)
        out[found] = distance
        return out

    def farthest_points(self, count: int) -> Samples:
        return farthest_on_mesh(self.mesh, self.paths, count)

    def pooling(self, finer: np.ndarray, coarser: np.ndarray, reach: float) -> Pooling:
        """Return for each finer vertex the three nearest coarser ones."""
        size = len(self.sheets.surface.pos)
        fine, coarse = self.sheets.lifts(finer), self.sheets.lifts(coarser)
        rank_fine, rank_coarse = np.full(size, -1), np.full(size, -1)
        rank_fine[fine], rank_coarse[coarse] = np.arange(len(fine)), np.arange(len(coarse))
        discs = geodesic_discs(self.unfolding, coarse, 2.0 * reach, rank_fine >= 0)
        edge = _three_nearest(rank_fine, coarse, discs.index[0], discs.log, 1e-9 * (0.25 * reach))
        row = np.repeat(np.arange(len(fine)), (edge > _NONE).sum(axis=1))
        edge = edge[edge > _NONE]
        column, radius, transport = rank_coarse[fine[row]], np.zeros(len(row)), np.zeros(len(row))
        other = edge != _ITSELF
        column[other] = rank_coarse[discs.index[1, edge[other]]]
        radius[other], transport[other] = discs.log[edge[other], 0], discs.transport[edge[other]]
        pooling = Pooling(np.stack([row, column]), radius, transport, reach)
        return self.sheets.fold_pooling(pooling, finer, coarser)

    def by_vector_heat(self, edges: BundleEdges) -> BundleEdges:
        if self.sheets.turn is not None:
            raise ValueError('method "vector_heat" needs a surface with two sides, got one that is not orientable')
        return symmetric(vector_heat_discs(self.mesh, self.sheets.connection, edges), len(self.pos))

    def curvature(self, frame: np.ndarray) -> Curvature:
        """Return the second fundamental form at the vertices.

        Args:
            frame: ``(V, 3, 3)`` frames whose normals are those of the surface (``like_normals``).
        """
        surface, size = self.sheets.surface, len(self.pos)
        if self.mesh.orientable:
            return curvature(surface.pos, surface.face, frame)
        curved = curvature(surface.pos, surface.face, np.concatenate([frame, frame * [[1], [-1], [-1]]]))
        return Curvature(curved.mean[:size], curved.gaussian[:size], curved.deviator[:size])

    def like_normals(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return frames reflected where their normal is not that of the surface, and where that is so, ``(V,)`` bool.

        A reflection reverses e2 and n. Normals of a mesh that cannot be oriented are those of the first sheet of its
        cover.

        Args:
            frame: ``(V, 3, 3)`` rows e1, e2, n.
        """
        mirrored = (frame[:, 2] * self.frame[:, 2]).sum(axis=1) < 0
        return np.where(mirrored[:, None, None], frame * [[1], [-1], [-1]], frame), mirrored


_NONE, _ITSELF = -2, -1


@numba.njit(cache=True, nogil=True)
def _three_nearest(rank, coarser, source, log, grain):
    """Return, for each finer vertex, the edges from its three nearest coarser ones, nearest first.

    ``_ITSELF`` stands for a vertex that is both, ``_NONE`` for a missing one. Radii are rounded to a grain, so that
    rounding errors do not decide between equals: the edge that comes first does.
    """
    size = rank.max() + 1
    edge, least = np.full((size, 3), _NONE), np.full((size, 3), np.inf)
    for v in coarser:
        edge[rank[v], 0], least[rank[v], 0] = _ITSELF, 0.0
    for e in range(len(source)):
        fine, radius = rank[source[e]], np.round(log[e, 0] / grain)
        row = 3
        while row > 0 and radius < least[fine, row - 1]:
            row -= 1
        for k in range(2, row, -1):
            edge[fine, k], least[fine, k] = edge[fine, k - 1], least[fine, k - 1]
        if row < 3:
            edge[fine, row], least[fine, row] = e, radius
    return edge
