"""Progress bars on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
PAUSE = 10.0  # between the lines of a log [s]


def bar(items: Iterable[Item], text: str, total: int | None, note: Callable[[], str] | None = None) -> Iterator[Item]:
    """Yield items and show how many are done, of ``total`` where it is known; ``note`` says what stands behind the bar.

    On a terminal the bar moves; anywhere else it is a line every ten seconds, so that short work leaves no trace. The
    first item, which may compile for long, says nothing of the others: the rate is that of those after it.
    """
    if sys.stderr.isatty():
        with _Bar(total=total, desc=text, file=sys.stderr, dynamic_ncols=True) as shown:
            for item in items:
                yield item
                if note is not None:
                    shown.set_postfix_str(note(), refresh=False)
                shown.update()
        return
    start = last = time.monotonic()
    first = 0.0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        first = first if done > 1 else now - start
        if now - last >= PAUSE:
            last = now
            rate = _rate(done, total, now - start, first)
            meter = tqdm.format_meter(
                done, total, now - start, ncols=110, prefix=text, postfix=note and note(), rate=rate
            )
            print(meter, file=sys.stderr, flush=True)


class _Bar(tqdm):
    """A bar that forgets how long the first item took."""

    _first = 0.0

    def update(self, n: float | None = 1) -> bool | None:
        self._first = self._first or self.format_dict["elapsed"]
        return super().update(n)

    @property
    def format_dict(self) -> dict[str, Any]:
        shown = super().format_dict
        return {**shown, "rate": _rate(self.n, self.total, shown["elapsed"], self._first)}


def _rate(done: int, total: int | None, elapsed: float, first: float) -> float | None:
    """Return items a second but for the first, 0 as long as it is alone, and None, all of them, at the end."""
    if done == total:
        return None
    return (done - 1) / (elapsed - first) if done > 1 and elapsed > first else 0.0
