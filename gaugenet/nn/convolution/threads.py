"""Compiled loops on the threads that PyTorch computes with."""

from __future__ import annotations

import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch


def on_all_threads(address: int, argument: int) -> None:
    """Call the C function ``void (void *)`` at ``address`` on every thread that PyTorch may use, with ``argument``.

    All calls get the same argument and have to share the work among themselves. PyTorch's own threads keep spinning
    for a while after each of its operators, so others would compete with them for the cores: where it runs on OpenMP,
    the calls run there too; elsewhere in a pool.
    """
    threads = torch.get_num_threads()
    openmp = _openmp()
    if openmp is not None:
        openmp(address, argument, threads, 0)
    elif threads == 1:
        _function(address)(argument)
    else:
        with ThreadPoolExecutor(threads) as pool:  # leaving it waits for all, so that nothing they use is freed before
            list(pool.map(_function(address), [argument] * threads))


@cache
def _openmp() -> Any:
    """Return the entry of OpenMP for parallel regions, of the library that PyTorch has loaded for all to see."""
    if sys.platform == "win32" or not torch.backends.openmp.is_available():
        return None
    start = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    if start is not None:
        start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        start.restype = None
    return start


@cache
def _function(address: int) -> Any:
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
