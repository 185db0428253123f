"""The interface of a sampled surface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from gaugenet.surface.edges import BundleEdges, Pooling
from gaugenet.surface.sampling import Samples, farthest_points


class Surface(ABC):
    """A surface sampled at V vertices, in float64 on the CPU: what its bundle is computed from.

    A surface is made once for each shape, does not change, and keeps what it has computed.

    Attributes:
        pos: ``(V, 3)`` positions [mesh unit].
        frame: ``(V, 3, 3)`` rows e1, e2, n.
        area: ``(V,)`` areas of the vertices [mesh unit squared].
        usual_neighbours: Mean number of neighbours where the caller asks for no radius and no number; None: the 1-ring.
        first_radius: Radius with which a search for discs of a number of vertices starts, over that of a flat disc.
        first_point: Vertex at which farthest-point samples start.
    """

    pos: np.ndarray
    frame: np.ndarray
    area: np.ndarray
    usual_neighbours: float | None = None
    first_radius = 1.2
    first_point = 0

    @cached_property
    def ring(self) -> BundleEdges:
        """Edges of the triangles in both directions.

        Raises:
            ValueError: If the surface has no triangles.
        """
        raise ValueError("the 1-ring needs face (3, F): ask for a radius or a number of neighbours")

    @cached_property
    def ring_stiffness(self) -> np.ndarray:
        """Cotangent weights ``(E,)`` of the edges of ``ring``."""
        raise NotImplementedError

    @abstractmethod
    def discs(self, vertex: np.ndarray, radius: float) -> BundleEdges:
        """Return the edges, in both directions, between vertices at most a radius apart.

        Args:
            vertex: ``(S,)`` ascending vertices; edges index positions in it.
            radius: Largest distance [mesh unit].
        """

    @abstractmethod
    def limit(self, vertex: np.ndarray) -> float:
        """Return a radius beyond which discs do not grow [mesh unit].

        Args:
            vertex: ``(S,)`` vertices between which there are discs.
        """

    @abstractmethod
    def distance(self, vertex: int) -> np.ndarray:
        """Return the distances ``(V,)`` from a vertex [mesh unit], infinite where it is not connected.

        Args:
            vertex: Vertex from which distances are measured.
        """

    @abstractmethod
    def pooling(self, finer: np.ndarray, coarser: np.ndarray, reach: float) -> Pooling:
        """Return which coarser vertices each finer vertex is shared among.

        Args:
            finer: ``(S,)`` vertices of a level.
            coarser: ``(T,)`` vertices of the next one, some of the finer ones.
            reach: Distance of the furthest finer vertex from the coarser ones, or more [mesh unit].
        """

    def farthest_points(self, count: int) -> Samples:
        """Return vertices, each furthest along the surface from those before it.

        Args:
            count: Number of vertices; more are chosen where there are more components.
        """
        return farthest_points(self.first_point, self.distance, min(count, len(self.pos)))

    def wider(self, radius: float, edges: BundleEdges, before: int, target: int, vertex: np.ndarray) -> float | None:
        """Return the next radius to try in a search for discs with many edges; None where discs grow no more.

        Args:
            radius: Radius of the last discs [mesh unit].
            edges: Their edges.
            before: Number of edges of the discs before those.
            target: Number of edges wanted.
            vertex: ``(S,)`` vertices between which there are discs.
        """
        return None if radius > self.limit(vertex) else 1.3 * radius

    def by_vector_heat(self, edges: BundleEdges) -> BundleEdges:
        """Return edges with log maps and transport computed again, by the vector heat method.

        Args:
            edges: Edges between the vertices.

        Raises:
            ValueError: If the surface is not a mesh with two sides.
        """
        raise ValueError('method "vector_heat" needs faces: leave the method out for point clouds')

    def __deepcopy__(self, memo: dict[int, Any]) -> Surface:
        return self
