"""Work in several processes: order, warnings, errors, early ends."""

from contextlib import closing

import pytest
from worker_jobs import square

from gaugenet.transforms.parallel import parallel_map


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_with_their_warnings_and_errors(workers):
    with closing(parallel_map(square, [3, 2, 4, 5, 7], workers)) as results:
        assert next(results) == 9
        with pytest.warns(UserWarning, match="two"):
            assert next(results) == 4
        assert next(results) == 16
        with pytest.raises(ValueError, match="five"):
            next(results)


def test_a_worker_that_dies_is_an_error():
    with pytest.raises(OSError, match="one of 2 workers died"):
        list(parallel_map(square, [1, 6, 3], 2))
