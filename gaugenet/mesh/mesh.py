"""A triangle mesh with clean geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class MeshWarning(UserWarning):
    """Report how a defective mesh was repaired."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Hold a manifold triangle mesh, oriented unless ``orientable`` is False; built by ``clean_mesh``.

    Every edge has one face (boundary) or two faces that traverse it in opposite directions, and the faces at a vertex
    form one fan. In a one-sided component the faces are those of the input, and some edges are traversed twice in the
    same direction. Vertices keep their numbers; a vertex without a face is isolated.

    Attributes:
        pos: (V, 3) float64, vertex positions [mesh unit].
        face: (F', 3) int64, vertex indices, counter-clockwise seen from the tip of the normal.
        kept: (F',) int64, ascending: index of each face in the input. Its vertices may be in reversed order.
        orientable: False if a component is one-sided.
    """

    pos: np.ndarray
    face: np.ndarray
    kept: np.ndarray
    orientable: bool = True
