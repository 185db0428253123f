"""Read meshes from files."""

from __future__ import annotations

import os

import numpy as np
import torch

from gaugenet.io.labels import column_labels
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.polygon_file import read_polygons, without_seams
from gaugenet.io.polygon_mesh import PolygonMesh


def read_mesh(path: str | os.PathLike[str]) -> MeshData:
    """Read a mesh from any file that trimesh reads: OFF, OBJ, PLY, STL, GLB, ...

    Polygons are split into fans of triangles. Vertices with exactly equal positions are merged where the format lists
    one vertex several times (STL, GLB and others, OBJ with texture coordinates or normals); OFF, PLY and plain OBJ keep
    the vertices of the file. Scenes become one mesh. A PLY property named label (or labels, class, segment, part,
    category) of faces or vertices becomes `face_label` or `vertex_label`. Geometry is not checked: see `clean_mesh`.

    Returns:
        Data with `pos` (V, 3) float64 [unit of the file], `face` (3, F) int64.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder, an empty, truncated or unreadable file, an unknown format, or no faces.
    """
    mesh = read_polygons(path)
    try:
        return mesh_data(mesh)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def mesh_data(mesh: PolygonMesh) -> MeshData:
    """Return data of a parsed file, its vertices merged if they have seams.

    Raises:
        ValueError: no faces, or labels that are not whole numbers.
    """
    mesh = without_seams(mesh)
    data = MeshData(pos=torch.from_numpy(mesh.pos), face=torch.from_numpy(np.ascontiguousarray(mesh.face.T)))
    for labels in column_labels(mesh):
        labels.add_to(data)
    return data
