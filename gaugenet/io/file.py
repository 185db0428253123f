"""Files that are read with a clear error, and that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def open_atomic(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file for writing that takes the place of `path` when the block ends without an error.

    Raises:
        FileNotFoundError: the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: folder {path.parent} does not exist; create it first")
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(part, "xb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file that is not empty.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder or an empty file.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, expected a file")
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    blob = path.read_bytes()
    if not blob.strip():
        raise ValueError(f"{path}: is empty; export it again")
    return blob
