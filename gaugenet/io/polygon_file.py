"""Read vertices and polygons from files, whatever their format; PyTorch is not needed for it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import trimesh

from gaugenet.io.file import read_bytes
from gaugenet.io.obj import parse_obj
from gaugenet.io.off import parse_off
from gaugenet.io.ply import parse_ply
from gaugenet.io.polygon_mesh import PolygonMesh

# Formats that come with labels are read here: trimesh changes the order of mixed polygons and of materials, splits
# vertices at seams and takes a truncated OFF file for a whole one.
_PARSERS = {".off": parse_off, ".obj": parse_obj, ".ply": parse_ply}
_POINTS = frozenset({".xyz"})  # trimesh lists them among formats of meshes
MESH_SUFFIXES = frozenset(_PARSERS) | {f".{name}" for name in trimesh.exchange.load.mesh_formats()} - _POINTS
_SIGNATURES = {b"ply": "PLY", b"OFF": "OFF", b"COFF": "OFF", b"glTF": "GLB", b"solid": "STL"}


def read_polygons(path: str | os.PathLike[str]) -> PolygonMesh:
    """Read what a file holds, seams merged; see `read_mesh`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder, an empty, truncated or unreadable file, an unknown format, or no faces.
    """
    path = Path(path)
    blob = read_bytes(path)
    try:
        parse = _PARSERS.get(path.suffix.lower())
        if path.suffix.lower() == ".stl":
            _check_stl(blob)
        return without_seams(parse(blob) if parse else _read_with_trimesh(path))
    except ValueError as error:
        kind = next((kind for mark, kind in _SIGNATURES.items() if blob.startswith(mark)), None)
        hint = f"; it looks like {kind}: rename it" if kind and kind.lower() not in path.suffix.lower() else ""
        raise ValueError(f"{path}: {error}{hint}") from None


def without_seams(mesh: PolygonMesh) -> PolygonMesh:
    """Merge vertices at equal positions if the format lists one vertex several times.

    Raises:
        ValueError: no faces.
    """
    if len(mesh.face) == 0:
        raise ValueError(f"has no faces, only {len(mesh.pos)} points; expected a triangle mesh: mesh the points first")
    if not mesh.seams:
        return mesh
    pos, face = _merge(mesh.pos, mesh.face)
    return replace(mesh, pos=pos, face=face, seams=False)


def _merge(pos: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge vertices at exactly equal positions; the first of each stays, in the order of the file."""
    # Bits, not numbers: NaN equals itself; adding 0 makes -0 and 0 one.
    bits = np.ascontiguousarray(pos + 0.0).view(np.dtype((np.void, 24))).ravel()
    _, first, inverse = np.unique(bits, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    inside = (face >= 0) & (face < len(pos))
    # An index beyond the last vertex stays beyond it.
    merged = np.where(inside, number[inverse[np.where(inside, face, 0)]], np.where(face < 0, face, face + len(order)))
    return pos[first[order]], merged


def _check_stl(blob: bytes) -> None:
    """Refuse a truncated file, of which trimesh would return what is left: 50 bytes a face, or text with an end."""
    if len(blob) != 84 + 50 * int.from_bytes(blob[80:84], "little") and b"endsolid" not in blob.lower():
        raise ValueError(
            "is truncated or no STL file: its length is not what its header announces; copy or export it again"
        )


def _read_with_trimesh(path: Path) -> PolygonMesh:
    known = ", ".join(sorted(suffix[1:] for suffix in MESH_SUFFIXES))
    if path.suffix == "":
        raise ValueError(f"has no suffix that names its format; expected one of {known}")
    if path.suffix.lower() in _POINTS:
        raise ValueError(f"format {path.suffix} holds points without faces; mesh them first, and save one of {known}")
    try:
        with np.errstate(invalid="ignore"):  # signalling NaN; clean_mesh refuses it
            scene = trimesh.load_scene(path, process=False)
    except ImportError as error:
        raise ValueError(f"trimesh needs another package for {path.suffix} ({error}); install it, or convert") from None
    except NotImplementedError:
        raise ValueError(f"format {path.suffix} is unknown; expected one of {known}") from None
    except Exception as error:  # trimesh raises whatever its parsers run into
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"cannot be read as {path.suffix[1:].upper()} ({reason}), is it truncated? copy or export it again"
        ) from None
    pos, face, size = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=np.int64)], 0
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        part = scene.geometry[name]
        if isinstance(part, trimesh.Trimesh) and len(part.faces):
            pos.append(trimesh.transform_points(part.vertices, transform))
            # A mirror turns faces inside out.
            mirrored = np.linalg.det(transform[:3, :3]) < 0
            face.append((part.faces[:, ::-1] if mirrored else part.faces) + size)
            size += len(part.vertices)
    triangles = np.concatenate(face).astype(np.int64)
    return PolygonMesh(np.concatenate(pos).astype(np.float64), triangles, np.arange(len(triangles)), seams=True)
