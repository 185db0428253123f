"""Types and checks of arguments. Nothing that takes long to import is imported."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

# Settings of ``InputFields`` and their defaults, but for those that other options give.
FIELDS = {
    "hks": 16,
    "eigenfunctions": 96,
    "position": True,
    "coordinates": False,
    "wks": 16,
    "rays": True,
    "distances": True,
}
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors as ``ValueError``."""

    def error(self, message: str) -> NoReturn:
        """Raise ``message`` as an error."""
        raise ValueError(f"{message}; see {self.prog} --help")


def at_least(smallest: int) -> Callable[[str], int]:
    """Return the type of whole numbers from ``smallest`` on.

    Args:
        smallest: The smallest number.
    """

    def number(text: str) -> int:
        if not text.removeprefix("-").isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(f"expected a whole number >= {smallest}, got {text!r}")
        return int(text)

    return number


def number_in(least: float, most: float, wanted: str) -> Callable[[str], float]:
    """Return the type of numbers in a range.

    Args:
        least: The smallest number.
        most: The largest number.
        wanted: Words for the range in the error message.
    """

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")
        return value

    return number


positive = number_in(math.ulp(0.0), math.nextafter(math.inf, 0.0), "a positive number")


def levels(text: str) -> tuple[int, ...]:
    """Read numbers such as ``2048,512,128``; ``none`` is no number.

    Args:
        text: The argument.
    """
    words = [] if text == "none" else text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"expected numbers of vertices such as 2048,512,128, or none; got {text!r}")
    return tuple(int(word) for word in words)


def fields(text: str) -> dict[str, int]:
    """Read settings of ``InputFields`` such as ``wks=0,rays=0``.

    Args:
        text: The argument.
    """
    settings = {}
    for word in text.split(","):
        name, _, value = (part.strip() for part in word.partition("="))
        known = name in FIELDS and value.isdecimal()
        if not known or (isinstance(FIELDS[name], bool) and int(value) > 1):
            usual = ",".join(f"{name}={int(value)}" for name, value in FIELDS.items())
            raise argparse.ArgumentTypeError(f"expected settings of input fields, as of {usual}; got {word!r}")
        settings[name] = type(FIELDS[name])(int(value))
    return settings


def names(text: str) -> tuple[str, ...]:
    """Read different names such as ``hand,foot``.

    Args:
        text: The argument.
    """
    words = tuple(word.strip() for word in text.split(","))
    if not all(words) or len(set(words)) < len(words):
        raise argparse.ArgumentTypeError(f"expected different names such as hand,foot; got {text!r}")
    return words


def memory(text: str) -> int:
    """Read an amount of memory such as ``4GB`` or ``500MiB`` in bytes.

    Args:
        text: The argument.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(|[kmg]i?)b?", text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"expected an amount of memory such as 4GB or 500MB, got {text!r}")
    return int(float(match[1]) * _BYTES[match[2]])


def axis(text: str) -> tuple[float, float, float]:
    """Read an axis, x, y or z, as a unit vector.

    Args:
        text: The argument.
    """
    if text not in _AXES:
        raise argparse.ArgumentTypeError(f"expected x, y or z, got {text!r}")
    return _AXES[text]


def check_up(args: argparse.Namespace) -> None:
    """Refuse --up without --picture.

    Args:
        args: The parsed arguments.

    Raises:
        ValueError: If --up is given without --picture.
    """
    if getattr(args, "up", None) is not None and args.picture is None:
        raise ValueError("--up goes with --picture")


def mesh_files(inputs: Iterable[Path]) -> list[Path]:
    """Return the files among the inputs and, sorted, the mesh files in the folders among them.

    Args:
        inputs: Files and folders.

    Raises:
        ValueError: If a folder has no meshes.
    """
    from gaugenet.io.polygon_file import mesh_suffixes

    files = []
    for path in inputs:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in mesh_suffixes() and file.is_file())
        if not inside:
            raise ValueError(f"{path}: holds no mesh; expected files {', '.join(sorted(mesh_suffixes()))}")
        files += inside
    return files


def check_stems(files: Iterable[Path]) -> None:
    """Refuse two files whose results would have the same name.

    Args:
        files: Input files.

    Raises:
        ValueError: If two files differ only in folder or suffix.
    """
    seen: dict[str, Path] = {}
    for file in files:
        if file.stem in seen:
            raise ValueError(f"{seen[file.stem]} and {file} would both be written as {file.stem}; rename one")
        seen[file.stem] = file
