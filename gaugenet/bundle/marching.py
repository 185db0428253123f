"""Distances along a surface from one vertex, by fast marching."""

from __future__ import annotations

import numba
import numpy as np

from gaugenet.bundle.heap import drop_first, push, twice
from gaugenet.bundle.unfolding import in_sight, source_below


@numba.njit(cache=True, nogil=True)
def march(
    source: int,
    radius: float,
    distance: np.ndarray,
    settled: np.ndarray,
    visited: np.ndarray,
    key: np.ndarray,
    item: np.ndarray,
    begin: np.ndarray,
    rim: np.ndarray,
    length: np.ndarray,
    corner: np.ndarray,
) -> tuple[int, np.ndarray, np.ndarray]:
    """Compute distances below ``radius`` from a source; return how many vertices there are, and the grown heap.

    The nearest vertex is settled, then reaches the others of its faces along an edge, or straight across the face from
    the edge to a vertex that is settled already (Kimmel & Sethian 1998, unfolded about the source as by Melvær &
    Reimers 2012).

    Args:
        distance: ``(V,)``, infinite; filled. settled: ``(V,)`` bool, False; set where there is a distance.
        visited: ``(V,)`` int; its first entries become the vertices reached, by distance. key, item: room for a heap.
        begin, rim, length, corner: of an ``Unfolding``.
    """
    distance[source] = 0.0
    key[0], item[0], waiting, count = 0.0, source, 1, 0
    while waiting > 0:
        reached, j = key[0], item[0]
        drop_first(key, item, waiting)
        waiting -= 1
        if settled[j]:
            continue
        settled[j] = True
        visited[count] = j
        count += 1
        for slot in range(begin[j], begin[j + 1]):
            for side in range(2):
                v, other = rim[slot, side], rim[slot, 1 - side]
                if settled[v]:
                    continue
                near = length[slot, side]
                new = reached + near
                if settled[other] and reached > 0.0 and distance[other] > 0.0:
                    x, y = near * corner[slot, 0], near * corner[slot, 1]
                    base = length[slot, 1 - side]
                    source_x, depth = source_below(reached, distance[other], base)
                    if in_sight(source_x, depth, base, x, y):
                        new = min(new, np.sqrt((x - source_x) ** 2 + (y + depth) ** 2))
                if new < radius and new < distance[v]:
                    distance[v] = new
                    if waiting == len(key):
                        key, item = twice(key), twice(item)
                    push(key, item, waiting, new, v)
                    waiting += 1
    return count, key, item
