"""The OFF format of Geomview: counts, then a line a vertex, then a line a face."""

from __future__ import annotations

import re

import numpy as np

from gaugenet.io.polygon_mesh import PolygonMesh, triangulate


def parse_off(blob: bytes) -> PolygonMesh:
    """Parse an ASCII OFF file, also with texture coordinates, colours or normals (STOFF, COFF, NOFF).

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
