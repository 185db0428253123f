"""Tangent frames and the discrete Levi-Civita connection of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugenet.mesh.geometry import corner_angles, some_tangents, vertex_normals
from gaugenet.mesh.halfedge import HalfEdges, half_edges, polar_angles
from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.edges import BundleEdges, wrap


@dataclass(frozen=True)
class Connection:
    """Frames, polar angles of edges and their transport on a clean mesh.

    Attributes:
        frame: ``(V, 3, 3)`` rows e1, e2, n.
        edges: Half-edges of the mesh.
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

    Args:
        mesh: Clean, oriented mesh.
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


def vertex_frames(
    pos: np.ndarray, normal: np.ndarray, edges: HalfEdges, outgoing: np.ndarray, incoming: np.ndarray
) -> np.ndarray:
    """Return right-handed frames ``(V, 3, 3)``, rows e1, e2, n, that fit the polar angles of the edges.

    Projected on the tangent plane, the edges at a vertex do not lie exactly at their scaled polar angles. e1 is where
    the mean difference, arg sum_ij exp(i (projected angle - polar angle)), is 0: a tangent vector is then one vector in
    space, whichever edge polar angles start from. Where all projections vanish, and at isolated vertices, e1 is the
    coordinate axis furthest from n.

    Args:
        pos: ``(V, 3)`` positions [mesh unit].
        normal: ``(V, 3)`` unit normals.
        edges: Half-edges of the mesh.
        outgoing: ``(3F,)`` polar angles of half-edges at their start [rad].
        incoming: ``(3F,)`` polar angles of boundary half-edges at their end [rad].
    """
    e1 = some_tangents(normal)
    e2 = np.cross(normal, e1)
    single = edges.twin < 0  # a boundary edge has one half-edge, and counts at its end too
    here, there = np.r_[edges.start, edges.end[single]], np.r_[edges.end, edges.start[single]]
    way = pos[there] - pos[here]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    projected = (way * e1[here]).sum(axis=1) + 1j * (way * e2[here]).sum(axis=1)
    ahead = projected * np.exp(-1j * np.r_[outgoing, incoming[single]])
    total = np.bincount(here, ahead.real, len(pos)) + 1j * np.bincount(here, ahead.imag, len(pos))
    turn = np.where(np.abs(total) > 1e-9, total, 1.0)
    turn /= np.abs(turn)
    e1, e2 = (turn.real[:, None] * a + turn.imag[:, None] * b for a, b in ((e1, e2), (e2, -e1)))
    return np.stack([e1, e2, normal], axis=1)


def one_ring(mesh: Mesh, connection: Connection) -> BundleEdges:
    """Return the edges of the mesh in both directions, at boundaries too, with edge lengths as radii.

    Args:
        mesh: Clean, oriented mesh.
        connection: Its connection.
    """
    start, end = connection.edges.start, connection.edges.end
    length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
    single = connection.edges.twin < 0  # a boundary edge has one half-edge: add the other direction
    source = np.r_[end, start[single]]
    target = np.r_[start, end[single]]
    radius = np.r_[length, length[single]]
    theta = np.r_[connection.angle[:, 0], connection.angle[single, 1]]
    transport = np.r_[-connection.transport, connection.transport[single]]
    return BundleEdges.build(source, target, np.stack([radius, theta], axis=1), transport)


def face_holonomies(connection: Connection) -> np.ndarray:
    """Return ``(F,)`` the angle by which transport around each face (counter-clockwise) turns a vector, in (-pi, pi].

    On a closed surface the holonomies sum to 2 pi chi (Gauss-Bonnet) as long as none exceeds pi.

    Args:
        connection: Connection of an oriented mesh.
    """
    rounding = 1e-9  # pi itself, as of the faces of a regular tetrahedron, must not become -pi
    return wrap(connection.transport.reshape(-1, 3).sum(axis=1) - rounding) + rounding
