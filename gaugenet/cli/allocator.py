"""How the C library hands memory back to the system."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of mallopt(3)


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks for the next tensor instead of returning them to the system at once.

    Large blocks are otherwise mapped anew, page fault by page fault, each time: about half the time of what layers do.
    The peak of the memory in use does not grow. Elsewhere than with glibc nothing happens.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for threshold in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            mallopt(threshold, 2**31 - 1)
