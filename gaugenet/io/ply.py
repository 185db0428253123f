"""The PLY format: elements with named columns, as text or binary in either byte order."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gaugenet.io.file import open_atomic
from gaugenet.io.polygon_mesh import PolygonMesh, triangulate

# Names in files, and the codes of numpy and of struct.
_TYPES = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"}
_TYPES |= {"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"}
_TYPES |= {f"{sign}int{8 * size}": f"{sign or 'i'}{size}" for sign in ("", "u") for size in (1, 2, 4, 8)}
_NAMES = {"u1": "uchar", "i4": "int", "f4": "float", "f8": "double"}
_STRUCT = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f4": "f", "f8": "d"}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_CORNERS = ("vertex_indices", "vertex_index")

Column = np.ndarray | list  # one number a row, or one list a row (an array if all lists are equally long)


@dataclass
class _Element:
    name: str
    count: int
    # Name, type of the length (empty unless a list), type.
    columns: list[tuple[str, str, str]]


def parse_ply(blob: bytes) -> PolygonMesh:
    """Parse a PLY file. Properties of vertices and faces that are single numbers become columns.

    Args:
        blob: Content of the file.

    Returns:
        The mesh, in the order of the file.

    Raises:
        ValueError: If it is no PLY file, truncated, or has no vertices with ``x``, ``y`` and ``z``.
    """
    elements, order, start = _header(blob)
    body = _Text(blob, start) if order == "" else _Binary(blob, start, order)
    found: dict[str, dict[str, Column]] = {}
    for element in elements:
        if element.columns:
            try:
                found[element.name] = body.read(element)
            except EOFError:
                raise ValueError(
                    f"is truncated: it ends inside its {element.count} {element.name} rows; copy or export it again"
                ) from None
            except (ValueError, OverflowError):
                raise ValueError(f"has a word that is not a number in its {element.name} rows") from None
        if any(name in _CORNERS and kind[0] == "f" for name, _, kind in element.columns):
            raise ValueError(f"has {element.name} rows whose vertex indices are not integers")
    vertex, face = found.get("vertex", {}), found.get("face", {})
    if not all(axis in vertex for axis in "xyz"):
        raise ValueError("has no vertices with x, y and z")
    corners = next((face[name] for name in _CORNERS if name in face), [])
    single = [
        {name: column for name, column in part.items() if isinstance(column, np.ndarray) and column.ndim == 1}
        for part in (vertex, face)
    ]
    with np.errstate(invalid="ignore"):  # signalling NaN; clean_mesh refuses it
        pos = np.stack([single[0][axis] for axis in "xyz"], axis=1).astype(np.float64)
    return PolygonMesh(pos, *triangulate(corners), vertex_columns=single[0], polygon_columns=single[1])


def write_ply(
    path: str | os.PathLike[str], vertex: dict[str, np.ndarray], face: np.ndarray, face_columns: dict[str, np.ndarray]
) -> None:
    """Write a binary PLY file, whole or not at all.

    Args:
        path: File to write; its folder exists.
        vertex: Columns (V,) by name, x, y and z among them.
        face: (F, 3), vertex indices.
        face_columns: Columns (F,) by name.

    Raises:
        FileNotFoundError: If the folder does not exist.
    """
    corner = np.empty(len(face), [("count", "u1"), ("corner", "<i4", (3,)), *_fields(face_columns)])
    corner["count"], corner["corner"] = 3, face
    table = np.empty(len(vertex["x"]), _fields(vertex))
    for rows, columns in ((table, vertex), (corner, face_columns)):
        for name, column in columns.items():
            rows[name] = column
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}", *_properties(vertex)]
    lines += [f"element face {len(face)}", "property list uchar int vertex_indices", *_properties(face_columns)]
    with open_atomic(path) as file:
        file.write("\n".join([*lines, "end_header", ""]).encode("ascii"))
        file.write(table.tobytes())
        file.write(corner.tobytes())


def _fields(columns: dict[str, np.ndarray]) -> list[tuple[str, str]]:
    return [(name, "<" + column.dtype.str[1:]) for name, column in columns.items()]


def _properties(columns: dict[str, np.ndarray]) -> list[str]:
    return [f"property {_NAMES[column.dtype.str[1:]]} {name}" for name, column in columns.items()]


def _header(blob: bytes) -> tuple[list[_Element], str, int]:
    if blob[:3] != b"ply":
        raise ValueError("is not a PLY file: expected a first line ply")
    end = blob.find(b"end_header")
    start = blob.find(b"\n", end) + 1
    if end < 0 or start == 0:
        raise ValueError("is truncated: its header has no end_header; copy or export it again")
    order, elements = None, list[_Element]()
    for line in blob[:end].decode("utf-8", errors="replace").splitlines()[1:]:
        words = line.split()
        try:
            if words[:1] == ["format"]:
                order = _BYTE_ORDERS[words[1]]
            elif words[:1] == ["element"]:
                elements.append(_Element(words[1], int(words[2]), []))
            elif words[:2] == ["property", "list"]:
                elements[-1].columns.append((words[4], _TYPES[words[2]], _TYPES[words[3]]))
            elif words[:1] == ["property"]:
                elements[-1].columns.append((words[2], "", _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError):
            raise ValueError(f"has a header line that is not PLY: {line.strip()!r}") from None
    if order is None:
        raise ValueError("has no format line in its header")
    return elements, order, start


def _rows(
    count: int, columns: Sequence[tuple[str, str, str]], take: Callable[[int, str], Sequence]
) -> dict[str, Column]:
    """Read rows one after the other; ``take(n, type)`` returns the next n numbers."""
    found: dict[str, list] = {name: [] for name, *_ in columns}
    for _ in range(count):
        for name, length, kind in columns:
            value = take(take(1, length)[0] if length else 1, kind)
            found[name].append(value if length else value[0])
    return {name: found[name] if length else np.array(found[name]) for name, length, _ in columns}


class _Binary:
    """Read elements one after the other from bytes."""

    def __init__(self, blob: bytes, start: int, order: str) -> None:
        self.blob, self.at, self.order = blob, start, order

    def read(self, element: _Element) -> dict[str, Column]:
        if element.count == 0:
            return {name: np.zeros(0) for name, *_ in element.columns}
        try:
            return self._uniform(element) or _rows(element.count, element.columns, self._take)
        except (struct.error, ValueError):
            raise EOFError from None

    def _uniform(self, element: _Element) -> dict[str, Column] | None:
        """Read an element whose lists are as long in all rows as in the first; return None if they are not."""
        fields: list[tuple] = []
        for name, count, kind in element.columns:
            if count:
                at = self.at + np.dtype(fields).itemsize
                length = int(np.frombuffer(self.blob, self.order + count, 1, at)[0])
                fields += [(f"{name} length", self.order + count), (name, self.order + kind, (length,))]
            else:
                fields.append((name, self.order + kind))
        dtype = np.dtype(fields)
        if self.at + element.count * dtype.itemsize > len(self.blob):
            return None
        rows = np.frombuffer(self.blob, dtype, element.count, self.at)
        lengths = [rows[f"{name} length"] for name, count, _ in element.columns if count]
        if any((length != length[0]).any() for length in lengths):
            return None
        self.at += element.count * dtype.itemsize
        return {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name, *_ in element.columns}

    def _take(self, number: int, kind: str) -> tuple:
        code = f"{self.order}{number}{_STRUCT[kind]}"
        value = struct.unpack_from(code, self.blob, self.at)
        self.at += struct.calcsize(code)
        return value


class _Text:
    """Read elements one after the other from words."""

    def __init__(self, blob: bytes, start: int) -> None:
        self.words, self.at = blob[start:].split(), 0

    def read(self, element: _Element) -> dict[str, Column]:
        # Lengths of lists are read as integers, whatever type the header gives them.
        columns = [(name, length and "i4", kind) for name, length, kind in element.columns]
        return _rows(element.count, columns, self._take)

    def _take(self, number: int, kind: str) -> list:
        words = self.words[self.at : self.at + number]
        self.at += number
        if len(words) < number:
            raise EOFError
        return [float(word) if kind[0] == "f" else int(float(word)) for word in words]
