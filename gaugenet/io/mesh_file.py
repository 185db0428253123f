"""Read meshes from files as PyTorch Geometric data, and write coloured ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from gaugenet.io.file import errors_of
from gaugenet.io.labels import Labels, column_labels
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.ply import write_ply
from gaugenet.io.polygon_file import read_polygons
from gaugenet.io.polygon_mesh import PolygonMesh


def read_mesh(path: str | os.PathLike[str]) -> MeshData:
    """Read a mesh from any file that trimesh reads: OFF, OBJ, PLY, STL, GLB, ...

    Polygons are split into fans of triangles. Vertices with exactly equal positions are merged where the format lists
    a vertex several times (STL, GLB and others, OBJ with texture coordinates or normals); OFF, PLY and plain OBJ keep
    the vertices of the file. Scenes become one mesh. A PLY property of faces or vertices named label (or labels, class,
    segment, part, category) becomes ``face_label`` or ``vertex_label``. Geometry is not checked: see ``clean_mesh``.

    Args:
        path: File to read; its suffix names the format.

    Returns:
        Data with ``pos`` (V, 3) float64 [unit of the file] and ``face`` (3, F) int64.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a folder, empty, truncated, unreadable, without faces or of an unknown format, or its
            labels are not whole numbers.
    """
    mesh = read_polygons(path)
    with errors_of(path):
        return to_data(mesh, column_labels(mesh))


def to_data(mesh: PolygonMesh, labels: Iterable[Labels] = ()) -> MeshData:
    """Convert the arrays of a mesh file to data.

    Args:
        mesh: Mesh without seams.
        labels: Labels of its faces or vertices, which share their names.

    Returns:
        Data with ``pos``, ``face``, and ``face_label`` or ``vertex_label`` and ``label_names`` if there are labels.
    """
    data = MeshData(pos=torch.from_numpy(mesh.pos), face=torch.from_numpy(np.ascontiguousarray(mesh.face.T)))
    for one in labels:
        data[f"{one.where}_label"] = torch.from_numpy(one.label)
        data.label_names = list(one.names)
    return data


def write_mesh(
    path: str | os.PathLike[str],
    pos: np.ndarray,
    face: np.ndarray,
    face_rgb: np.ndarray | None = None,
    face_label: np.ndarray | None = None,
) -> None:
    """Write a binary PLY file, whole or not at all; ``read_mesh`` returns the same arrays.

    Args:
        path: File to write, with suffix .ply.
        pos: (V, 3), vertex positions, written as double.
        face: (F, 3), vertex indices.
        face_rgb: (F, 3) colours, integers in 0..255 or floats in 0..1: properties red, green, blue.
        face_label: (F,) integers: property label.

    Raises:
        ValueError: If the suffix is another one, or shapes or dtypes do not fit.
        FileNotFoundError: If the folder does not exist.
    """
    path = Path(path)
    pos, face = np.asarray(pos), np.asarray(face)
    if path.suffix.lower() != ".ply":
        raise ValueError(f"{path}: meshes are written as PLY, got suffix {path.suffix!r}; end the name in .ply")
    if pos.ndim != 2 or pos.shape[1] != 3:
        raise ValueError(f"pos must have shape (V, 3), got {pos.shape}")
    if face.ndim != 2 or face.shape[1] != 3 or face.dtype.kind not in "iu":
        raise ValueError(f"face must be an integer array of shape (F, 3), got {face.dtype} {face.shape}; transpose it?")
    columns: dict[str, np.ndarray] = {}
    if face_rgb is not None:
        rgb = np.asarray(face_rgb)
        if rgb.shape != face.shape:
            raise ValueError(f"face_rgb must have shape {face.shape}, got {rgb.shape}")
        rgb = np.round(rgb * 255) if rgb.dtype.kind == "f" else rgb
        if rgb.size and not 0 <= rgb.min() <= rgb.max() <= 255:
            raise ValueError("face_rgb must be integers in 0..255 or floats in 0..1")
        columns |= {name: rgb[:, k].astype(np.uint8) for k, name in enumerate(("red", "green", "blue"))}
    if face_label is not None:
        label = np.asarray(face_label)
        if label.shape != face.shape[:1] or label.dtype.kind not in "iu":
            raise ValueError(f"face_label must be integers of shape {face.shape[:1]}, got {label.dtype} {label.shape}")
        columns["label"] = label.astype(np.int32)
    write_ply(path, {axis: pos[:, k].astype(np.float64) for k, axis in enumerate("xyz")}, face, columns)
