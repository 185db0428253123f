"""Edges between vertices of a surface, within a level and between levels, with their log maps and transport."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np


@numba.vectorize(cache=True)
def wrap(angle: np.ndarray) -> np.ndarray:
    """Wrap angles into (-pi, pi], elementwise; usable in compiled code.

    Args:
        angle: Any shape [rad].
    """
    return np.minimum(angle - 2 * np.pi * np.ceil((angle - np.pi) / (2 * np.pi)), np.pi)


@dataclass(frozen=True)
class BundleEdges:
    """Directed edges j -> i, sorted by target, then by source.

    Attributes:
        index: ``(2, E)`` int64: sources j, targets i.
        log: ``(E, 2)`` polar coordinates of j in the frame of i: radius [mesh unit], angle [rad] in (-pi, pi].
        transport: ``(E,)`` angle [rad]; R(transport) F^flip takes components in j's frame to components in i's frame.
        flip: ``(E,)`` bool, whether transport reflects: F = diag(1, -1) is applied first. None where no edge does.
    """

    index: np.ndarray
    log: np.ndarray
    transport: np.ndarray
    flip: np.ndarray | None = None

    @staticmethod
    def build(
        source: np.ndarray, target: np.ndarray, log: np.ndarray, transport: np.ndarray, flip: np.ndarray | None = None
    ) -> BundleEdges:
        """Sort edges by target and source and wrap their angles.

        Args:
            source: ``(E,)`` vertices j.
            target: ``(E,)`` vertices i.
            log: ``(E, 2)`` polar coordinates of j in the frame of i, any angle.
            transport: ``(E,)`` any angle [rad].
            flip: ``(E,)`` bool, or None.
        """
        order = np.lexsort((source, target))
        log = np.stack([log[order, 0], wrap(log[order, 1])], axis=1)
        index = np.stack([source[order], target[order]])
        return BundleEdges(index, log, wrap(transport[order]), None if flip is None else flip[order])

    @staticmethod
    def none() -> BundleEdges:
        """Return a set of no edges."""
        return BundleEdges(np.empty((2, 0), np.int64), np.empty((0, 2)), np.empty(0))

    @property
    def reverse(self) -> np.ndarray:
        """The number ``(E,)`` of the reverse of each edge; every edge must have one."""
        return np.lexsort((self.index[1], self.index[0]))

    def select(self, keep: np.ndarray) -> BundleEdges:
        """Return the edges where a mask is true.

        Args:
            keep: ``(E,)`` bool.
        """
        flip = None if self.flip is None else self.flip[keep]
        return BundleEdges(self.index[:, keep], self.log[keep], self.transport[keep], flip)

    def mean_of_directions(self, value: np.ndarray) -> np.ndarray:
        """Return the mean ``(E,)`` over the two directions of each edge, with the same bits for both.

        Args:
            value: ``(E,)``; every edge must have its reverse.
        """
        return 0.5 * (value + value[self.reverse])


@dataclass(frozen=True)
class Pooling:
    """How the vertices of a level are shared among those of the next coarser one.

    Attributes:
        index: ``(2, P)`` finer vertices, coarser vertices, as positions in their levels.
        radius: ``(P,)`` distance between them [mesh unit].
        transport: ``(P,)`` angle [rad]; R(transport) F^flip takes components in the finer vertex's frame to the
            coarser one's.
        reach: Distance within which every finer vertex has a coarser one [mesh unit].
        flip: ``(P,)`` bool, whether transport reflects, as in ``BundleEdges``; None where no pair does.
    """

    index: np.ndarray
    radius: np.ndarray
    transport: np.ndarray
    reach: float
    flip: np.ndarray | None = None

    @cached_property
    def weight(self) -> np.ndarray:
        """Shares ``(P,)`` of the finer vertices, in proportion to 1 / (radius^2 + (reach / 4)^2); each sums to 1."""
        soft = 0.25 * self.reach if self.reach > 0 else 1.0  # where every vertex is kept, any softening does
        fine, share = self.index[0], 1.0 / (self.radius**2 + soft**2)
        return share / np.bincount(fine, share)[fine]


def symmetric(edges: BundleEdges, size: int) -> BundleEdges:
    """Return edges that all have their reverse: radii averaged, transports averaged to be each other's inverse.

    The two directions are computed independently and differ by discretisation. Where one is missing, it is derived
    from the other: along a geodesic the reverse has the direction theta_ji = g_ij^-1 theta_ij + pi.

    Args:
        edges: Sorted edges, in one direction or both.
        size: Number of vertices.
    """
    source, target = edges.index
    begin = np.r_[0, np.cumsum(np.bincount(target, minlength=size))]
    log, transport = edges.log.copy(), edges.transport.copy()
    flip = np.zeros(len(source), dtype=np.bool_) if edges.flip is None else edges.flip.copy()
    single, at = _reconcile(begin, source, log, transport, flip)
    order = np.lexsort((target[single], source[single]))
    index, log, transport, flip = _with_reverses(single[order], at[order], edges.index, log, transport, flip)
    return BundleEdges(index, log, transport, None if edges.flip is None else flip)


@numba.njit(cache=True, nogil=True)
def _reconcile(begin, source, log, transport, flip):
    """Make each edge and its reverse agree; return the edges without one, and where their reverse belongs."""
    cursor = begin[:-1].copy()  # in the row of each vertex: the targets i rise, so do the sources i of their reverses
    single, at = [0 for _ in range(0)], [0 for _ in range(0)]
    for i in range(len(begin) - 1):
        for edge in range(begin[i], begin[i + 1]):
            j = source[edge]
            back = cursor[j]
            while back < begin[j + 1] and source[back] < i:
                back += 1
            cursor[j] = back
            if back == begin[j + 1] or source[back] != i:
                single.append(edge)
                at.append(back)
            elif j < i:
                log[edge, 0] = log[back, 0] = 0.5 * (log[edge, 0] + log[back, 0])
                if flip[edge] != flip[back]:  # two paths of about equal length: take one of them
                    log[back, 1], transport[back] = _reverse(log[edge, 1], transport[edge], flip[edge])
                    flip[back] = flip[edge]
                sign = -1.0 if flip[edge] else 1.0
                gap = wrap(transport[edge] + sign * transport[back])
                transport[edge] = wrap(transport[edge] - 0.5 * gap)
                transport[back] = wrap(transport[back] - 0.5 * sign * gap)
    return np.array(single), np.array(at)


@numba.njit(cache=True, nogil=True)
def _with_reverses(single, at, index, log, transport, flip):
    """Merge the reverses of some edges into all, each before the edge ``at`` which it belongs."""
    size = len(transport) + len(single)
    all_index, all_log = np.empty((2, size), np.int64), np.empty((size, 2))
    all_transport, all_flip = np.empty(size), np.empty(size, np.bool_)
    row, k = 0, 0
    for edge in range(len(transport) + 1):
        while k < len(at) and at[k] == edge:
            one = single[k]
            all_index[0, row], all_index[1, row] = index[1, one], index[0, one]
            all_log[row, 0], all_flip[row] = log[one, 0], flip[one]
            all_log[row, 1], all_transport[row] = _reverse(log[one, 1], transport[one], flip[one])
            row, k = row + 1, k + 1
        if edge < len(transport):
            all_index[0, row], all_index[1, row] = index[0, edge], index[1, edge]
            all_log[row, 0], all_log[row, 1] = log[edge, 0], log[edge, 1]
            all_transport[row], all_flip[row] = transport[edge], flip[edge]
            row += 1
    return all_index, all_log, all_transport, all_flip


@numba.njit(cache=True, nogil=True)
def _reverse(theta, transport, flip):
    """Return direction g^-1 theta + pi and angle of g^-1 of the reverse edge, for g = R(transport) F^flip."""
    if flip:
        return wrap(transport - theta + np.pi), transport
    return wrap(theta - transport + np.pi), wrap(-transport)
