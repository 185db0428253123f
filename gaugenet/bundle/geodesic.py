"""Geodesic discs: polar coordinates and parallel transport around many vertices, each computed locally."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from gaugenet.bundle.edges import BundleEdges, wrap
from gaugenet.bundle.heap import drop_first, push, twice
from gaugenet.bundle.unfolding import Unfolding, in_sight, share_of_angle, source_below


def geodesic_discs(
    unfolding: Unfolding, source: np.ndarray, radius: float, wanted: np.ndarray, threads: int | None = None
) -> BundleEdges:
    """Return polar coordinates and transport of all wanted vertices within ``radius`` of each source.

    Discrete geodesic polar coordinates (Melvær & Reimers 2012): Dijkstra's order, each new vertex unfolded across the
    edge opposite to it; transport goes along, interpolated between the two corners of that edge as the angle is.

    Args:
        source: ``(S,)`` centres i. radius: [mesh unit]. wanted: ``(V,)`` bool, which vertices j are reported.
        threads: how many threads share the sources; all cores when None.

    Returns:
        Edges j -> i; the centre itself is not among its neighbours.
    """
    threads = threads or os.cpu_count() or 1
    chosen = np.zeros(len(wanted), dtype=bool)
    chosen[source] = True
    visit = unfolding.curve[chosen[unfolding.curve]]
    # More chunks than threads, so that all are busy to the end.
    chunks = np.array_split(visit, max(1, min(4 * threads, len(visit) // 16)))
    arrays = (
        unfolding.begin, unfolding.rim, unfolding.length, unfolding.direction, unfolding.corner, unfolding.transport
    )  # fmt: skip
    size = np.zeros(len(wanted), dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda chunk: _discs(chunk, radius, wanted, size, *arrays), chunks))
        first = np.cumsum(size) - size
        total = int(size.sum())
        index, log, transport = np.empty((2, total), np.int64), np.empty((total, 2)), np.empty(total)

        def collect(chunk: np.ndarray, part: tuple[np.ndarray, np.ndarray]) -> None:
            _collect(chunk, size, first, part[0], part[1], index, log, transport)

        list(pool.map(collect, chunks, parts))
    return BundleEdges(index, log, transport)


@numba.njit(cache=True, nogil=True)
def _collect(centres, size, first, vertex, polar, index, log, transport):
    """Copy the discs of some centres to their places among all edges."""
    k = 0
    for i in centres:
        for place in range(first[i], first[i] + size[i]):
            index[0, place], index[1, place] = vertex[k], i
            log[place, 0], log[place, 1] = polar[k, 0], wrap(polar[k, 1])
            transport[place] = wrap(polar[k, 2])
            k += 1


_MOST_VISITS = 4


@numba.njit(cache=True, nogil=True)
def _discs(centres, radius, wanted, found, begin, rim, length, direction, corner, transport):
    """Return the vertices of each centre's disc, ascending, and their distance, angle and transport.

    Counts them in ``found`` at the centre.
    """
    size = len(begin) - 1
    # Of each vertex, together since they are read together: distance, angle at the centre, transport to the centre.
    state = np.zeros((size, 3))
    state[:, 0] = np.inf
    fixed = np.zeros(size, dtype=np.bool_)  # the centre and its 1-ring are exact from the start
    visits = np.zeros(size, dtype=np.int8)
    key, item = np.empty(1024), np.empty(1024, np.int64)
    touched, reported = np.empty(1024, np.int32), np.empty(1024, np.int32)
    capacity = 64 * len(centres) + 64
    vertex, polar = np.empty(capacity, np.int32), np.empty((capacity, 3))
    total = 0
    for centre in centres:
        state[centre, 0] = 0.0
        fixed[centre] = True
        touched[0], num_touched, waiting = centre, 1, 0
        for slot in range(begin[centre], begin[centre + 1]):
            for side in range(2):  # the edge this corner starts with, and the one it ends with
                v = rim[slot, side]
                if fixed[v]:
                    continue
                if max(num_touched, waiting) == len(key):
                    key, item, touched, reported = twice(key), twice(item), twice(touched), twice(reported)
                r = length[slot, side]
                state[v, 0], state[v, 1], state[v, 2] = r, direction[slot, side], transport[slot, side]
                fixed[v] = True
                touched[num_touched] = v
                num_touched += 1
                push(key, item, waiting, r, v)
                waiting += 1
        while waiting > 0:
            reached, j = key[0], item[0]
            drop_first(key, item, waiting)
            waiting -= 1
            if reached > state[j, 0]:
                continue
            # On slivers a vertex could come nearer again and again; elsewhere it rarely does more than twice.
            visits[j] += 1
            fixed[j] = fixed[j] or visits[j] == _MOST_VISITS
            # The ring beyond the disc is unfolded too, as the base of triangles that reach back into the disc.
            limit = np.inf if reached <= radius else radius
            for slot in range(begin[j], begin[j + 1]):
                cosine, sine = corner[slot, 0], corner[slot, 1]
                for side in range(2):  # a through the edge jb, then b through the edge ja
                    v, other = rim[slot, side], rim[slot, 1 - side]
                    near, base = length[slot, side], length[slot, 1 - side]
                    x, y = near * cosine, near * sine
                    source_x, depth = source_below(reached, state[other, 0], base)
                    shortest = np.sqrt((x - source_x) ** 2 + (y + depth) ** 2)
                    # No path is shorter than the straight one, whether it is in sight or not; NaN goes on.
                    if shortest > min(state[v, 0], limit) * (1.0 + 1e-9) or fixed[v]:
                        continue
                    straight = in_sight(source_x, depth, base, x, y)
                    new = shortest if straight else reached + near
                    if new > limit or new >= state[v, 0] * (1.0 - 1e-12):
                        continue
                    if max(num_touched, waiting) == len(key):
                        key, item, touched, reported = twice(key), twice(item), twice(touched), twice(reported)
                    if state[v, 0] == np.inf:
                        touched[num_touched] = v
                        num_touched += 1
                    theta, tau = state[j, 1], state[j, 2] + transport[slot, side]
                    if straight:
                        share = share_of_angle(source_x, depth, base, x, y)
                        across = transport[slot, 2] if side == 0 else -transport[slot, 2]
                        theta += share * wrap(state[other, 1] - theta)
                        tau += share * wrap(state[other, 2] + across - tau)
                    state[v, 0], state[v, 1], state[v, 2] = new, theta, tau
                    push(key, item, waiting, new, v)
                    waiting += 1
        count = 0
        for k in range(num_touched):
            v = touched[k]
            fixed[v], visits[v] = False, 0
            if wanted[v] and v != centre and state[v, 0] <= radius:
                reported[count] = v
                count += 1
            else:
                state[v, 0] = np.inf
        while total + count > len(vertex):
            vertex, polar = twice(vertex), twice(polar)
        reported[:count].sort()
        for v in reported[:count]:
            vertex[total], polar[total] = v, state[v]
            total += 1
            state[v, 0] = np.inf
        found[centre] = count
    return vertex[:total], polar[:total]
