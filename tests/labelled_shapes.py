"""Small labelled shapes as people keep them in folders."""

from pathlib import Path

import numpy as np
import trimesh

from gaugenet.io.label_file import write_labels


def write_shapes(folder: Path, names: list[str], suffix: str = "_labels.txt") -> Path:
    """Write ellipsoids of 162 vertices and 320 faces with labels: the upper part is called head, the rest torso.

    The suffix `_labels.txt` gives labels of faces, any other one labels of vertices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        mesh = trimesh.creation.icosphere(2)
        mesh.vertices *= [1, 1 + 0.05 * number, 1.5]
        mesh.export(folder / f"{name}.off")
        points = mesh.triangles_center if suffix == "_labels.txt" else mesh.vertices
        write_labels(folder / f"{name}{suffix}", (points[:, 2] < 0.7).astype(np.int64), ["head", "torso"])
    return folder
