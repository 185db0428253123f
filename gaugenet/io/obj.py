"""The geometry of a Wavefront OBJ file: `v` and `f` lines, whatever objects and materials they are grouped in."""

from __future__ import annotations

import numpy as np

from gaugenet.io.polygon_mesh import PolygonMesh, triangulate


def parse_obj(blob: bytes) -> PolygonMesh:
    """Parse an OBJ file; vertices and faces come in the order of the file.

    Raises:
        ValueError: a line that is not what its first word announces.
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
                # i/texture/normal; 1 is the first vertex, -1 the last one so far.
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
