"""Normals that make curved parts look smooth and keep edges sharp."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def corner_normals(pos: np.ndarray, face: np.ndarray, crease: float = np.pi / 4) -> np.ndarray:
    """
    Return unit normals (F, 3, 3) at the corners of each face.

    Two faces at an edge are smooth if their normals are less than `crease` [rad] apart; a corner's normal is the mean,
    weighted by area, over the faces that are reached from it around its vertex across smooth edges. Faces whose
    orientations disagree are never smooth, so any input is shaded soundly. Faces must have an area.
    """
    F = len(face)
    area_normal = np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]])
    normal = area_normal / np.linalg.norm(area_normal, axis=1, keepdims=True)

    # Half-edge h = 3f + k goes from corner k of face f to the next; equal edges stand side by side once sorted.
    corner = np.arange(3 * F).reshape(F, 3)
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    low, high = np.sort(np.stack([face.ravel()[start], face.ravel()[end]]), axis=0)
    order = np.lexsort((high, low))
    a, b = order[:-1], order[1:]
    beside = (low[a] == low[b]) & (high[a] == high[b])
    a, b = a[beside], b[beside]
    smooth = np.einsum("ed,ed->e", normal[a // 3], normal[b // 3]) > np.cos(crease)
    a, b = a[smooth], b[smooth]

    # Join the corners at either end of a smooth edge.
    swapped = face.ravel()[start[a]] != face.ravel()[start[b]]
    row = np.concatenate([start[a], end[a]])
    column = np.concatenate([np.where(swapped, end[b], start[b]), np.where(swapped, start[b], end[b])])
    graph = coo_array((np.ones(len(row), bool), (row, column)), shape=(3 * F, 3 * F))
    groups, group = connected_components(graph, directed=False)
    total = np.stack([np.bincount(group, np.repeat(area_normal[:, d], 3), minlength=groups) for d in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    # A group that bends all the way round (a thin spike) may cancel: its corners keep the normals of their faces.
    mean = total[group] / np.where(length > 0, length, 1)[group]
    return np.where(length[group] > 0, mean, np.repeat(normal, 3, axis=0)).reshape(F, 3, 3)
