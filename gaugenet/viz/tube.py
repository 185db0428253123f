"""Lines in space as thin tubes of triangles, which a renderer of meshes can draw."""

import numpy as np

SIDES = 6


def tubes(line: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return vertices (V, 3), faces (F, 3) and the line (F,) of each face of tubes along lines (N, K, 3).

    Each piece between two points is a prism with SIDES sides, reaching a radius beyond its ends, so that bends close.
    Pieces with a point that is not finite, or without a length, are left out.
    """
    start, end = line[:, :-1].reshape(-1, 3), line[:, 1:].reshape(-1, 3)
    owner = np.repeat(np.arange(len(line)), line.shape[1] - 1)
    length = np.linalg.norm(end - start, axis=1)
    good = np.isfinite(length) & (length > 0)
    start, end, owner = start[good], end[good], owner[good]
    along = (end - start) / length[good, None]
    e1 = np.cross(along, np.eye(3)[np.abs(along).argmin(axis=1)])
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    e2 = np.cross(along, e1)
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    ring = radius * (np.cos(angle)[:, None] * e1[:, None] + np.sin(angle)[:, None] * e2[:, None])
    beyond = 0.5 * radius * along[:, None]
    vertex = np.concatenate([start[:, None] - beyond + ring, end[:, None] + beyond + ring], axis=1)  # (P, 2 SIDES, 3)
    k = np.arange(SIDES)
    after = (k + 1) % SIDES
    side = np.concatenate([np.stack([k, after, after + SIDES], 1), np.stack([k, after + SIDES, k + SIDES], 1)])
    cap = np.stack([np.zeros(SIDES - 2, int), k[1:-1], k[2:]], axis=1)
    prism = np.concatenate([side, cap[:, ::-1], cap + SIDES])
    face = prism[None] + 2 * SIDES * np.arange(len(vertex))[:, None, None]
    return vertex.reshape(-1, 3), face.reshape(-1, 3), np.repeat(owner, len(prism))
