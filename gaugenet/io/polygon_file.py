"""Read mesh files of any format into arrays. PyTorch is not imported, and trimesh only for formats that need it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np

from gaugenet.io.file import read_bytes
from gaugenet.io.obj import parse_obj
from gaugenet.io.off import parse_off
from gaugenet.io.ply import parse_ply
from gaugenet.io.polygon_mesh import PolygonMesh, without_seams

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
