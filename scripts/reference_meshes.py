"""Small meshes whose topology is known, and closed meshes broken in one known way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import trimesh

MeshArrays = tuple[np.ndarray, np.ndarray]  # positions (V, 3), faces (F, 3)


def tetrahedron() -> MeshArrays:
    pos = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], float)
    return pos, np.array([(0, 1, 2), (0, 2, 3), (0, 3, 1), (1, 3, 2)])


def icosphere(level: int = 3) -> MeshArrays:
    sphere = trimesh.creation.icosphere(subdivisions=level)
    return np.asarray(sphere.vertices), np.asarray(sphere.faces)


def torus() -> MeshArrays:
    """A grid of 32 x 16 cells whose first and last rows lie on each other: merging leaves 512 of 561 vertices."""
    u, v = angles(33, 32)[:, None], angles(17, 16)[None, :]
    ring = 1.0 + 0.4 * np.cos(v)
    pos = np.stack([ring * np.cos(u), ring * np.sin(u), 0.4 * np.sin(v) + 0.0 * u], axis=-1)
    return pos.reshape(-1, 3), grid_faces(32, 16, lambda i, j: 17 * i + j)


def cylinder() -> MeshArrays:
    """Radius 1, height 2, open at both ends."""
    u, height = angles(32, 32)[:, None], np.linspace(-1.0, 1.0, 9)[None, :]
    pos = np.stack([np.cos(u) + 0.0 * height, np.sin(u) + 0.0 * height, height + 0.0 * u], axis=-1)
    return pos.reshape(-1, 3), grid_faces(32, 8, lambda i, j: 9 * (i % 32) + j)


def moebius() -> MeshArrays:
    """A strip of width 0.8 around the unit circle with half a twist."""
    u, across = angles(40, 40)[:, None], np.linspace(-0.4, 0.4, 5)[None, :]
    ring = 1.0 + across * np.cos(u / 2.0)
    pos = np.stack([ring * np.cos(u), ring * np.sin(u), across * np.sin(u / 2.0)], axis=-1)
    # After one turn the strip comes back upside down.
    return pos.reshape(-1, 3), grid_faces(40, 4, lambda i, j: 5 * (i % 40) + (j if i < 40 else 4 - j))


def klein() -> MeshArrays:
    """A Klein bottle: a figure eight carried around a circle with half a twist; it crosses itself, at no vertex."""
    u, v = angles(24, 24)[:, None], angles(16, 16, offset=0.5)[None, :]
    wide, high = np.sin(v), np.sin(2.0 * v)
    ring = 2.0 + np.cos(u / 2.0) * wide - np.sin(u / 2.0) * high
    pos = np.stack([ring * np.cos(u), ring * np.sin(u), np.sin(u / 2.0) * wide + np.cos(u / 2.0) * high], axis=-1)
    return pos.reshape(-1, 3), grid_faces(24, 16, lambda i, j: 16 * (i % 24) + (j % 16 if i < 24 else 15 - j % 16))


def two_spheres() -> MeshArrays:
    """Spheres of radius 1 and 0.5 that do not touch."""
    pos, face = icosphere(1)
    return np.concatenate([pos, 0.5 * pos + (2.0, 0.0, 0.0)]), np.concatenate([face, face + len(pos)])


def angles(samples: int, period: int, offset: float = 0.0) -> np.ndarray:
    """Return `samples` angles, `period` a turn; the angle of a whole turn is exactly 0 again."""
    return 2.0 * np.pi * ((np.arange(samples) + offset) % period) / period


def grid_faces(rows: int, columns: int, vertex: Callable[[int, int], int]) -> np.ndarray:
    cells = [[vertex(i + di, j + dj) for di, dj in ((0, 0), (1, 0), (1, 1), (0, 1))]
             for i in range(rows) for j in range(columns)]  # fmt: skip
    return np.array([triangle for a, b, c, d in cells for triangle in ((a, b, c), (a, c, d))])


def octahedron() -> MeshArrays:
    """An octahedron, each face divided into four: 18 vertices at integers, 32 equal faces; the base of what follows."""
    corner = np.vstack([2.0 * np.eye(3), -2.0 * np.eye(3)])
    face = [(x, y, z) if (x + y + z) % 2 else (x, z, y) for x in (0, 3) for y in (1, 4) for z in (2, 5)]
    return trimesh.remesh.subdivide(corner, np.array(face))


def nonmanifold_edge() -> MeshArrays:
    pos, face = octahedron()
    a, b, _ = face[0]
    return np.vstack([pos, pos[a] + pos[b]]), np.vstack([face, (a, b, len(pos))])


def bowtie_vertex() -> MeshArrays:
    """Two octahedra that share vertex 0 and nothing else."""
    pos, face = octahedron()
    second = np.where(face == 0, 0, face + len(pos) - 1)
    half_turn = pos[1:] * (-1.0, -1.0, 1.0) + (4.0, 0.0, 0.0)  # about z: keeps the orientation
    return np.vstack([pos, half_turn]), np.vstack([face, second])


def degenerate_face() -> MeshArrays:
    pos, face = octahedron()
    return pos, np.vstack([face, (face[0, 0], face[0, 1], face[0, 1])])


def zero_area_face() -> MeshArrays:
    """An edge that only one of its faces halves: three corners on one line close the gap."""
    pos, face = octahedron()
    (a, b, c), middle = face[0], len(pos)
    face = np.vstack([face[1:], (a, middle, c), (middle, b, c), (a, b, middle)])
    return np.vstack([pos, (pos[a] + pos[b]) / 2.0]), face


def duplicate_face() -> MeshArrays:
    pos, face = octahedron()
    return pos, np.vstack([face, face[:1]])


def isolated_vertex() -> MeshArrays:
    pos, face = octahedron()
    return np.vstack([pos, (3.0, 3.0, 3.0)]), face


def flipped_faces() -> MeshArrays:
    pos, face = octahedron()
    face[4::5] = face[4::5, ::-1]
    return pos, face


def nan_vertex() -> MeshArrays:
    pos, face = octahedron()
    pos[7, 1] = np.nan
    return pos, face


def no_faces() -> MeshArrays:
    pos, face = octahedron()
    return pos, face[:0]


def index_out_of_range() -> MeshArrays:
    pos, face = octahedron()
    face[31, 2] = 99
    return pos, face
