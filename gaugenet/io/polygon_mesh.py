"""A mesh as its file describes it: vertices, polygons and further columns, in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np


@dataclass
class PolygonMesh:
    """Hold vertices and the triangles of polygons.

    Attributes:
        pos: (V, 3) float64, vertex positions [unit of the file].
        face: (F, 3) int64, vertex indices; the triangles of a polygon follow one another.
        polygon: (F,) int64, the polygon of each triangle.
        seams: Whether the format may list a vertex several times, once for each texture coordinate or normal.
        vertex_columns: Further numbers (V,), by name.
        polygon_columns: Further numbers, one for each polygon, by name.
    """

    pos: np.ndarray
    face: np.ndarray
    polygon: np.ndarray
    seams: bool = False
    vertex_columns: dict[str, np.ndarray] = field(default_factory=dict)
    polygon_columns: dict[str, np.ndarray] = field(default_factory=dict)


def triangulate(polygons: np.ndarray | Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Split polygons (c_0, ..., c_n) into the fans (c_0, c_k, c_k+1).

    Args:
        polygons: Vertex indices of each polygon, of any number of corners from 3 on.

    Returns:
        Triangles (F, 3) in the order of the polygons, and (F,) the polygon of each.

    Raises:
        ValueError: If a polygon has fewer than three corners, or an index does not fit into 64 bits.
    """
    if isinstance(polygons, np.ndarray):
        sizes = np.full(len(polygons), polygons.shape[-1] if polygons.ndim == 2 else 0)
        corner = polygons.ravel().astype(np.int64)
    else:
        sizes = np.array([len(polygon) for polygon in polygons], dtype=np.int64)
        try:
            corner = np.fromiter(chain.from_iterable(polygons), dtype=np.int64, count=sizes.sum())
        except OverflowError:
            raise ValueError("has a face with a vertex index of more than 64 bits") from None
    if (sizes < 3).any():
        raise ValueError(f"face {np.argmax(sizes < 3)} has {sizes[np.argmax(sizes < 3)]} corners, expected at least 3")
    polygon = np.repeat(np.arange(len(sizes)), sizes - 2)
    first = (np.cumsum(sizes) - sizes)[polygon]
    step = np.arange(len(polygon)) - (np.cumsum(sizes - 2) - (sizes - 2))[polygon]
    return corner[np.stack([first, first + step + 1, first + step + 2], axis=1)], polygon


def without_seams(mesh: PolygonMesh) -> PolygonMesh:
    """Merge vertices at exactly equal positions, if the format may list a vertex several times.

    The first of the merged vertices stays, in the order of the file.

    Args:
        mesh: Mesh as parsed.

    Returns:
        The mesh, unchanged if its format has no seams.

    Raises:
        ValueError: If the mesh has no faces.
    """
    if len(mesh.face) == 0:
        raise ValueError(f"has no faces, only {len(mesh.pos)} points; expected a triangle mesh: mesh the points first")
    if not mesh.seams:
        return mesh
    pos, face = mesh.pos, mesh.face
    # Compare bits, so that NaN equals itself; adding 0 makes -0 equal to 0.
    bits = np.ascontiguousarray(pos + 0.0).view(np.dtype((np.void, 24))).ravel()
    _, first, inverse = np.unique(bits, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    inside = (face >= 0) & (face < len(pos))
    # An index beyond the last vertex stays beyond it.
    merged = np.where(inside, number[inverse[np.where(inside, face, 0)]], np.where(face < 0, face, face + len(order)))
    return replace(mesh, pos=pos[first[order]], face=merged, seams=False)
