"""The Wavefront OBJ format: vertices and faces, without objects and materials."""

from __future__ import annotations

import numpy as np

from gaugenet.io.polygon_mesh import PolygonMesh, triangulate


def parse_obj(blob: bytes) -> PolygonMesh:
    """Parse the ``v`` and ``f`` lines of an OBJ file, in the order of the file.

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
