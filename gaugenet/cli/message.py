"""Standard error: messages of one line each, and progress bars."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from gaugenet.io.file import existing_file
from gaugenet.train.named import BAD_INPUT, named, one_line, prefixed

Item = TypeVar("Item")
PAUSE = 10.0  # between the lines of a log [s]


def say(kind: str, what: object) -> None:
    """Print one line on standard error, above a progress bar if there is one.

    Args:
        kind: Kind of the message, such as "error".
        what: The message, an error or a warning.
    """
    tqdm.write(f"gaugenet: {kind}: {one_line(what)}", file=sys.stderr)


@contextmanager
def warnings_said() -> Iterator[None]:
    """Print each warning that concerns a user on one line, and only once."""
    said = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = one_line(message)
        if text not in said:
            said.add(text)
            say("warning", text)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations and the like concern developers
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = show
        yield


@contextmanager
def attempt(name: object, failed: dict[str, str]) -> Iterator[None]:
    """Report the error of a block, add it to ``failed``, and go on after the block.

    Args:
        name: What the block is about, such as a file.
        failed: Errors by name.
    """
    try:
        with named(name):
            yield
    except Exception as error:  # one bad file must not stop the others
        text = prefixed(name, reason(error))
        failed[str(name)] = text.removeprefix(f"{name}: ")
        say("error", text)


def existing(paths: Iterable[Path], failed: dict[str, str]) -> list[Path]:
    """Return the paths that exist, files or folders; report the others as ``attempt`` does.

    Args:
        paths: Input files.
        failed: Errors by path.
    """
    found = []
    for path in paths:
        with attempt(path, failed):
            found.append(path if path.is_dir() else existing_file(path))
    return found


def reason(error: Exception) -> str:
    """Return the text of an error, and its type if it is not one of bad input.

    Args:
        error: The error.
    """
    if isinstance(error, BAD_INPUT):
        return one_line(error)
    return f"unexpected {type(error).__name__} ({one_line(error)}); please report it"


def bar(items: Iterable[Item], text: str, total: int | None, note: Callable[[], str] | None = None) -> Iterator[Item]:
    """Yield items and show how many are done.

    On a terminal it is a bar; elsewhere one line every ten seconds, so that short work prints nothing. The rate leaves
    out the first item, which may include compilation.

    Args:
        items: Items to iterate over.
        text: Text before the bar.
        total: Number of items, if it is known.
        note: Returns the text after the bar.
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
    """A bar whose rate leaves out the first item."""

    _first = 0.0

    def update(self, n: float | None = 1) -> bool | None:
        self._first = self._first or self.format_dict["elapsed"]
        return super().update(n)

    @property
    def format_dict(self) -> dict[str, Any]:
        shown = super().format_dict
        return {**shown, "rate": _rate(self.n, self.total, shown["elapsed"], self._first)}


def _rate(done: int, total: int | None, elapsed: float, first: float) -> float | None:
    """Return items per second without the first one: 0 until the second is done, and None, which is all, at the end."""
    if done == total:
        return None
    return (done - 1) / (elapsed - first) if done > 1 and elapsed > first else 0.0
