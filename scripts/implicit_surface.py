"""Triangulate the smooth union of tapered capsules by an even, closed, oriented mesh.

Only sums, products and square roots touch the coordinates. Processors round these alike (sines they do not), so that
the same bones give the same bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from skimage.measure import marching_cubes

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Bone:
    """A capsule from `start` to `end` whose radius goes linearly from `radius[0]` to `radius[1]`.

    `part` is the label of the surface around it. Bones of one `limb` may touch each other.
    """

    part: str
    limb: str
    start: Point
    end: Point
    radius: tuple[float, float]

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return the signed distance |p - a - t (b - a)| - r(t), t clamped to [0, 1]; points (..., 3) -> (...)."""
        offset = [points[..., axis] - self.start[axis] for axis in range(3)]
        span = [end - start for start, end in zip(self.start, self.end)]
        along = offset[0] * span[0] + offset[1] * span[1] + offset[2] * span[2]
        t = np.clip(along / (span[0] ** 2 + span[1] ** 2 + span[2] ** 2), 0.0, 1.0)
        x, y, z = (o - t * s for o, s in zip(offset, span))
        return np.sqrt(x * x + y * y + z * z) - (self.radius[0] + t * (self.radius[1] - self.radius[0]))


def smooth_union(bones: Sequence[Bone], points: np.ndarray, blend: float) -> np.ndarray:
    """Return the signed distances (...) of points (..., 3) to the union, its creases rounded over the width `blend`.

    min(a, b) - blend / 6 · max(1 - |a - b| / blend, 0)³, folded over the bones.
    """
    distance = bones[0].distance(points)
    for bone in bones[1:]:
        other = bone.distance(points)
        overlap = np.maximum(1.0 - np.abs(distance - other) / blend, 0.0)
        distance = np.minimum(distance, other) - (blend / 6.0) * overlap * overlap * overlap
    return distance


def triangulate(bones: Sequence[Bone], vertices: int, cell: float, blend: float) -> tuple[np.ndarray, np.ndarray]:
    """Return pos (V, 3) float64 and face (F, 3) int64 of the surface, with V = `vertices` and normals outwards."""
    corners = np.array([p for bone in bones for p in (bone.start, bone.end)])
    margin = max(max(bone.radius) for bone in bones) + blend + 2.0 * cell
    low = np.floor((corners.min(axis=0) - margin) / cell).astype(int)
    high = np.ceil((corners.max(axis=0) + margin) / cell).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(a, b + 1) * cell for a, b in zip(low, high)), indexing="ij"), axis=-1)
    pos, face, _, _ = marching_cubes(smooth_union(bones, grid, blend).astype(np.float32), 0.0)
    pos, face = pos.astype(np.float64) * cell + low * cell, face.astype(np.int64)
    if np.einsum("fi,fi->", pos[face[:, 0]], np.cross(pos[face[:, 1]], pos[face[:, 2]])) < 0.0:
        face = face[:, ::-1]  # six times the enclosed volume is negative: the normals point inwards
    pos, face = collapse_short_edges(pos, face, vertices)
    for _ in range(10):
        face = flip_to_delaunay(pos, face)
        pos = relax(bones, pos, face, blend)
    return pos, flip_to_delaunay(pos, face)


