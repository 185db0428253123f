"""Errors and warnings that name what they are about."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Errors that bad input raises; any other error is a mistake of the library and shows its traceback.
BAD_INPUT = (ValueError, TypeError, OSError, MemoryError)


@contextmanager
def named(name: object) -> Iterator[None]:
    """Put a name before the warnings and the error of a block.

    Args:
        name: What the block is about, such as a file.

    Raises:
        ValueError: If the block raises one; likewise for the other kinds of ``BAD_INPUT``.
    """
    error: Exception | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except BAD_INPUT as raised:
            error = raised
    for one in caught:
        warnings.warn(prefixed(name, one_line(one.message)), one.category, stacklevel=3)
    if error is not None:
        kind = next(kind for kind in BAD_INPUT if isinstance(error, kind))
        raise kind(prefixed(name, one_line(error))) from None


def one_line(what: object) -> str:
    """Return the text of an error, a warning or another object on one line.

    Args:
        what: The object.
    """
    if isinstance(what, OSError) and what.strerror:
        name = f"{what.filename}: " if what.filename is not None else ""
        return f"{name}{what.strerror[:1].lower()}{what.strerror[1:]}"
    return " ".join(str(what).split()) or type(what).__name__


def prefixed(name: object, text: str) -> str:
    """Return a text that starts with a name and a colon.

    Args:
        name: What the text is about.
        text: A text that may start with the name already.
    """
    return text if text.startswith(f"{name}:") else f"{name}: {text}"
