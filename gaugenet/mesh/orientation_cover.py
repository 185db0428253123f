"""The oriented double cover of a surface that may have only one side."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.connectivity import components, connect
from gaugenet.mesh.mesh import Mesh


def orientation_cover(mesh: Mesh) -> Mesh:
    """Return the oriented double cover of a manifold mesh: every point once for each of the two sides of its plane.

    Faces F to 2F - 1 are the faces 0 to F - 1 the other way round; faces on one side of the surface hang together.
    Vertices v and v + V lie over vertex v: v where the first face at it is as given, v + V where it is reversed. The
    cover of a connected surface is connected exactly if the surface cannot be oriented (Hatcher 2002, section 3.3).

    Args:
        mesh: clean; faces of components that cannot be oriented may be as they are.

    Returns:
        A closed, open or disconnected but always oriented mesh with 2V vertices and 2F faces.
    """
    size, face = len(mesh.pos), mesh.face
    corner = face.reshape(-1)
    graph = connect(face)
    one, two = graph.pair.T
    one_next, two_next = (side - side % 3 + (side + 1) % 3 for side in (one, two))
    # Corners at one vertex on both sides of an edge: in the same copies if their faces agree, else crosswise.
    near = np.r_[one, one_next]
    far = np.r_[np.where(graph.same_way, two, two_next), np.where(graph.same_way, two_next, two)]
    crossed = np.r_[graph.same_way, graph.same_way] * len(corner)
    pairs = np.concatenate(
        [np.stack([near, far + crossed], 1), np.stack([near + len(corner), far + len(corner) - crossed], 1)]
    )
    lift = components(pairs, 2 * len(corner))
    first = np.zeros(size, dtype=np.int64)
    used, where = np.unique(corner, return_index=True)
    first[used] = where
    above = lift != lift[first[np.r_[corner, corner]]]
    vertex = (np.r_[corner, corner] + size * above).reshape(2, -1, 3)
    return Mesh(
        pos=np.concatenate([mesh.pos, mesh.pos]),
        face=np.concatenate([vertex[0], vertex[1][:, [0, 2, 1]]]),
        kept=np.concatenate([mesh.kept, mesh.kept]),
    )


def mirror_half_edge(h: np.ndarray, num_faces: int) -> np.ndarray:
    """Return the half-edges of the cover that run along the other side of half-edges ``h``, the other way.

    Args:
        num_faces: F, of the mesh that is covered.
    """
    return 3 * ((h // 3 + num_faces) % (2 * num_faces)) + 2 - h % 3
