"""A triangle mesh whose faces carry clean geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class MeshWarning(UserWarning):
    """Say what was done to an unclean mesh."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Hold a manifold triangle mesh, oriented unless it says otherwise; `clean_mesh` makes one.

    Every edge has one face (boundary) or two that traverse it oppositely, and the faces at a vertex form one fan. Where
    a component has only one side, its faces are as in the input, and some edges are traversed twice the same way.
    Vertices keep the numbers they have in the input; one that no face uses is isolated.

    Attributes:
        pos: (V, 3) float64, vertex positions [mesh unit].
        face: (F', 3) int64, vertex indices, counter-clockwise seen from the tip of the normal.
        kept: (F',) int64, ascending: the index in the input of each face. Its vertices may come in the other order.
        orientable: False if a component has only one side.
    """

    pos: np.ndarray
    face: np.ndarray
    kept: np.ndarray
    orientable: bool = True
