"""Check files before they are read, and write them whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def open_atomic(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file for writing that replaces ``path`` when the block ends without an error.

    Args:
        path: File to write; its folder exists.

    Yields:
        A temporary file in the same folder.

    Raises:
        FileNotFoundError: If the folder does not exist.
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


@contextmanager
def errors_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """Begin the message of each ``ValueError`` of the block with the name of the file.

    Args:
        path: File that the block reads.

    Yields:
        Nothing.

    Raises:
        ValueError: If the block raises one.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def existing_file(path: str | os.PathLike[str], remedy: str = "check the path") -> Path:
    """Return the path of a file that exists.

    Args:
        path: File to look for.
        remedy: End of the error message: what was expected, or what to do.

    Returns:
        The path.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {remedy}")
    return path


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file that is not empty.

    Args:
        path: File to read.

    Returns:
        Its bytes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a folder, or empty.
    """
    if Path(path).is_dir():
        raise ValueError(f"{path}: is a folder, expected a file")
    blob = existing_file(path).read_bytes()
    if not blob.strip():
        raise ValueError(f"{path}: is empty; export it again")
    return blob


def check_folder(path: str | os.PathLike[str]) -> Path:
    """Check that files can be written to a folder, which may be missing and is not created.

    Args:
        path: The folder.

    Returns:
        The folder.

    Raises:
        ValueError: If it, or a folder around it, is a file.
        PermissionError: If it cannot be written to.
    """
    path = Path(path)
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"{there}: is a file, expected a folder to write to; choose another name")
    if not os.access(there, os.W_OK):
        raise PermissionError(f"{there}: no right to write to this folder; choose another")
    return path


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Create a folder for output unless it exists.

    Args:
        path: The folder.

    Returns:
        The folder.

    Raises:
        ValueError: If it, or a folder around it, is a file.
        PermissionError: If it cannot be written to.
    """
    folder = check_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
