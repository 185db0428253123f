"""Progress bars on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
PAUSE = 10.0  # between the lines of a log [s]


def bar(items: Iterable[Item], text: str, total: int | None, note: Callable[[], str] | None = None) -> Iterator[Item]:
    """Yield items and show how many are done, of ``total`` where it is known; ``note`` says what stands behind the bar.

    On a terminal the bar moves; anywhere else it is a line every ten seconds, so that short work leaves no trace.
    """
    if sys.stderr.isatty():
        with tqdm(total=total, desc=text, file=sys.stderr, dynamic_ncols=True) as shown:
            for item in items:
                yield item
                if note is not None:
                    shown.set_postfix_str(note(), refresh=False)
                shown.update()
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= PAUSE:
            last = now
            meter = tqdm.format_meter(done, total, now - start, ncols=110, prefix=text, postfix=note and note())
            print(meter, file=sys.stderr, flush=True)
