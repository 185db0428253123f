"""Orientations of surfaces, and the oriented double cover of those that may be one-sided."""

from __future__ import annotations

import numpy as np

from gaugenet.mesh.connectivity import Connectivity, components, connect, corner_pairs, face_components, first_of_each
from gaugenet.mesh.mesh import Mesh


def orientation(mesh: Connectivity) -> tuple[np.ndarray, np.ndarray]:
    """Orient faces consistently across edges with exactly two faces.

    A component is orientable exactly if its two lifts to the orientation double cover are not connected.

    Args:
        mesh: Connectivity of the faces.

    Returns:
        Marks (F,) of the faces to reverse, so that they agree with the first face of their component, and marks (F,) of
        the faces of non-orientable components, which are never reversed.
    """
    num_faces = len(mesh.side_edge) // 3
    two_faces = mesh.faces_at_edge[mesh.side_edge[mesh.pair[:, 0]]] == 2
    pair = mesh.pair[two_faces] // 3
    as_given, reversed_ = _double_cover(pair, mesh.same_way[two_faces], num_faces).reshape(2, -1)
    bad = as_given == reversed_
    component = face_components(mesh)
    return (as_given != as_given[first_of_each(component)][component]) & ~bad, bad


def _double_cover(pair: np.ndarray, crossed: np.ndarray, size: int) -> np.ndarray:
    """Return components (2N,) of the double cover of a graph: node n has the lifts n (as given) and n + N (reversed).

    The edges ``pair`` (P, 2) connect lifts of one kind, or of both kinds where ``crossed`` (P,).
    """
    one, two = pair.T
    shift = crossed * size
    cover = [np.stack([one, two + shift], axis=1), np.stack([one + size, two + size - shift], axis=1)]
    return components(np.concatenate(cover), 2 * size)


def orientation_cover(mesh: Mesh) -> Mesh:
    """Return the oriented double cover of a manifold mesh: every point once for each side of its tangent plane.

    Face f + F of the cover is face f reversed; faces on one side of the surface are connected. Vertices v and v + V lie
    over vertex v: v where the first face at it is as given, v + V where it is reversed. The cover of a connected
    surface is connected exactly if the surface is not orientable (Hatcher 2002, section 3.3).

    Args:
        mesh: Clean mesh; faces of non-orientable components may have any orientation.

    Returns:
        A mesh with 2V vertices and 2F faces: closed or open, connected or not, but always oriented.
    """
    size, corner = len(mesh.pos), mesh.face.reshape(-1)
    graph = connect(mesh.face)
    # Corners at one vertex on both sides of an edge are in the same lift if their faces agree, and in the other if not.
    lift = _double_cover(corner_pairs(graph), np.tile(graph.same_way, 2), len(corner))
    first = first_of_each(corner)
    above = lift != lift[first[np.r_[corner, corner]]]
    vertex = (np.r_[corner, corner] + size * above).reshape(2, -1, 3)
    face = np.concatenate([vertex[0], vertex[1][:, [0, 2, 1]]])
    return Mesh(np.tile(mesh.pos, (2, 1)), face, np.tile(mesh.kept, 2))


def mirror_half_edge(h: np.ndarray, num_faces: int) -> np.ndarray:
    """Return the half-edges of the cover that run in the opposite direction on the other side.

    Args:
        h: Half-edges of the cover.
        num_faces: F, number of faces of the mesh that is covered.
    """
    return 3 * ((h // 3 + num_faces) % (2 * num_faces)) + 2 - h % 3
