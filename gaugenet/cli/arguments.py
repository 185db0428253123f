"""Arguments that several commands share, and their types."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from gaugenet.io.polygon_file import mesh_suffixes
from gaugenet.models.store import shipped
from gaugenet.transforms.input_fields import InputFields


def at_least(smallest: int) -> Callable[[str], int]:
    """Return the type of whole numbers from ``smallest`` on."""

    def number(text: str) -> int:
        if not text.removeprefix("-").isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(f"expected a whole number >= {smallest}, got {text!r}")
        return int(text)

    return number


def positive(text: str) -> float:
    """Read a positive number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return value


def levels(text: str) -> tuple[int, ...]:
    """Read numbers of vertices such as ``2048,512,128``; ``none`` is no level."""
    words = [] if text == "none" else text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"expected numbers of vertices such as 2048,512,128, or none; got {text!r}")
    return tuple(int(word) for word in words)


_FIELDS = {name: value for name, value in InputFields().settings.items() if name not in ("times", "oriented")}


def fields(text: str) -> dict[str, int]:
    """Read settings of ``InputFields`` such as ``wks=0,rays=0``."""
    settings = {}
    for word in text.split(","):
        name, _, value = (part.strip() for part in word.partition("="))
        known = name in _FIELDS and value.isdecimal()
        if not known or (isinstance(_FIELDS[name], bool) and int(value) > 1):
            usual = ",".join(f"{name}={int(value)}" for name, value in _FIELDS.items())
            raise argparse.ArgumentTypeError(f"expected settings of input fields, as of {usual}; got {word!r}")
        settings[name] = type(_FIELDS[name])(int(value))
    return settings


def names(text: str) -> tuple[str, ...]:
    """Read different names such as ``hand,foot``."""
    words = tuple(word.strip() for word in text.split(","))
    if not all(words) or len(set(words)) < len(words):
        raise argparse.ArgumentTypeError(f"expected different names such as hand,foot; got {text!r}")
    return words


_MESH = "mesh file: OFF, OBJ, PLY, STL, GLB, ..."
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def memory(text: str) -> int:
    """Read an amount of memory such as ``4GB`` or ``500MiB`` in bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(|[kmg]i?)b?", text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"expected an amount of memory such as 4GB or 500MB, got {text!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def add_meshes(parser: argparse.ArgumentParser, text: str = _MESH, least: int = 1) -> None:
    """Add MESH..., any number of files, or at least one."""
    parser.add_argument("mesh", nargs="+" if least else "*", type=Path, metavar="MESH", help=text)


def add_model(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add --model."""
    names = ", ".join(shipped()) or "none yet"
    parser.add_argument(
        "--model",
        required=required,
        metavar="NAME|PATH",
        help=f"network that ships ({names}), or path of one that was saved",
    )


def add_up(parser: argparse.ArgumentParser) -> None:
    """Add --up, which goes with --picture."""
    parser.add_argument(
        "--up",
        type=_axis,
        metavar="x|y|z",
        help="axis that is upright in the picture (default: guessed from the shape)",
    )


def check_up(args: argparse.Namespace) -> None:
    """Refuse --up where there is no picture.

    Raises:
        ValueError: there is none.
    """
    if args.up is not None and args.picture is None:
        raise ValueError("--up goes with --picture")


def _axis(text: str) -> tuple[float, float, float]:
    if text not in _AXES:
        raise argparse.ArgumentTypeError(f"expected x, y or z, got {text!r}")
    return _AXES[text]


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add --workers."""
    parser.add_argument(
        "--workers", type=at_least(1), default=1, metavar="N", help="processes for the geometry (default: 1)"
    )


def mesh_files(inputs: Iterable[Path]) -> list[Path]:
    """Return the files among the inputs, and the mesh files of the folders among them, sorted.

    Raises:
        ValueError: a folder without meshes.
    """
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
    """Refuse two files that would be written to the same place.

    Raises:
        ValueError: two files with one name, whatever their folders and suffixes.
    """
    seen: dict[str, Path] = {}
    for file in files:
        if file.stem in seen:
            raise ValueError(f"{seen[file.stem]} and {file} would both be written as {file.stem}; rename one")
        seen[file.stem] = file


def check_output(path: Path) -> Path:
    """Return a folder for output, which may be missing: it is created when there is something to write.

    Raises:
        ValueError: a file has its name, or that of a folder around it. PermissionError: it cannot be written to.
    """
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"{there}: is a file, expected a folder to write to; choose another name")
    if not os.access(there, os.W_OK):
        raise PermissionError(f"{there}: no right to write to this folder; choose another")
    return path


def output_folder(path: Path) -> Path:
    """Create a folder for output where it is missing, and return it.

    Raises:
        ValueError, PermissionError: as ``check_output``.
    """
    check_output(path).mkdir(parents=True, exist_ok=True)
    return path
