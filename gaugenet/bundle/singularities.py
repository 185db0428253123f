"""Singularities of direction fields."""

from __future__ import annotations

import numpy as np

from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.mesh import Mesh


def singularities(mesh: Mesh, edges: BundleEdges, angle: np.ndarray, order: int) -> np.ndarray:
    """Return N times the index of an N-direction field in every face, ``(F,)`` integers.

    Around a face the field turns by d = sum of N (phi_b - phi_a - t_ba), each the nearest way, and transport by the
    holonomy: the index times N is (d + N holonomy) / 2 pi (Knöppel et al. 2013, section 6.1.2). Indices of a closed
    surface sum to its Euler characteristic (Poincaré-Hopf), with one side or two. They do not depend on the gauge.

    Args:
        mesh: clean. edges: of the mesh in both directions, ``mesh_edges``. angle: ``(V,)`` [rad] of one of the N
            directions in the frame of each vertex. order: N >= 1.
    """
    a, b, c = mesh.face.T
    ways = [_numbers(edges, pair, len(mesh.pos)) for pair in ((b, a), (c, b), (a, c))]
    flip = np.zeros(len(edges.transport), dtype=bool) if edges.flip is None else edges.flip
    # Frames of b and c are turned over where that of a sees them from the other side.
    side = np.ones((3, len(a)))
    side[1] = np.where(flip[ways[0]], -1, 1)
    side[2] = np.where(flip[ways[1]], -1, 1) * side[1]
    direction = side * angle[mesh.face.T]
    ahead = [side[(k + 1) % 3] * edges.transport[way] for k, way in enumerate(ways)]
    turn = sum(_wrap(order * (direction[(k + 1) % 3] - direction[k] - t)) for k, t in enumerate(ahead))
    # Whether frames see the face counter-clockwise: at its corners the next edge but one lies ahead, at most by pi but
    # at sharp points, so two corners of three decide.
    seen = np.zeros(len(a))
    for k, (here, one, two) in enumerate(((a, b, c), (b, c, a), (c, a, b))):
        theta = [edges.log[_numbers(edges, (here, other), len(mesh.pos)), 1] for other in (one, two)]
        seen += np.sign(side[k] * _wrap(theta[1] - theta[0]))
    total = turn + order * _wrap(ahead[0] + ahead[1] + ahead[2])
    return np.rint(np.sign(seen) * total / (2 * np.pi)).astype(np.int64)


def _numbers(edges: BundleEdges, pair: tuple[np.ndarray, np.ndarray], size: int) -> np.ndarray:
    """Return the numbers of the edges with given targets and sources."""
    source, target = edges.index
    return np.searchsorted(target * size + source, pair[0] * size + pair[1])


def _wrap(angle: np.ndarray) -> np.ndarray:
    return angle - 2 * np.pi * np.round(angle / (2 * np.pi))
