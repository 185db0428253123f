"""The heap in arrays: what comes out is sorted, ties by item, while entries go in and out."""

import heapq

import numpy as np

from gaugenet.surface.front import drop_first, push, twice


def test_equals_the_heap_of_the_standard_library():
    rng = np.random.default_rng(0)
    key, item, size, reference = np.empty(300), np.empty(300, dtype=np.int64), 0, []
    for step in range(2000):
        if size == 0 or (rng.random() < 0.55 and size < 300):
            entry = (float(rng.integers(20)), int(rng.integers(50)))  # ties occur
            push(key, item, size, *entry)
            heapq.heappush(reference, entry)
            size += 1
        else:
            assert (key[0], item[0]) == heapq.heappop(reference), step
            drop_first(key, item, size)
            size -= 1
    assert size > 0


def test_twice_keeps_what_there_is():
    array = np.arange(6.0).reshape(3, 2)
    larger = twice(array)
    assert larger.shape == (6, 2) and np.array_equal(larger[:3], array)
