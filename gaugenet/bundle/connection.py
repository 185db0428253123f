"""The discrete Levi-Civita connection on the edges of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.bundle.edges import BundleEdges, wrap
from gaugenet.bundle.frame import vertex_frames
from gaugenet.mesh.geometry import corner_angles, vertex_normals
from gaugenet.mesh.halfedge import HalfEdges, half_edges, polar_angles
from gaugenet.mesh.mesh import Mesh


@dataclass(frozen=True)
class Connection:
    """Frames, polar angles of edges and their transport on a clean mesh.

    Attributes:
        frame: ``(V, 3, 3)`` rows e1, e2, n.
        edges: half-edges of the mesh.
        angle: ``(3F, 2)`` of half-edge i -> j: its direction at i in i's polar coordinates, and the direction of j -> i
            at j [rad].
        transport: ``(3F,)`` of half-edge i -> j: the angle that takes components at i to components at j [rad].
    """

    frame: np.ndarray
    edges: HalfEdges
    angle: np.ndarray
    transport: np.ndarray


def levi_civita(mesh: Mesh) -> Connection:
    """Build the discrete Levi-Civita connection (Knöppel et al. 2013, section 5; Polthier & Schmies 1998).

    The corner angles around an interior vertex are scaled to sum to 2 pi; boundary vertices keep theirs. With phi_ij
    the direction of edge ij in i's polar coordinates, transport_{j -> i} = phi_ij - phi_ji + pi.
    """
    pos, face = mesh.pos, mesh.face
    edges = half_edges(face, len(pos))
    corner = corner_angles(pos, face)
    angle = corner.reshape(-1)
    total = np.bincount(edges.start, angle, len(pos))
    on_boundary = np.zeros(len(pos), dtype=bool)
    on_boundary[edges.start[edges.twin < 0]] = True
    scale = np.where(on_boundary | (total == 0), 1.0, 2 * np.pi / np.where(total == 0, 1.0, total))
    outgoing, incoming = polar_angles(angle, edges.twin, edges.first, scale)
    reverse = np.where(edges.twin >= 0, outgoing[edges.twin], incoming)
    frame = vertex_frames(pos, vertex_normals(pos, face, corner), edges, outgoing, incoming)
    return Connection(frame, edges, np.stack([outgoing, reverse], axis=1), wrap(reverse - outgoing + np.pi))


def one_ring(mesh: Mesh, connection: Connection) -> BundleEdges:
    """Return the edges of the mesh in both directions, at boundaries too, with edge lengths as radii."""
    start, end = connection.edges.start, connection.edges.end
    length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
    alone = connection.edges.twin < 0  # a boundary edge has one half-edge: add the other direction by hand
    source = np.r_[end, start[alone]]
    target = np.r_[start, end[alone]]
    radius = np.r_[length, length[alone]]
    theta = np.r_[connection.angle[:, 0], connection.angle[alone, 1]]
    transport = np.r_[-connection.transport, connection.transport[alone]]
    return BundleEdges.build(source, target, np.stack([radius, theta], axis=1), transport)


def face_holonomies(connection: Connection) -> np.ndarray:
    """Return ``(F,)`` the angle by which transport around each face (counter-clockwise) turns a vector, in (-pi, pi].

    On a closed surface the holonomies sum to 2 pi chi (Gauss-Bonnet) as long as none exceeds pi.
    """
    rounding = 1e-9  # pi itself, as of the faces of a regular tetrahedron, must not become -pi
    return wrap(connection.transport.reshape(-1, 3).sum(axis=1) - rounding) + rounding
