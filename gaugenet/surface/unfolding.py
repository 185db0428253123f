"""The corners of a mesh in the order in which fronts read them, and how a front unfolds a triangle."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.connection import Connection


class Unfolding(NamedTuple):
    """The corners of a mesh grouped by their vertex j, each with its face (j, a, b): read together, stored together.

    A tuple, so that compiled code takes it as it is.

    Attributes:
        begin: ``(V + 1,)`` where the corners of each vertex start.
        rim: ``(3F, 2)`` int32: a and b.
        length: ``(3F, 2)`` of the edges ja and jb [mesh unit].
        direction: ``(3F, 2)`` of those edges at j [rad].
        corner: ``(3F, 2)`` cosine and sine of the angle at j in the triangle; sine 0 where it is flat.
        transport: ``(3F, 3)`` from a to j, from b to j and from a to b [rad].
        curve: ``(V,)`` vertices along a space-filling curve. Neighbours on the curve are neighbours on the surface, so
            that consecutive discs read the same memory, however the mesh is numbered.
    """

    begin: np.ndarray
    rim: np.ndarray
    length: np.ndarray
    direction: np.ndarray
    corner: np.ndarray
    transport: np.ndarray
    curve: np.ndarray

    @staticmethod
    def build(mesh: Mesh, connection: Connection | None = None) -> Unfolding:
        """Collect the arrays of a mesh.

        Args:
            mesh: Clean mesh.
            connection: Its connection; without one, directions and transport are 0.
        """
        start, end = mesh.face.reshape(-1), np.roll(mesh.face, -1, axis=1).reshape(-1)
        begin = np.r_[0, np.cumsum(np.bincount(start, minlength=len(mesh.pos)))]
        length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
        rim, spoke, direction, corner, transport = _corners(
            begin,
            start,
            end,
            length,
            np.zeros((len(start), 2)) if connection is None else connection.angle,
            np.zeros(len(start)) if connection is None else connection.transport,
        )
        curve = _space_filling_curve(mesh.pos)
        return Unfolding(begin, rim, spoke, direction, corner, transport, curve)

    @property
    def total_length(self) -> float:
        """Sum of all half-edges [mesh unit]: longer than any shortest path."""
        return 0.5 * float(self.length.sum())


@numba.njit(cache=True, nogil=True)
def _corners(begin, start, end, edge_length, angle, edge_transport):
    size = len(start)
    rim = np.empty((size, 2), np.int32)
    length, direction, corner = np.empty((size, 2)), np.empty((size, 2)), np.empty((size, 2))
    transport = np.empty((size, 3))
    free = begin[:-1].copy()
    for h in range(size):  # face (j, a, b): h leads from j to a, then from a to b, then from b to j
        after = h + 1 if h % 3 < 2 else h - 2
        before = h - 1 if h % 3 else h + 2
        slot = free[start[h]]
        free[start[h]] += 1
        one, two, across = edge_length[h], edge_length[before], edge_length[after]
        cosine = (one * one + two * two - across * across) / (2 * one * two)
        rim[slot, 0], rim[slot, 1] = end[h], end[after]
        length[slot, 0], length[slot, 1] = one, two
        direction[slot, 0], direction[slot, 1] = angle[h, 0], angle[before, 1]
        corner[slot, 0], corner[slot, 1] = cosine, np.sqrt(max(0.0, 1.0 - cosine * cosine))
        transport[slot, 0], transport[slot, 1] = -edge_transport[h], edge_transport[before]
        transport[slot, 2] = edge_transport[after]
    return rim, length, direction, corner, transport


def _space_filling_curve(pos: np.ndarray) -> np.ndarray:
    """Order points ``(V, 3)`` by the interleaved bits of their coordinates (Morton 1966), 21 bits each."""
    low = pos.min(axis=0)
    extent = float((pos.max(axis=0) - low).max())
    cell = ((pos - low) * ((2**21 - 1) / (extent if extent > 0 else 1.0))).astype(np.uint64)
    for shift, mask in (
        (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F), (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    ):  # fmt: skip
        cell = (cell | cell << np.uint64(shift)) & np.uint64(mask)
    key = cell[:, 0] | cell[:, 1] << np.uint64(1) | cell[:, 2] << np.uint64(2)
    return np.argsort(key, kind="stable")


@numba.njit(cache=True, nogil=True)
def source_below(near: float, far: float, base: float) -> tuple[float, float]:
    """Return x and depth of a source below a base from x = 0 to x = ``base``; the depth is NaN if there is no triangle.

    Args:
        near: Distance of the source from the end at 0.
        far: Distance of the source from the other end.
        base: Length of the base.
    """
    x = (near * near - far * far + base * base) / (2 * base)
    square = near * near - x * x
    return x, np.sqrt(square) if square > 0.0 else np.nan


@numba.njit(cache=True, nogil=True)
def in_sight(source_x: float, depth: float, base: float, apex_x: float, apex_y: float) -> bool:
    """Return whether the straight line from the source to an apex above passes through the base.

    Args:
        source_x: Coordinate x of the source.
        depth: Depth of the source below the base.
        base: Length of the base.
        apex_x: Coordinate x of the apex.
        apex_y: Height of the apex above the base.
    """
    crossing = source_x * apex_y + apex_x * depth  # x where it does, times the height of the apex over the source
    return apex_y > 0.0 and crossing >= 0.0 and crossing <= base * (apex_y + depth)


@numba.njit(cache=True, nogil=True)
def share_of_angle(source_x: float, depth: float, base: float, apex_x: float, apex_y: float) -> float:
    """Return where the apex lies between the ends of the base, 0 to 1 in the angle from near to far at the source.

    Args:
        source_x: Coordinate x of the source.
        depth: Depth of the source below the base.
        base: Length of the base.
        apex_x: Coordinate x of the apex.
        apex_y: Height of the apex above the base.
    """
    to_near = np.arctan2(-source_x, depth)
    to_far = np.arctan2(base - source_x, depth)
    to_apex = np.arctan2(apex_x - source_x, apex_y + depth)
    return (to_apex - to_near) / (to_far - to_near)
