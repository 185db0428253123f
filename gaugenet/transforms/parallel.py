"""The same work on many meshes, in several processes."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int = 1
) -> Generator[Result, None, None]:
    """Yield ``function(job)`` of each job in order, computed by several processes.

    Warnings of a worker are issued here, just before its result. Each worker has one thread, since whole meshes run in
    parallel. The first error ends the work; so does closing the generator, after the jobs then running.

    Args:
        function: Picklable, as jobs and results must be.
        jobs: Arguments of the function.
        workers: Number of processes; with 1 the work is done in this one.

    Raises:
        OSError: If a worker died.
    """
    if workers <= 1 or len(jobs) <= 1:
        yield from map(function, jobs)
        return
    count = min(workers, len(jobs))
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_start, initargs=(function,))
    try:
        for result, caught in pool.map(_recorded, jobs):
            for text, category in caught:
                warnings.warn(text, category, stacklevel=2)
            yield result
    except BrokenProcessPool:
        raise OSError(f"one of {count} workers died, for lack of memory? try fewer workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


_function: Callable[[Any], Any]  # of a worker process: sent once, not with each job


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives Ctrl-C and ends the pool


def _recorded(job: Any) -> tuple[Any, list[tuple[str, type[Warning]]]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = _function(job)
    return result, [(str(one.message), one.category) for one in caught]
