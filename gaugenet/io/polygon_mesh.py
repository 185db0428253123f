"""What a text or PLY file holds: vertices and polygons in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np


@dataclass
class PolygonMesh:
    """Hold vertices and the triangles of polygons.

    Attributes:
        pos: (V, 3) float64.
        face: (F, 3) int64; the triangles of a polygon follow one another.
        polygon: (F,) int64, the polygon of each triangle.
        seams: whether the format may list one vertex several times, once for each texture coordinate or normal.
        vertex_columns, polygon_columns: further numbers, one a vertex or polygon, by name.
    """

    pos: np.ndarray
    face: np.ndarray
    polygon: np.ndarray
    seams: bool = False
    vertex_columns: dict[str, np.ndarray] = field(default_factory=dict)
    polygon_columns: dict[str, np.ndarray] = field(default_factory=dict)


def triangulate(polygons: np.ndarray | Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Split polygons (c_0, ..., c_n) into the fans (c_0, c_k, c_k+1).

    Returns:
        (F, 3) triangles in the order of the polygons, and (F,) the polygon of each.

    Raises:
        ValueError: a polygon of fewer than three corners, or an index that is no int64.
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
