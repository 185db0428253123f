"""Median durations of runs that take turns, peaks of memory, and the memory of constants."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from torch import nn

Run = Callable[[], object]
Row = dict[str, str | float | None]


def medians(runs: Mapping[str, Run], repeats: int, warm_up: int = 2) -> dict[str, float]:
    """Return the median duration of each run [s].

    Runs take turns, so that a slow phase of the machine affects all of them.

    Args:
        runs: What to run, by name.
        repeats: Measured runs of each.
        warm_up: Runs of each before the measurement.
    """
    durations: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(warm_up + repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if repeat >= warm_up:
                durations[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in durations.items()}


def peak_bytes(run: Run) -> int | None:
    """Return the peak of the resident memory of the process during a run, above its value before; None if unknown.

    Freed memory that the process still holds is returned to the system first. Linux records the peak and can reset it.

    Args:
        run: What to run.
    """
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return None
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # missing in some C libraries
    if trim is None:
        return None
    trim(0)
    try:
        reset.write_text("5")
    except OSError:
        return None
    before = _kilobytes(status, "VmRSS")
    run()
    return 1024 * (_kilobytes(status, "VmHWM") - before)


def constant_bytes(*modules: nn.Module) -> int:
    """Return the size of the buffers of modules; shared memory counts once.

    Args:
        *modules: Modules.
    """
    kept = [buffer.untyped_storage() for module in modules for buffer in module.buffers()]
    return sum({memory.data_ptr(): memory.nbytes() for memory in kept}.values())


def _kilobytes(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))
