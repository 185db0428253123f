"""Files of labels, in the layouts in common use."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gaugenet.io.file import errors_of, open_atomic, read_bytes
from gaugenet.io.labels import LABEL_COLUMNS, Labels, column_labels, encode, is_integer
from gaugenet.io.ply import parse_ply

# Ends of the names of label files; the rest of a name is that of the mesh.
LABEL_SUFFIXES = ("_labels.txt", ".txt", ".npy", ".seg")


def read_labels(path: str | os.PathLike[str], num_vertices: int, num_faces: int) -> Labels:
    """Read the labels of a mesh with V vertices and F faces.

    * ``.txt``: one label a line, a name or an integer; or, as in the Princeton benchmark, a line with a name, then a
      line with the numbers of its faces, counted from 1.
    * ``.seg``: one integer a line.
    * ``.npy``: an array (N,) of integers or strings.
    * ``.ply``: a property of faces, or else of vertices, called label, labels, class, segment, part or category.

    Negative integers are unlabelled. The number of labels decides between faces and vertices; if V = F, they are labels
    of faces.

    Args:
        path: File to read.
        num_vertices: V.
        num_faces: F.

    Returns:
        The labels of the faces or vertices.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the layout is unknown or broken, the labels are neither V nor F, or a face has not exactly one.
    """
    path = Path(path)
    blob, suffix = read_bytes(path), path.suffix.lower()
    with errors_of(path):
        if suffix == ".ply":
            found = column_labels(parse_ply(blob))
            if not found:
                raise ValueError(f"has no property called {', '.join(LABEL_COLUMNS[:-2])}")
            return _checked(found[-1], num_vertices, num_faces)
        if suffix not in (".npy", ".txt", ".seg"):
            raise ValueError("expected a label file .txt, .seg, .npy or .ply")
        if suffix == ".npy":
            value = _array(blob)
        else:
            lines = _text(blob).rstrip().splitlines()
            if suffix == ".txt" and _has_blocks(path.name, lines):
                return parse_blocks("\n".join(lines), num_faces)
            value = np.array([line.strip() for line in lines])
        where = "face" if len(value) == num_faces else "vertex"
        return _checked(Labels(where, *encode(value)), num_vertices, num_faces)


def write_labels(path: str | os.PathLike[str], label: np.ndarray, names: Sequence[str] | None = None) -> None:
    """Write labels, whole or not at all; ``read_labels`` reads them back.

    Args:
        path: ``*_labels.txt`` for the layout of the Princeton benchmark, or ``.txt``, ``.seg`` (integers) or ``.npy``.
        label: (N,) integers, negative for unlabelled.
        names: Names of the labels; integers are written without them, and in a format that holds no names.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If the suffix is another one, labels are not (N,) integers or have no name, or faces are unlabelled
            in a layout that requires a label for each face.
    """
    path, label = Path(path), np.asarray(label)
    if label.ndim != 1 or label.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers of shape (N,), got {label.dtype} {label.shape}")
    label = label.astype(np.int64)
    if names is not None and label.max(initial=-1) >= len(names):
        raise ValueError(f"labels go up to {label.max()}, but there are only {len(names)} names")
    names = [str(name) for name in (range(label.max(initial=-1) + 1) if names is None else names)]
    value = np.array([*names, "-1"])[np.maximum(label, -1)]
    numeric = all(is_integer(name) for name in names)
    if path.name.endswith("_labels.txt"):
        if (label < 0).any():
            raise ValueError(f"{path}: {(label < 0).sum()} faces have no label; write .txt instead")
        blocks = [(name, np.flatnonzero(label == k) + 1) for k, name in enumerate(names)]
        text = "\n".join(f"{name}\n{' '.join(map(str, face))}" for name, face in blocks if len(face))
    elif path.suffix.lower() in (".txt", ".seg"):
        text = "\n".join(map(str, value if numeric or path.suffix.lower() == ".txt" else label))
    elif path.suffix.lower() == ".npy":
        with open_atomic(path) as file:
            np.save(file, value.astype(np.int64) if numeric else value)
        return
    else:
        raise ValueError(f"{path}: labels are written as .txt, .seg or .npy, got suffix {path.suffix!r}")
    with open_atomic(path) as file:
        file.write(f"{text}\n".encode())


def block_names(text: str) -> list[str]:
    """Return the sorted names in a label file of the Princeton benchmark.

    Args:
        text: Content of the file.
    """
    return sorted({line.strip() for line in text.rstrip().splitlines()[::2]})


def parse_blocks(text: str, num_faces: int) -> Labels:
    """Parse a label file of the Princeton benchmark: a line with a name, then one with the numbers of its faces.

    Args:
        text: Content of the file.
        num_faces: F, number of faces of the mesh.

    Returns:
        Labels of the faces.

    Raises:
        ValueError: If a number is outside 1..F, or a face has not exactly one label.
    """
    lines = text.rstrip().splitlines()
    names = block_names(text)
    label, times = np.full(num_faces, -1, dtype=np.int64), np.zeros(num_faces, dtype=np.int64)
    for name, line in zip(map(str.strip, lines[::2]), [*lines[1::2], ""]):
        if not all(map(is_integer, line.split())):
            raise ValueError(f"has {line[:40]!r} after the name {name!r}, expected face numbers")
        face = np.array(line.split(), dtype=np.int64) - 1
        outside = (face < 0) | (face >= num_faces)
        if outside.any():
            example = face[outside][0] + 1
            raise ValueError(f"{outside.sum()} face numbers of {name!r} outside 1..{num_faces} (e.g. {example})")
        label[face] = names.index(name)
        times += np.bincount(face, minlength=num_faces)
    if (times != 1).any():
        without, several = int((times == 0).sum()), int((times > 1).sum())
        raise ValueError(f"{without} of {num_faces} faces have no label and {several} have several; expected one each")
    return Labels("face", label, names)


def _text(blob: bytes) -> str:
    try:
        return blob.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save it as such") from None


def _array(blob: bytes) -> np.ndarray:
    try:
        value = np.load(io.BytesIO(blob), allow_pickle=False)
    except (ValueError, EOFError):
        raise ValueError("is not a .npy file of integers or strings; write it with numpy.save") from None
    if not isinstance(value, np.ndarray) or value.ndim == 0 or value.size != len(value):
        raise ValueError(f"has labels of shape {getattr(value, 'shape', '?')}, expected (N,)")
    return value.reshape(-1)


def _has_blocks(name: str, lines: list[str]) -> bool:
    """Return whether lines are blocks: names and numbers in turn, or several numbers on a line of `*_labels.txt`."""
    numeric = [all(map(is_integer, line.split())) for line in lines]
    in_turn = len(lines) > 1 and not any(numeric[::2]) and all(numeric[1::2])
    several = any(is_number and len(line.split()) > 1 for is_number, line in zip(numeric, lines))
    return in_turn or (several and name.endswith("_labels.txt"))


def _checked(labels: Labels, num_vertices: int, num_faces: int) -> Labels:
    count = len(labels.label)
    if count != (num_faces if labels.where == "face" else num_vertices):
        raise ValueError(
            f"{count} labels, expected one a face ({num_faces}) or one a vertex ({num_vertices}): wrong mesh?"
        )
    return labels
