"""Half-edges: who lies across an edge, and the counter-clockwise order around a vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class HalfEdges:
    """Half-edges of clean faces; half-edge ``3 f + c`` runs from corner ``c`` of face ``f`` to the next corner.

    Attributes:
        start: ``(3F,)`` vertex that a half-edge leaves.
        end: ``(3F,)`` vertex that it reaches.
        twin: ``(3F,)`` the half-edge that runs the other way, -1 on a boundary.
        first: ``(V,)`` the half-edge at which the turn around a vertex begins: the clockwise-most one on a boundary,
            the one of smallest index elsewhere, -1 at an isolated vertex.
    """

    start: np.ndarray
    end: np.ndarray
    twin: np.ndarray
    first: np.ndarray


def half_edges(face: np.ndarray, num_vertices: int) -> HalfEdges:
    """Build the half-edges of consistently oriented faces ``(F, 3)`` with at most two faces an edge."""
    start = face.reshape(-1)
    end = np.roll(face, -1, axis=1).reshape(-1)
    twin, first = _twins(start, end, num_vertices)
    boundary = np.flatnonzero(twin < 0)
    first[start[boundary]] = boundary
    return HalfEdges(start, end, twin, first)


@numba.njit(cache=True, nogil=True)
def _twins(start, end, num_vertices):
    """Return twins and the half-edge of smallest index at each vertex, in time linear even around a hub."""
    first = np.full(num_vertices, -1, np.int64)  # then a list a vertex: the half-edges that leave it, ascending
    following = np.empty(len(start), np.int64)
    for h in range(len(start) - 1, -1, -1):
        following[h] = first[start[h]]
        first[start[h]] = h
    twin = np.full(len(start), -1, np.int64)
    leads = np.full(num_vertices, -1, np.int64)  # the half-edge seen last that reaches a vertex
    for vertex in range(num_vertices):
        h = first[vertex]
        while h >= 0:
            leads[end[h]] = h
            h = following[h]
        h = first[vertex]
        while h >= 0:
            before = h - 1 if h % 3 else h + 2
            out = leads[start[before]]
            if out >= 0 and start[out] == vertex:
                twin[before] = out
            h = following[h]
    return twin, first


@numba.njit(cache=True, nogil=True)
def previous_half_edge(h: int) -> int:
    """Return the half-edge that precedes ``h`` in its triangle."""
    return h - 1 if h % 3 else h + 2


@numba.njit(cache=True, nogil=True)
def polar_angles(
    angle: np.ndarray, twin: np.ndarray, first: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the direction of each half-edge at its start and, for the last edge of a boundary fan, at its end.

    Walks counter-clockwise from ``first``; each corner turns by ``angle * scale`` of its vertex.

    Returns:
        ``outgoing (3F,)``: direction of half-edge h at ``start[h]`` [rad];
        ``incoming (3F,)``: direction of the reversed half-edge h at ``end[h]`` [rad], set where h has no twin.
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
