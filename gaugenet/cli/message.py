"""Messages on standard error: one line each, named after what they are about."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# What bad input raises; anything else is a mistake of the library and shows its traceback.
BAD_INPUT = (ValueError, TypeError, OSError, MemoryError)


def say(kind: str, what: object) -> None:
    """Print one line on standard error, above a progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(f"gaugenet: {kind}: {one_line(what)}", file=sys.stderr)


def one_line(what: object) -> str:
    """Return the text of an error, a warning or anything else on one line."""
    if isinstance(what, OSError) and what.strerror:
        name = f"{what.filename}: " if what.filename is not None else ""
        return f"{name}{what.strerror[:1].lower()}{what.strerror[1:]}"
    return " ".join(str(what).split()) or type(what).__name__


@contextmanager
def warnings_said() -> Iterator[None]:
    """Print warnings that concern a user as one line each, and each once."""
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
def named(name: object) -> Iterator[None]:
    """Put a name before the warnings and the error of a block."""
    error: Exception | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except BAD_INPUT as raised:
            error = raised
    for one in caught:
        warnings.warn(_prefixed(name, one_line(one.message)), one.category, stacklevel=3)
    if error is not None:
        kind = next(kind for kind in BAD_INPUT if isinstance(error, kind))
        raise kind(_prefixed(name, one_line(error))) from None


@contextmanager
def attempt(name: object, failed: dict[str, str]) -> Iterator[None]:
    """Report the error of a block, note it under its name in ``failed``, and go on behind the block."""
    try:
        with named(name):
            yield
    except Exception as error:  # one odd file is no reason to lose the others
        text = _prefixed(name, reason(error))
        failed[str(name)] = text.removeprefix(f"{name}: ")
        say("error", text)


def reason(error: Exception) -> str:
    """Return what an error says, and its kind if it is not one of bad input."""
    if isinstance(error, BAD_INPUT):
        return one_line(error)
    return f"unexpected {type(error).__name__} ({one_line(error)}); please report it"


def _prefixed(name: object, text: str) -> str:
    return text if text.startswith(f"{name}:") else f"{name}: {text}"
