"""Topological invariants of any triangle mesh, clean or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.mesh.connectivity import bowties, components, connect, fans, next_side
from gaugenet.mesh.orientation_cover import orientation
from gaugenet.mesh.repair import duplicate_face, repeated_vertex


@dataclass(frozen=True)
class Topology:
    """Hold the topological invariants of a mesh; computed by ``find_topology``.

    They describe the simplicial complex of the faces. Vertices without a face, faces with a repeated vertex and further
    copies of a face count only in ``vertices`` and ``faces``.

    Attributes:
        vertices: V, as given.
        faces: F, as given.
        edges: Number of different edges of the complex.
        components: Number of parts that are not connected by edges.
        boundary_loops: Number of closed curves of edges with one face.
        euler_characteristic: The number χ = vertices - edges + faces of the complex.
        genus: Number of handles of all components together, (2 components - χ - boundary_loops) / 2; None if the mesh
            is not manifold or not orientable.
        orientable: Whether faces can be oriented so that each edge with two faces is traversed once in each direction.
        manifold: Whether each edge has at most two faces, and the faces at each vertex form one fan.
    """

    vertices: int
    faces: int
    edges: int
    components: int
    boundary_loops: int
    euler_characteristic: int
    genus: int | None
    orientable: bool
    manifold: bool


def find_topology(pos: np.ndarray, face: np.ndarray) -> Topology:
    """Find the topological invariants of a mesh, without the faces whose indices are out of range.

    Args:
        pos: (V, 3), vertex positions.
        face: (F, 3), vertex indices.
    """
    num_vertices, num_faces = len(pos), len(face)
    face = face[np.all((face >= 0) & (face < num_vertices), axis=1)].astype(np.int64)
    face = face[~repeated_vertex(face)]
    face = face[~duplicate_face(face)]
    mesh = connect(face)
    fan = fans(mesh)
    used = np.bincount(face.ravel(), minlength=num_vertices) > 0
    isolated = num_vertices - int(used.sum())
    number = int(components(mesh.edge, num_vertices).max(initial=-1)) + 1 - isolated
    loops = _boundary_loops(mesh.faces_at_edge[mesh.side_edge] == 1, fan)
    euler = int(used.sum()) - len(mesh.edge) + len(face)
    orientable = not orientation(mesh)[1].any()
    manifold = not (mesh.faces_at_edge > 2).any() and not bowties(face, fan, num_vertices).any()
    return Topology(
        vertices=num_vertices,
        faces=num_faces,
        edges=len(mesh.edge),
        components=number,
        boundary_loops=loops,
        euler_characteristic=euler,
        genus=(2 * number - euler - loops) // 2 if orientable and manifold else None,
        orientable=orientable,
        manifold=manifold,
    )


def _boundary_loops(open_side: np.ndarray, fan: np.ndarray) -> int:
    """Count the curves of open sides (3F,); each fan connects the open side that enters it with the one that leaves."""
    side = np.flatnonzero(open_side)
    through = np.concatenate([fan[side], fan[next_side(side)]])
    joined, through = np.unique(through, return_inverse=True)
    pair = np.stack([np.tile(np.arange(len(side)), 2), len(side) + through], axis=1)
    return int(components(pair, len(side) + len(joined)).max(initial=-1)) + 1
