"""Figures written to PNG files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png_path(path: str | os.PathLike[str], planned: Path | None = None) -> Path:
    """
    Return the path of a picture that is to be written, once it is clear that it can be.

    Raises `ValueError` if the name does not end in .png, `FileNotFoundError` if its folder does not exist and is not
    `planned` to exist by then.
    """
    file = Path(path)
    if file.suffix.lower() != ".png":
        raise ValueError(f"expected the name of a picture to end in .png, got {file}")
    if not file.parent.is_dir() and (planned is None or file.parent.resolve() != planned.resolve()):
        raise FileNotFoundError(f"no folder {file.parent} to write {file.name} into: create it first")
    return file


def write_png(path: Path, figure: Figure) -> None:
    """Write a figure at its own resolution; the file appears when it is complete."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        FigureCanvasAgg(figure).print_png(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
