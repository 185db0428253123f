"""Half-edges: the face across an edge, and the counter-clockwise order around a vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.mesh.connectivity import connect


@dataclass(frozen=True)
class HalfEdges:
    """Half-edges of clean faces; half-edge 3f + c runs from corner c of face f to the next corner.

    Attributes:
        start: (3F,), vertex at which a half-edge starts.
        end: (3F,), vertex at which it ends.
        twin: (3F,), half-edge of the opposite direction, -1 on a boundary.
        first: (V,), half-edge at which the turn around a vertex starts: the most clockwise one at a boundary, the one
            of smallest index elsewhere, -1 at an isolated vertex.
    """

    start: np.ndarray
    end: np.ndarray
    twin: np.ndarray
    first: np.ndarray


def half_edges(face: np.ndarray, num_vertices: int) -> HalfEdges:
    """Build the half-edges of consistently oriented faces with at most two faces an edge.

    Args:
        face: (F, 3), vertex indices.
        num_vertices: V.
    """
    start, end = face.reshape(-1), np.roll(face, -1, axis=1).reshape(-1)
    one, two = connect(face).pair.T
    twin, first = np.full(len(start), -1), np.full(num_vertices, -1)
    twin[one], twin[two] = two, one
    first[start[::-1]] = np.arange(len(start))[::-1]
    boundary = np.flatnonzero(twin < 0)
    first[start[boundary]] = boundary
    return HalfEdges(start, end, twin, first)


@numba.njit(cache=True, nogil=True)
def previous_half_edge(h: int) -> int:
    """Return the half-edge that precedes another in its triangle.

    Args:
        h: Half-edge.
    """
    return h - 1 if h % 3 else h + 2


@numba.njit(cache=True, nogil=True)
def polar_angles(
    angle: np.ndarray, twin: np.ndarray, first: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions of half-edges in the polar coordinates of their vertices.

    Walks counter-clockwise around each vertex from its first half-edge; a corner turns by its angle times the scale of
    the vertex.

    Args:
        angle: (3F,), corner angles [rad].
        twin: (3F,), twins of half-edges.
        first: (V,), half-edge at direction 0.
        scale: (V,), factor of the angles at each vertex.

    Returns:
        Direction (3F,) of half-edge h at ``start[h]`` [rad], and direction (3F,) of the reversed half-edge h at
        ``end[h]`` [rad], set only where h has no twin.
    """
    outgoing = np.zeros(len(twin))
    incoming = np.zeros(len(twin))
    for vertex in range(len(first)):
        h = first[vertex]
        if h < 0:
            continue
        turn = 0.0
        while True:
            outgoing[h] = turn
            turn += angle[h] * scale[vertex]
            before = previous_half_edge(h)
            h = twin[before]
            if h < 0:
                incoming[before] = turn
                break
            if h == first[vertex]:
                break
    return outgoing, incoming
