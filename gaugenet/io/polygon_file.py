"""Read mesh files of any format into arrays. PyTorch is not imported, and trimesh only for formats that need it."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import numpy as np

from gaugenet.io.file import read_bytes
from gaugenet.io.ply import parse_ply
from gaugenet.io.polygon_mesh import PolygonMesh, triangulate, without_seams


def parse_off(blob: bytes) -> PolygonMesh:
    """Parse an ASCII OFF file of Geomview, also with texture coordinates, colours or normals (STOFF, COFF, NOFF).

    Args:
        blob: Content of the file.

    Returns:
        The mesh, in the order of the file.

    Raises:
        ValueError: If it is no OFF file, truncated, or a line is malformed.
    """
    text = blob.decode("utf-8", errors="replace")
    stripped = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1))
    lines = [(number, line) for number, line in stripped if line]
    header = re.fullmatch(r"(?:ST)?C?N?OFF(?!\s*BINARY)(.*)", lines[0][1], flags=re.IGNORECASE) if lines else None
    if header is None:
        raise ValueError("is not an ASCII OFF file: expected a first line OFF")
    # Some writers put the counts after the keyword, even without a space.
    lines[0] = (lines[0][0], header[1].strip())
    if not lines[0][1]:
        lines = lines[1:]
    counts = lines[0][1].split() if lines else []
    if len(counts) < 2 or not all(count.isdigit() for count in counts[:2]):
        raise ValueError("has no line with the numbers of vertices and faces")
    num_vertices, num_faces = int(counts[0]), int(counts[1])
    missing = 1 + num_vertices + num_faces - len(lines)
    if missing > 0:
        raise ValueError(f"is truncated, with {missing} lines missing; copy or export it again")
    pos = np.empty((num_vertices, 3))
    for row, (number, line) in enumerate(lines[1 : 1 + num_vertices]):
        try:
            x, y, z = line.split()[:3]
            pos[row] = float(x), float(y), float(z)
        except ValueError:
            raise ValueError(f"line {number}: expected the coordinates of a vertex, got {line[:40]!r}") from None
    polygons = []
    for number, line in lines[1 + num_vertices : 1 + num_vertices + num_faces]:
        words = line.split()
        try:
            polygon = [int(word) for word in words[1 : 1 + int(words[0])]]
            if not len(polygon) == int(words[0]) >= 3:
                raise ValueError
        except ValueError:
            raise ValueError(f"line {number}: expected a face as 'n i1 ... in', n >= 3, got {line[:40]!r}") from None
        polygons.append(polygon)
    return PolygonMesh(pos, *triangulate(polygons))


def parse_obj(blob: bytes) -> PolygonMesh:
    """Parse the ``v`` and ``f`` lines of a Wavefront OBJ file, in the order of the file.

    Args:
        blob: Content of the file.

    Returns:
        The mesh; it has seams if faces name texture coordinates or normals.

    Raises:
        ValueError: If there is no vertex line, or a line is malformed.
    """
    text = blob.decode("utf-8", errors="replace").replace("\\\r\n", " ").replace("\\\n", " ")
    pos: list[tuple[float, float, float]] = []
    polygons: list[list[int]] = []
    seams = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:2] not in ("v ", "f ", "v\t", "f\t"):
            continue
        words = line.partition("#")[0].split()
        try:
            if words[0] == "v":
                pos.append((float(words[1]), float(words[2]), float(words[3])))
            else:
                # A word is i/texture/normal; 1 is the first vertex, -1 the last one so far.
                corner = [int(word.partition("/")[0]) for word in words[1:]]
                if len(corner) < 3:
                    raise ValueError
                polygons.append([i - 1 if i > 0 else i + len(pos) if i < 0 else -1 for i in corner])
                seams = seams or "/" in words[1]
        except (ValueError, IndexError):
            raise ValueError(f"line {number}: expected 'v x y z' or 'f i j k ...', got {line[:40]!r}") from None
    if not pos and not polygons:
        raise ValueError("is not an OBJ file: it has no vertex line 'v x y z'")
    return PolygonMesh(np.array(pos).reshape(-1, 3), *triangulate(polygons), seams=seams)


# Formats that are labelled are parsed here: trimesh reorders mixed polygons and materials, splits vertices at seams and
# accepts a truncated OFF file.
_PARSERS = {".off": parse_off, ".obj": parse_obj, ".ply": parse_ply}
_POINTS = ".xyz"  # trimesh lists it among formats of meshes
_SIGNATURES = {b"ply": "PLY", b"OFF": "OFF", b"COFF": "OFF", b"glTF": "GLB", b"solid": "STL"}


@cache
def mesh_suffixes() -> frozenset[str]:
    """Return the suffixes of the mesh formats that can be read, such as ``.off``."""
    import trimesh

    return frozenset(_PARSERS) | {f".{name}" for name in trimesh.exchange.load.mesh_formats()} - {_POINTS}


def read_polygons(path: str | os.PathLike[str]) -> PolygonMesh:
    """Read a mesh file into arrays, its seams merged; see ``read_mesh``.

    Args:
        path: File to read; its suffix names the format.

    Returns:
        Vertices, triangles and further columns of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a folder, empty, truncated, unreadable, without faces or of an unknown format.
    """
    path = Path(path)
    blob, suffix = read_bytes(path), path.suffix.lower()
    try:
        if suffix == ".stl":
            _check_stl(blob)
        return without_seams(_PARSERS[suffix](blob) if suffix in _PARSERS else _read_with_trimesh(path))
    except ValueError as error:
        kind = next((kind for mark, kind in _SIGNATURES.items() if blob.startswith(mark)), None)
        hint = f"; it looks like {kind}: rename it" if kind and kind.lower() not in suffix else ""
        raise ValueError(f"{path}: {error}{hint}") from None


def _check_stl(blob: bytes) -> None:
    """Refuse a truncated file, which trimesh would accept: 50 bytes a face, or text with an end."""
    if len(blob) != 84 + 50 * int.from_bytes(blob[80:84], "little") and b"endsolid" not in blob.lower():
        raise ValueError("is truncated or no STL file: its length does not match its header; copy or export it again")


def _read_with_trimesh(path: Path) -> PolygonMesh:
    import trimesh

    known = ", ".join(sorted(suffix[1:] for suffix in mesh_suffixes()))
    if path.suffix == "":
        raise ValueError(f"has no suffix that names its format; expected one of {known}")
    if path.suffix.lower() == _POINTS:
        raise ValueError(f"format {path.suffix} holds points without faces; mesh them first, and save one of {known}")
    try:
        with np.errstate(invalid="ignore"):  # signalling NaN; clean_mesh refuses it
            scene = trimesh.load_scene(path, process=False)
    except ImportError as error:
        raise ValueError(f"trimesh needs another package for {path.suffix} ({error}); install it, or convert") from None
    except NotImplementedError:
        raise ValueError(f"format {path.suffix} is unknown; expected one of {known}") from None
    except Exception as error:  # the parsers of trimesh raise errors of any type
        kind, reason = path.suffix[1:].upper(), " ".join(str(error).split())[:200]
        raise ValueError(f"cannot be read as {kind} ({reason}), is it truncated? copy or export it again") from None
    pos, face, size = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=np.int64)], 0
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        part = scene.geometry[name]
        if isinstance(part, trimesh.Trimesh) and len(part.faces):
            pos.append(trimesh.transform_points(part.vertices, transform))
            # A reflection turns faces inside out.
            mirrored = np.linalg.det(transform[:3, :3]) < 0
            face.append((part.faces[:, ::-1] if mirrored else part.faces) + size)
            size += len(part.vertices)
    triangles = np.concatenate(face).astype(np.int64)
    return PolygonMesh(np.concatenate(pos).astype(np.float64), triangles, np.arange(len(triangles)), seams=True)
