"""A binary heap of (key, vertex) in plain arrays, for compiled code: least key first, then least vertex."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def push(key: np.ndarray, item: np.ndarray, size: int, new_key: float, new_item: int) -> None:
    """Add to a heap of ``size`` entries; the arrays must have room."""
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
    """Remove the first of ``size`` entries, ``key[0]`` and ``item[0]``."""
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
    """Return the array with as much room again."""
    larger = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