def collapse_short_edges(pos: np.ndarray, face: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Collapse the shortest edge to its midpoint until `vertices` are left.

    An edge goes only if its ends share exactly two neighbours: the surface stays the same manifold.
    """
    point, corner = pos.tolist(), face.tolist()
    faces_at: list[set[int]] = [set() for _ in point]
    for f, triangle in enumerate(corner):
        for v in triangle:
            faces_at[v].add(f)
    version = [0] * len(point)

    def neighbours(v: int) -> set[int]:
        return {w for f in faces_at[v] for w in corner[f]} - {v}

    def entry(u: int, v: int) -> tuple[float, int, int, int, int]:
        return sum((a - b) ** 2 for a, b in zip(point[u], point[v])), u, v, version[u], version[v]

    queue = [entry(u, v) for u in range(len(point)) for v in neighbours(u) if u < v]
    heapq.heapify(queue)
    left = len(point)
    while left > vertices and queue:
        _, u, v, version_u, version_v = heapq.heappop(queue)
        if (version[u], version[v]) != (version_u, version_v):
            continue
        if len(neighbours(u) & neighbours(v)) != 2 or len(neighbours(u) | neighbours(v)) > 11:
            continue
        for f in faces_at[u] & faces_at[v]:
            for w in corner[f]:
                faces_at[w].discard(f)
            corner[f] = []
        for f in faces_at[v]:
            corner[f] = [u if w == v else w for w in corner[f]]
        faces_at[u] |= faces_at[v]
        faces_at[v] = set()
        point[u] = [(a + b) / 2.0 for a, b in zip(point[u], point[v])]
        version[u], version[v], left = version[u] + 1, -1, left - 1
        for w in neighbours(u):
            heapq.heappush(queue, entry(min(u, w), max(u, w)))
    kept, renumbered = np.unique([triangle for triangle in corner if triangle], return_inverse=True)
    return np.array(point)[kept], renumbered.reshape(-1, 3)


def flip_to_delaunay(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Flip edges until the angles opposite to each sum to at most pi; the surface is closed and manifold."""
    face = face.copy()
    for _ in range(20):
        # Half-edge 3 f + c runs from corner c + 1 to corner c + 2 of face f, opposite to corner c.
        tail, head = np.roll(face, -1, axis=1).ravel(), np.roll(face, -2, axis=1).ravel()
        keys = np.minimum(tail, head) * len(pos) + np.maximum(tail, head)
        order = np.argsort(keys, kind="stable").reshape(-1, 2)
        side_a, side_b = pos[tail] - pos[face.ravel()], pos[head] - pos[face.ravel()]
        cross = np.cross(side_a, side_b)
        cotangent = (side_a * side_b).sum(axis=1) / np.sqrt((cross * cross).sum(axis=1))
        edges, touched, flips = set(keys.tolist()), set(), 0
        for one, two in order[cotangent[order].sum(axis=1) < -1e-9].tolist():
            f, g, a, b = one // 3, two // 3, int(face[one // 3, one % 3]), int(face[two // 3, two % 3])
            key = min(a, b) * len(pos) + max(a, b)
            if f in touched or g in touched or key in edges:
                continue
            u, v = int(tail[one]), int(head[one])
            face[f], face[g] = (a, u, b), (b, v, a)
            touched |= {f, g}
            edges.add(key)
            flips += 1
        if flips == 0:
            break
    return face


def relax(bones: Sequence[Bone], pos: np.ndarray, face: np.ndarray, blend: float) -> np.ndarray:
    """Move each vertex half-way to the mean of its neighbours along the surface, then back onto the surface."""
    tail, head = face.ravel(), np.roll(face, -1, axis=1).ravel()
    adjacency = coo_array((np.ones(len(tail)), (tail, head)), shape=(len(pos), len(pos))).tocsr()
    mean = (adjacency @ pos) / adjacency.sum(axis=1)[:, None]
    normal, _ = normal_and_height(bones, pos, blend)
    step = mean - pos
    pos = pos + 0.5 * (step - (step * normal).sum(axis=1, keepdims=True) * normal)
    for _ in range(2):
        normal, height = normal_and_height(bones, pos, blend)
        pos = pos - height[:, None] * normal
    return pos


def normal_and_height(bones: Sequence[Bone], pos: np.ndarray, blend: float) -> tuple[np.ndarray, np.ndarray]:
    """Return unit normals (V, 3) and heights (V,) above the surface to first order: distance / |its gradient|."""
    step = 1e-4
    ahead = pos[:, None, :] + step * np.eye(3)
    behind = pos[:, None, :] - step * np.eye(3)
    gradient = (smooth_union(bones, ahead, blend) - smooth_union(bones, behind, blend)) / (2.0 * step)
    norm = np.sqrt((gradient * gradient).sum(axis=1))
    return gradient / norm[:, None], smooth_union(bones, pos, blend) / norm
