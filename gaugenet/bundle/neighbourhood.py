"""Neighbourhoods: the 1-ring, or geodesic discs of one radius, between the vertices of a level."""

from __future__ import annotations

import numpy as np

from gaugenet.bundle.edges import BundleEdges, wrap
from gaugenet.bundle.geodesic import Unfolding, geodesic_discs


def symmetric(edges: BundleEdges, size: int) -> BundleEdges:
    """Return edges that all have their reverse: radii averaged, transports averaged to be each other's inverse.

    The two directions are computed independently and differ by discretisation. Where one is missing, the other
    supplies it: along a geodesic transport_ij = theta_ij - theta_ji + pi, so theta_ji = theta_ij - transport_ij + pi.
    """
    j, i = edges.index
    forward, backward = i * size + j, j * size + i
    partner = np.searchsorted(forward, backward)  # edges are sorted by target, then source
    partner = np.minimum(partner, max(len(forward) - 1, 0))
    paired = forward[partner] == backward if len(forward) else np.zeros(0, bool)
    other = np.where(paired, partner, np.arange(len(forward)))
    radius = np.where(paired, 0.5 * (edges.log[:, 0] + edges.log[other, 0]), edges.log[:, 0])
    gap = np.where(paired, wrap(edges.transport + edges.transport[other]), 0.0)
    transport = edges.transport - 0.5 * gap
    alone = ~paired
    log = np.stack(
        [np.r_[radius, radius[alone]], np.r_[edges.log[:, 1], (edges.log[:, 1] - transport + np.pi)[alone]]], 1
    )
    return BundleEdges.build(np.r_[j, i[alone]], np.r_[i, j[alone]], log, np.r_[transport, -transport[alone]])


def discs_of_radius(unfolding: Unfolding, vertex: np.ndarray, radius: float) -> BundleEdges:
    """Return symmetric edges between the given vertices ``(S,)`` within ``radius`` [mesh unit] of each other.

    Edge indices are positions in ``vertex``, which must be sorted.
    """
    size = len(unfolding.begin) - 1
    wanted = np.zeros(size, dtype=bool)
    wanted[vertex] = True
    edges = geodesic_discs(unfolding, vertex, radius, wanted)
    rank = np.cumsum(wanted) - 1
    edges = BundleEdges(rank[edges.index], edges.log, edges.transport)
    return symmetric(edges, len(vertex))


def discs_of_count(
    unfolding: Unfolding, vertex: np.ndarray, neighbours: float, area: float
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
        edges = discs_of_radius(unfolding, vertex, radius)
        count = edges.index.shape[1]
        exhausted = 0 < count == found and radius > 4 * edges.log[:, 0].max()
        if count >= target or exhausted or radius > unfolding.length.sum():
            break
        found = count
        radius *= min(2.0, 1.1 * np.sqrt(target / max(count, 1)))
    if count > target:
        radius = np.partition(edges.log[:, 0], target - 1)[target - 1] * (1.0 + 1e-9)  # equal radii stay together
        edges = edges.select(edges.log[:, 0] <= radius)
    return edges, float(radius if len(edges.log) else 0.0)
