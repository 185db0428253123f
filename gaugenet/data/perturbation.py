"""Perturbed copies of labelled meshes, to see what a network makes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.spatial
import torch
import trimesh
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.mesh.geometry import face_areas

_COARSE = 0.3  # share of the faces that is left
_HOLES, _HOLE_AREA = 5, 0.01  # how many, and the share of the area that each takes
AMOUNTS = {
    "rotate": "no amount",
    "noise": "a number of edge lengths between 0 and 10",
    "coarser": "a share of the faces between 0 and 1",
    "finer": "a number of edge lengths between 0 and 10",
    "holes": "a share of the area between 0 and 1",
}


class Perturbation(BaseTransform):
    """Change a mesh as scans and modelling programs would; labels go along, from the nearest face or vertex.

    * rotate: turned at random in space;
    * noise: vertices moved by normal noise with a standard deviation of ``amount`` mean edge lengths (0.2);
    * coarser: quadric decimation to a share ``amount`` of the faces (0.3);
    * finer: every triangle split into four, and vertices moved in their tangent planes by ``amount`` edge lengths
      (0.1), so that triangles are uneven;
    * holes: five patches removed, each of the faces nearest to a random one, with a share ``amount`` of the area
      (0.01), but one face at least.

    Args:
        kind: one of these. amount: as above. seed: of what is random; every mesh draws the same numbers.

    Raises:
        ValueError: for another kind, or an amount out of range.
    """

    KINDS = ("rotate", "noise", "coarser", "finer", "holes")

    def __init__(self, kind: str, amount: float | None = None, seed: int = 0) -> None:
        if kind not in self.KINDS:
            raise ValueError(f'Perturbation expects one of {", ".join(self.KINDS)}, got "{kind}"')
        usual = {"rotate": 0.0, "noise": 0.2, "coarser": _COARSE, "finer": 0.1, "holes": _HOLE_AREA}
        if amount is not None and (kind == "rotate" or not 0 < amount < (1 if kind in ("coarser", "holes") else 10)):
            raise ValueError(
                f'Perturbation("{kind}") expects {AMOUNTS[kind]}, got amount {amount}: leave it out for the usual one'
            )
        self.kind, self.amount, self.seed = kind, usual[kind] if amount is None else amount, seed

    def forward(self, data: Data) -> Data:
        rng = np.random.default_rng(self.seed)
        pos, face = data.pos.numpy().astype(np.float64), data.face.numpy().T
        change: Callable[..., tuple[np.ndarray, np.ndarray]] = getattr(self, f"_{self.kind}")
        new_pos, new_face = change(pos, face, rng)
        out = data.clone()
        out.pos, out.face = torch.from_numpy(new_pos), torch.from_numpy(np.ascontiguousarray(new_face.T))
        for key, before, after in (
            ("face_label", pos[face].mean(1), new_pos[new_face].mean(1)),
            ("vertex_label", pos, new_pos),
        ):
            label = getattr(data, key, None)
            if label is not None and len(before) != len(after):  # otherwise they are those before, wherever they moved
                out[key] = label[scipy.spatial.cKDTree(before).query(after)[1]]
        return out

    def _rotate(self, pos: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return pos @ scipy.spatial.transform.Rotation.random(random_state=rng).as_matrix().T, face

    def _noise(self, pos: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return pos + self.amount * _mean_edge(pos, face) * rng.normal(size=pos.shape), face

    def _coarser(self, pos: np.ndarray, face: np.ndarray, _: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        whole = trimesh.Trimesh(pos, face, process=False)
        coarse = whole.simplify_quadric_decimation(percent=1.0 - self.amount)
        return np.asarray(coarse.vertices, dtype=np.float64), np.asarray(coarse.faces, dtype=np.int64)

    def _finer(self, pos: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        new_pos, new_face = trimesh.remesh.subdivide(pos, face)
        fine = trimesh.Trimesh(new_pos, new_face, process=False)
        shift = self.amount * _mean_edge(fine.vertices, fine.faces) * rng.normal(size=fine.vertices.shape)
        normal = np.asarray(fine.vertex_normals)
        shift -= (shift * normal).sum(1, keepdims=True) * normal
        return np.asarray(fine.vertices) + shift, np.asarray(fine.faces)

    def _holes(self, pos: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        area = face_areas(pos, face)
        centre, kept = pos[face].mean(1), np.ones(len(face), dtype=bool)
        for _ in range(min(_HOLES, len(face) - 1)):
            left = area * kept
            if not left.sum() > 0:
                break
            middle = rng.choice(len(face), p=left / left.sum())
            order = np.argsort(np.linalg.norm(centre - centre[middle], axis=1))
            order = order[kept[order]]
            kept[order[: max(1, int((np.cumsum(area[order]) <= self.amount * area.sum()).sum()))]] = False
        used, number = np.unique(face[kept], return_inverse=True)
        return pos[used], number.reshape(-1, 3)

    def __repr__(self) -> str:
        return f"Perturbation({self.kind!r}, amount={self.amount}, seed={self.seed})"


def _mean_edge(pos: np.ndarray, face: np.ndarray) -> float:
    return float(np.linalg.norm(pos[face] - pos[np.roll(face, 1, axis=1)], axis=-1).mean())
