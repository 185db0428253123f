"""What it costs to end a part at an edge: parts of shapes end in concave creases."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.connectivity import connect
from gaugenet.mesh.geometry import face_normals

# An edge that bends inwards by this angle [rad] costs 1/e of its length.
_BEND = 0.25


def crease_costs(pos: np.ndarray, face: np.ndarray, sides: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of faces ``(P, 2)`` with a common edge, and what the edge costs ``(P,)`` [mesh unit].

    An edge costs its length, and less by exp(-angle / 0.25) where the surface bends inwards there: people see parts end
    in concave creases (Hoffman & Richards 1984, "Parts of recognition"). Faces of any array will do; where two at an
    edge run oppositely, the second is taken the other way round.

    Args:
        pos: ``(V, 3)``. face: ``(F, 3)``, counter-clockwise seen from outside.
        sides: whether there is an outside; without, an edge costs less whichever way the surface bends.
    """
    joined = connect(face)
    pair = joined.pair // 3
    edge = pos[joined.edge[joined.side_edge[joined.pair[:, 0]]]]
    length = np.linalg.norm(edge[:, 1] - edge[:, 0], axis=1)
    normal, centre = face_normals(pos, face), pos[face].mean(axis=1)
    one, two = normal[pair[:, 0]], np.where(joined.same_way, -1, 1)[:, None] * normal[pair[:, 1]]
    angle = np.arctan2(np.linalg.norm(np.cross(one, two), axis=1), (one * two).sum(axis=1))
    concave = ((centre[pair[:, 1]] - centre[pair[:, 0]]) * one).sum(axis=1) > 0
    return pair, length * np.where(concave | (not sides), np.exp(-angle / _BEND), 1.0)
