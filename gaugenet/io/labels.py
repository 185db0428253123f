"""Labels of faces or vertices, in the layouts that people keep them in."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Data

from gaugenet.io.file import open_atomic, read_bytes
from gaugenet.io.ply import parse_ply
from gaugenet.io.polygon_mesh import PolygonMesh

# Ends of the names of label files; the rest of a name is that of the mesh.
LABEL_SUFFIXES = ("_labels.txt", ".txt", ".npy", ".seg")
_COLUMNS = ("label", "labels", "class", "segment", "part", "category", "scalar_label", "scalar_labels")


@dataclass(frozen=True, eq=False)
class Labels:
    """Hold one label a face or a vertex.

    Attributes:
        where: "face" or "vertex".
        label: (N,) int64, indices into `names`; -1 is unlabelled.
        names: the labels that occur, sorted: as numbers where the file has numbers.
    """

    where: str
    label: np.ndarray
    names: list[str]

    def renamed(self, names: Sequence[str]) -> Labels:
        """Return the same labels as indices into other `names`, which contain all of these."""
        number = [names.index(name) for name in self.names]
        return Labels(self.where, np.array([*number, -1], dtype=np.int64)[self.label], list(names))

    def add_to(self, data: Data) -> None:
        """Set `face_label` or `vertex_label`, and `label_names`, of `data`."""
        data[f"{self.where}_label"] = torch.from_numpy(self.label)
        data.label_names = list(self.names)


def read_labels(path: str | os.PathLike[str], num_vertices: int, num_faces: int) -> Labels:
    """Read the labels of a mesh with V vertices and F faces.

    * `.txt`: one a line, names or integers; or, as in the Princeton benchmark, a line with a name and then a line with
      the numbers of its faces, counted from 1.
    * `.seg`: one integer a line.
    * `.npy`: an array (N,) of integers or strings.
    * `.ply`: a property of faces or else of vertices called label, labels, class, segment, part or category.

    Negative integers are unlabelled. The number of labels tells faces from vertices; if V = F they are of faces.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown or broken layout, neither V nor F labels, or faces without exactly one label.
    """
    path = Path(path)
    blob = read_bytes(path)
    try:
        suffix = path.suffix.lower()
        if suffix == ".ply":
            found = column_labels(parse_ply(blob))
            if not found:
                raise ValueError(f"has no property called {', '.join(_COLUMNS[:-2])}")
            return _placed(found[-1].label, found[-1].names, num_vertices, num_faces, found[-1].where)
        if suffix == ".npy":
            return _placed(*_coded(_array(blob)), num_vertices, num_faces)
        if suffix not in (".txt", ".seg"):
            raise ValueError("expected a label file .txt, .seg, .npy or .ply")
        lines = _text(blob).rstrip().splitlines()
        if suffix == ".txt" and _has_blocks(path.name, lines):
            return parse_blocks("\n".join(lines), num_faces)
        return _placed(*_coded(np.array([line.strip() for line in lines])), num_vertices, num_faces)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def unify_names(labels: Iterable[Labels]) -> list[str]:
    """Return all names of several labels, sorted: as numbers if all are."""
    names = {name for one in labels for name in one.names}
    return sorted(names, key=int) if all(map(_is_integer, names)) else sorted(names)


def corner_majority(label: torch.Tensor, face: torch.Tensor) -> torch.Tensor:
    """Return the label ``(F,)`` that most corners of each face ``(3, F)`` have, the smallest where all differ."""
    return label[face].mode(dim=0).values


def block_names(text: str) -> list[str]:
    """Return the sorted names in a label file of the Princeton benchmark."""
    return sorted({line.strip() for line in text.rstrip().splitlines()[::2]})


def parse_blocks(text: str, num_faces: int) -> Labels:
    """Parse a label file of the Princeton benchmark: lines with a name and the numbers of its faces in turn.

    Raises:
        ValueError: a number outside 1..F, or faces without exactly one label.
    """
    lines = text.rstrip().splitlines()
    names = block_names(text)
    label, times = np.full(num_faces, -1, dtype=np.int64), np.zeros(num_faces, dtype=np.int64)
    for name, line in zip(lines[::2], [*lines[1::2], ""]):
        if not all(map(_is_integer, line.split())):
            raise ValueError(f"has {line[:40]!r} after the name {name.strip()!r}, expected face numbers")
        face = np.array(line.split(), dtype=np.int64) - 1
        outside = (face < 0) | (face >= num_faces)
        if outside.any():
            example = face[outside][0] + 1
            raise ValueError(
                f"{outside.sum()} face numbers of {name.strip()!r} outside 1..{num_faces} (e.g. {example})"
            )
        label[face] = names.index(name.strip())
        times += np.bincount(face, minlength=num_faces)
    if (times != 1).any():
        without, several = int((times == 0).sum()), int((times > 1).sum())
        raise ValueError(f"{without} of {num_faces} faces have no label and {several} have several; expected one each")
    return Labels("face", label, names)


def column_labels(mesh: PolygonMesh) -> list[Labels]:
    """Return the labels among the columns of a parsed file: of vertices, of faces, or both.

    Raises:
        ValueError: labels that are not whole numbers.
    """
    found = []
    for where, columns in (("vertex", mesh.vertex_columns), ("face", mesh.polygon_columns)):
        named = {name.lower(): column for name, column in columns.items()}
        column = next((named[name] for name in _COLUMNS if name in named), None)
        if column is not None:
            found.append(Labels(where, *_coded(column[mesh.polygon] if where == "face" else column)))
    names = unify_names(found)
    return [labels.renamed(names) for labels in found]


def write_labels(path: str | os.PathLike[str], label: np.ndarray, names: Sequence[str] | None = None) -> None:
    """Write labels, whole or not at all; `read_labels` reads them back.

    Args:
        path: `*_labels.txt` for the layout of the Princeton benchmark, else `.txt`, `.seg` (integers) or `.npy`.
        label: (N,) integers, negative for unlabelled.
        names: what they index into; without them, or if a format cannot hold names, integers are written.

    Raises:
        ValueError: another suffix, labels that are not (N,) integers or not in `names`, or unlabelled faces in a layout
            that has no place for them.
    """
    path, label = Path(path), np.asarray(label)
    if label.ndim != 1 or label.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers of shape (N,), got {label.dtype} {label.shape}")
    label = label.astype(np.int64)
    if names is not None and label.max(initial=-1) >= len(names):
        raise ValueError(f"labels go up to {label.max()}, but there are only {len(names)} names")
    names = [str(name) for name in (range(label.max(initial=-1) + 1) if names is None else names)]
    value = np.array([*names, "-1"])[np.maximum(label, -1)]
    numeric = all(_is_integer(name) for name in names)
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
    """Tell blocks from one label a line: names and numbers in turn, or several numbers on a line of `*_labels.txt`."""
    numeric = [all(map(_is_integer, line.split())) for line in lines]
    in_turn = len(lines) > 1 and not any(numeric[::2]) and all(numeric[1::2])
    return in_turn or (
        name.endswith("_labels.txt") and any(n and len(line.split()) > 1 for n, line in zip(numeric, lines))
    )


def _is_integer(word: str) -> bool:
    return word.removeprefix("-").isdecimal()


def _coded(value: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the indices (N,) into the sorted names of labels, and the names."""
    if value.dtype.kind in "SU":
        words = value.astype(str)
        try:
            value = words.astype(np.float64)
        except ValueError:
            if (words == "").any():
                raise ValueError(f"line {np.argmax(words == '') + 1} is empty, expected a label") from None
            names, label = np.unique(words[words != "-1"], return_inverse=True)
            coded = np.full(len(words), -1, dtype=np.int64)
            coded[words != "-1"] = label
            return coded, [str(name) for name in names]
    if value.dtype.kind not in "iufb":
        raise ValueError(f"has labels of dtype {value.dtype}, expected integers or strings")
    number = value.astype(np.float64)
    if not (np.isfinite(number) & (np.round(number) == number)).all():
        raise ValueError("has labels that are not whole numbers")
    names, label = np.unique(number[number >= 0], return_inverse=True)
    coded = np.full(len(number), -1, dtype=np.int64)
    coded[number >= 0] = label
    return coded, [str(int(name)) for name in names]


def _placed(label: np.ndarray, names: list[str], num_vertices: int, num_faces: int, where: str | None = None) -> Labels:
    if where is None:
        where = "face" if len(label) == num_faces else "vertex"
    if len(label) != (num_faces if where == "face" else num_vertices):
        raise ValueError(
            f"{len(label)} labels, expected one a face ({num_faces}) or one a vertex ({num_vertices}); "
            "do they belong to this mesh?"
        )
    return Labels(where, label, names)
