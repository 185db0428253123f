"""Neighbourhoods: the 1-ring, or geodesic discs of one radius, between the vertices of a level."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np

from gaugenet.bundle.edges import BundleEdges, wrap
from gaugenet.bundle.geodesic import geodesic_discs
from gaugenet.bundle.sheets import Sheets
from gaugenet.bundle.unfolding import Unfolding


def symmetric(edges: BundleEdges, size: int) -> BundleEdges:
    """Return edges that all have their reverse: radii averaged, transports averaged to be each other's inverse.

    The two directions are computed independently and differ by discretisation. Where one is missing, the other
    supplies it: along a geodesic the way back has the direction theta_ji = g_ij^-1 theta_ij + pi.
    """
    source, target = edges.index
    begin = np.r_[0, np.cumsum(np.bincount(target, minlength=size))]
    log, transport = edges.log.copy(), edges.transport.copy()
    flip = np.zeros(len(source), dtype=np.bool_) if edges.flip is None else edges.flip.copy()
    alone, at = _reconcile(begin, source, log, transport, flip)
    order = np.lexsort((target[alone], source[alone]))
    index, log, transport, flip = _with_reverses(alone[order], at[order], edges.index, log, transport, flip)
    return BundleEdges(index, log, transport, None if edges.flip is None else flip)


@numba.njit(cache=True, nogil=True)
def _reconcile(begin, source, log, transport, flip):
    """Make each edge and its reverse agree; return the edges without one, and where their reverse belongs."""
    cursor = begin[:-1].copy()  # in the row of each vertex: the targets i rise, so do the sources i of their reverses
    alone, at = [0 for _ in range(0)], [0 for _ in range(0)]
    for i in range(len(begin) - 1):
        for edge in range(begin[i], begin[i + 1]):
            j = source[edge]
            back = cursor[j]
            while back < begin[j + 1] and source[back] < i:
                back += 1
            cursor[j] = back
            if back == begin[j + 1] or source[back] != i:
                alone.append(edge)
                at.append(back)
            elif j < i:
                log[edge, 0] = log[back, 0] = 0.5 * (log[edge, 0] + log[back, 0])
                if flip[edge] != flip[back]:  # two ways round, as good as equally long: one of them will do
                    log[back, 1], transport[back] = _reverse(log[edge, 1], transport[edge], flip[edge])
                    flip[back] = flip[edge]
                sign = -1.0 if flip[edge] else 1.0
                gap = wrap(transport[edge] + sign * transport[back])
                transport[edge] = wrap(transport[edge] - 0.5 * gap)
                transport[back] = wrap(transport[back] - 0.5 * sign * gap)
    return np.array(alone), np.array(at)


@numba.njit(cache=True, nogil=True)
def _with_reverses(alone, at, index, log, transport, flip):
    """Merge the reverses of some edges into all, each before the edge ``at`` which it belongs."""
    size = len(transport) + len(alone)
    all_index, all_log = np.empty((2, size), np.int64), np.empty((size, 2))
    all_transport, all_flip = np.empty(size), np.empty(size, np.bool_)
    place, k = 0, 0
    for edge in range(len(transport) + 1):
        while k < len(at) and at[k] == edge:
            one = alone[k]
            all_index[0, place], all_index[1, place] = index[1, one], index[0, one]
            all_log[place, 0], all_flip[place] = log[one, 0], flip[one]
            all_log[place, 1], all_transport[place] = _reverse(log[one, 1], transport[one], flip[one])
            place, k = place + 1, k + 1
        if edge < len(transport):
            all_index[0, place], all_index[1, place] = index[0, edge], index[1, edge]
            all_log[place, 0], all_log[place, 1] = log[edge, 0], log[edge, 1]
            all_transport[place], all_flip[place] = transport[edge], flip[edge]
            place += 1
    return all_index, all_log, all_transport, all_flip


@numba.njit(cache=True, nogil=True)
def _reverse(theta, transport, flip):
    """Return the direction g^-1 theta + pi and the angle of g^-1 of the way back, for g = R(transport) F^flip."""
    if flip:
        return wrap(transport - theta + np.pi), transport
    return wrap(theta - transport + np.pi), wrap(-transport)


def discs_of_radius(unfolding: Unfolding, sheets: Sheets, vertex: np.ndarray, radius: float) -> BundleEdges:
    """Return symmetric edges between the given vertices ``(S,)`` within ``radius`` [mesh unit] of each other.

    Edge indices are positions in ``vertex``, which must be sorted.
    """
    lifts = sheets.lifts(vertex)
    wanted = np.zeros(len(unfolding.begin) - 1, dtype=bool)
    wanted[lifts] = True
    edges = geodesic_discs(unfolding, lifts, radius, wanted)
    rank = np.cumsum(wanted) - 1
    edges = BundleEdges(rank[edges.index], edges.log, edges.transport)
    return symmetric(sheets.fold(edges, vertex), len(vertex))


def discs_of_count(
    unfolding: Unfolding, sheets: Sheets, vertex: np.ndarray, neighbours: float, area: float
) -> tuple[BundleEdges, float]:
    """Return discs of one radius chosen so that they hold ``neighbours`` vertices in the mean, and that radius.

    The radius grows from that of a flat disc, sqrt(k A / (pi n)), until the mean is reached or no disc grows any more.
    """
    size = len(vertex)
    target = round(min(neighbours, size - 1) * size)
    if target <= 0:
        return BundleEdges(np.empty((2, 0), np.int64), np.empty((0, 2)), np.empty(0)), 0.0
    radius = 1.15 * np.sqrt(neighbours * area / (np.pi * size))
    found = -1
    while True:
        edges = discs_of_radius(unfolding, sheets, vertex, radius)
        count = edges.index.shape[1]
        exhausted = 0 < count == found and radius > 4 * edges.log[:, 0].max()
        if count >= target or exhausted or radius > unfolding.total_length:
            break
        found = count
        radius *= min(2.0, 1.1 * np.sqrt(target / max(count, 1)))
    edges, radius = cut_to(edges, target, radius)
    return edges, float(radius if len(edges.log) else 0.0)


def discs_until_count(
    discs: Callable[[float], BundleEdges], size: int, neighbours: float, area: float, limit: float
) -> tuple[BundleEdges, float]:
    """Return discs of one radius that hold ``neighbours`` of ``size`` points in the mean, and that radius.

    Args:
        discs: of a radius, symmetric. area: of the surface. limit: radius beyond which discs do not grow.
    """
    target = round(min(neighbours, size - 1) * size)
    radius = 1.2 * float(np.sqrt(neighbours * area / (np.pi * size)))
    while True:
        edges = discs(radius)
        if len(edges.log) >= target or radius > limit:
            return cut_to(edges, target, radius)
        radius *= 1.3


def cut_to(edges: BundleEdges, count: int, radius: float) -> tuple[BundleEdges, float]:
    """Return the ``count`` shortest edges of discs of a radius, and those as long as the last, and the new radius."""
    if not 0 < count < len(edges.log):
        return edges, radius
    radius = float(np.partition(edges.log[:, 0], count - 1)[count - 1]) * (1 + 1e-9)  # equal radii stay together
    return edges.select(edges.log[:, 0] <= radius), radius
