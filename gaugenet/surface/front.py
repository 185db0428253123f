"""Distances along a surface from one vertex, by fast marching, and the heap that orders its front."""

from __future__ import annotations

import numba
import numpy as np

from gaugenet.surface.unfolding import Unfolding, in_sight, source_below


@numba.njit(cache=True, nogil=True)
def push(key: np.ndarray, item: np.ndarray, size: int, new_key: float, new_item: int) -> None:
    """Add an entry to a binary heap in plain arrays: least key first, then least item.

    Args:
        key: Keys of the heap, with room for one more.
        item: Items of the heap, likewise.
        size: Number of entries.
        new_key: Key to add.
        new_item: Item to add.
    """
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if key[parent] < new_key or (key[parent] == new_key and item[parent] <= new_item):
            break
        key[at], item[at] = key[parent], item[parent]
        at = parent
    key[at], item[at] = new_key, new_item


@numba.njit(cache=True, nogil=True)
def drop_first(key: np.ndarray, item: np.ndarray, size: int) -> None:
    """Remove the first entry of a heap, ``key[0]`` and ``item[0]``.

    Args:
        key: Keys of the heap.
        item: Items of the heap.
        size: Number of entries, with the first.
    """
    last = size - 1
    moved_key, moved_item = key[last], item[last]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= last:
            break
        right = child + 1
        if right < last and (key[right] < key[child] or (key[right] == key[child] and item[right] < item[child])):
            child = right
        if moved_key < key[child] or (moved_key == key[child] and moved_item <= item[child]):
            break
        key[at], item[at] = key[child], item[child]
        at = child
    key[at], item[at] = moved_key, moved_item


@numba.njit(cache=True, nogil=True)
def twice(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array with twice its length.

    Args:
        array: Any shape; its rows come first.
    """
    larger = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


@numba.njit(cache=True, nogil=True)
def march(
    source: int,
    distance: np.ndarray,
    settled: np.ndarray,
    visited: np.ndarray,
    key: np.ndarray,
    item: np.ndarray,
    mesh: Unfolding,
) -> tuple[int, np.ndarray, np.ndarray]:
    """Find the vertices that are nearer to a source than their limits, and how far they are.

    The nearest vertex is settled, then reaches the others of its faces along an edge, or straight across the face from
    the edge to a vertex that is settled already (Kimmel & Sethian 1998, unfolded about the source as by Melvær &
    Reimers 2012).

    Args:
        source: Vertex where the front starts.
        distance: ``(V,)`` limits on entry; replaced by distances at the vertices that are reached [mesh unit].
        settled: ``(V,)`` bool, False on entry; True at the vertices that are reached.
        visited: ``(V,)`` int; its first entries become the vertices reached, by distance.
        key: Room for the keys of a heap.
        item: Room for the items of a heap.
        mesh: Corners of the mesh.

    Returns:
        The number of vertices reached, and the arrays of the heap, which may have grown.
    """
    begin, rim, length, corner = mesh.begin, mesh.rim, mesh.length, mesh.corner
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
                if new < distance[v]:
                    distance[v] = new
                    if waiting == len(key):
                        key, item = twice(key), twice(item)
                    push(key, item, waiting, new, v)
                    waiting += 1
    return count, key, item


@numba.njit(cache=True, nogil=True)
def distances(source: np.ndarray, radius: float, mesh: Unfolding) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the vertices within a radius of each of several sources, and their distances.

    Args:
        source: ``(S,)`` vertices.
        radius: Distances are below this [mesh unit].
        mesh: Corners of the mesh.

    Returns:
        Vertices ``(N,)``, source by source, each by distance; their distances ``(N,)``; the number of vertices of each
        source ``(S,)``.
    """
    size = len(mesh.begin) - 1
    distance = np.full(size, radius)
    settled = np.zeros(size, dtype=np.bool_)
    visited, key, item = np.empty(size, np.int64), np.empty(1024), np.empty(1024, np.int64)
    room = min(8, len(source)) * size
    out_vertex, out_distance = np.empty(room, np.int32), np.empty(room)
    found = np.empty(len(source), np.int64)
    first = 0
    for rank in range(len(source)):
        count, key, item = march(source[rank], distance, settled, visited, key, item, mesh)
        while first + count > len(out_vertex):
            out_vertex = np.concatenate((out_vertex, np.empty(4 * size, np.int32)))
            out_distance = np.concatenate((out_distance, np.empty(4 * size)))
        for k in range(count):
            v = visited[k]
            out_vertex[first + k], out_distance[first + k] = v, distance[v]
            settled[v] = False
            distance[v] = radius
        first += count
        found[rank] = count
    return out_vertex[:first], out_distance[:first], found
