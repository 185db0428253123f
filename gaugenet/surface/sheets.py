"""The oriented surface on which the geometry of a mesh is computed: itself, or the double cover of a one-sided mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.orientation_cover import mirror_half_edge, orientation_cover
from gaugenet.surface.connection import Connection, levi_civita
from gaugenet.surface.edges import BundleEdges, Pooling, wrap


@dataclass(frozen=True)
class Sheets:
    """An oriented surface over a mesh, and how what is computed there folds down to the vertices of the mesh.

    A mesh that cannot be oriented is computed on its double cover, where vertices v and v + V lie over vertex v. Its
    frames are those of the first sheet. h_v = R(turn) F takes components in the frame of v + V to that of v, with
    F = diag(1, -1): the two frames look at the plane from its two sides.

    Attributes:
        surface: The mesh itself, or its orientation cover.
        connection: Connection of ``surface``.
        turn: ``(V,)`` [rad], None where the mesh is oriented and nothing is folded.
    """

    surface: Mesh
    connection: Connection
    turn: np.ndarray | None

    @staticmethod
    def build(mesh: Mesh) -> Sheets:
        """Build the surface and its connection.

        Args:
            mesh: Clean mesh.
        """
        if mesh.orientable:
            return Sheets(mesh, levi_civita(mesh), None)
        surface = orientation_cover(mesh)
        connection = levi_civita(surface)
        # An edge that lies at the angle p in the frame of v lies at q in that of v + V: R(turn) F q = p.
        turn, start = np.zeros(len(mesh.pos)), connection.edges.start
        ahead = np.flatnonzero(start < len(mesh.pos))
        back = mirror_half_edge(ahead, len(mesh.face))
        turn[start[ahead]] = connection.angle[ahead, 0] + connection.angle[back, 1]
        return Sheets(surface, connection, turn)

    @property
    def frame(self) -> np.ndarray:
        """Frames ``(V, 3, 3)`` of the vertices of the mesh."""
        return self.connection.frame if self.turn is None else self.connection.frame[: len(self.turn)]

    def lifts(self, vertex: np.ndarray) -> np.ndarray:
        """Return all vertices of the surface over vertices of the mesh: ``(S,)`` or ``(2S,)``.

        Args:
            vertex: ``(S,)`` vertices of the mesh, ascending; so are the lifts.
        """
        return vertex if self.turn is None else np.r_[vertex, vertex + len(self.turn)]

    def fold(self, edges: BundleEdges, vertex: np.ndarray) -> BundleEdges:
        """Return the edges between vertices of the mesh from those between their lifts.

        Targets are on the first sheet. A source on the second is written in its frame on the first, by transport that
        reflects. Of two sources over one vertex the nearer stays; none over the target itself does.

        Args:
            edges: Edges between positions in ``lifts(vertex)``.
            vertex: ``(S,)`` vertices of the mesh.
        """
        if self.turn is None:
            return edges
        size = len(vertex)
        source, target = edges.index
        here = np.flatnonzero((target < size) & (source % size != target))
        base, flip = source[here] % size, source[here] >= size
        farther = edges.log[here, 0] * (1 + 1e-6 * flip)  # ties, up to rounding, stay on the first sheet
        order = np.lexsort((farther, base, target[here]))
        pair = np.stack([target[here], base])[:, order]
        order = order[np.r_[True, (pair[:, 1:] != pair[:, :-1]).any(axis=0)][: len(order)]]
        here, base, flip = here[order], base[order], flip[order]
        transport = edges.transport[here] + np.where(flip, self.turn[vertex[base]], 0.0)
        return BundleEdges.build(base, target[here], edges.log[here], transport, flip)

    def fold_pooling(self, pooling: Pooling, finer: np.ndarray, coarser: np.ndarray) -> Pooling:
        """Return the map between vertices of the mesh from that between their lifts.

        Args:
            pooling: Between positions in ``lifts(finer)`` and ``lifts(coarser)``.
            finer: ``(S,)`` vertices of the mesh.
            coarser: ``(T,)`` vertices of the mesh.
        """
        if self.turn is None:
            return pooling
        fine, coarse = pooling.index
        here = fine < len(finer)
        fine, coarse = fine[here], coarse[here]
        base, flip = coarse % len(coarser), coarse >= len(coarser)
        transport = pooling.transport[here]
        transport = np.where(flip, self.turn[coarser[base]] - transport, transport)
        return Pooling(np.stack([fine, base]), pooling.radius[here], wrap(transport), pooling.reach, flip)
