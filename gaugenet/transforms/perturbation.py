"""Perturbed copies of labelled meshes, to test how robust a network is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.spatial
import torch
import trimesh
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.io.mesh_data import LABELS, MeshData
from gaugenet.mesh.geometry import face_areas

_HOLES = 5
_Arrays = tuple[np.ndarray, np.ndarray]


class _Kind(NamedTuple):
    """How positions and faces are changed, the usual amount, a bound of amounts, and their description."""

    change: Callable[[np.ndarray, np.ndarray, float, np.random.Generator], _Arrays]
    usual: float
    largest: float
    amounts: str


class Perturbation(BaseTransform):
    """Change a mesh as scans and modelling programs would; labels are those of the nearest face or vertex.

    * rotate: rotated at random in space;
    * noise: vertices moved by normal noise with a standard deviation of ``amount`` mean edge lengths (0.2);
    * coarser: quadric decimation to a share ``amount`` of the faces (0.3);
    * finer: every triangle split into four, and vertices moved in their tangent planes by ``amount`` edge lengths
      (0.1), so that triangles are uneven;
    * holes: five patches removed, each of the faces nearest to a random one, with a share ``amount`` of the area
      (0.01), but at least one face.

    The copy has pos, face, labels and their names. Everything else belongs to the original mesh and is left out:
    bundles, fields, normals.

    Args:
        kind: One of these.
        amount: As above; None for the usual one.
        seed: Seed of the random numbers, the same for every mesh.

    Raises:
        ValueError: For another kind, an amount out of range, or a mesh that would lose all faces.
    """

    __call__: Callable[..., MeshData]

    def __init__(self, kind: str, amount: float | None = None, seed: int = 0) -> None:
        if kind not in KINDS:
            raise ValueError(f'Perturbation expects one of {", ".join(KINDS)}, got "{kind}"')
        known = KINDS[kind]
        if amount is not None and not 0 < amount < known.largest:
            raise ValueError(
                f'Perturbation("{kind}") expects {known.amounts}, got amount {amount}: leave it out for the usual one'
            )
        self.kind, self.amount, self.seed = kind, known.usual if amount is None else amount, seed

    def forward(self, data: Data) -> Data:
        """Return the changed copy of a mesh.

        Args:
            data: With ``pos (V, 3)``, ``face (3, F)`` and possibly labels.
        """
        rng = np.random.default_rng(self.seed)
        pos, face = data.pos.detach().cpu().numpy().astype(np.float64), data.face.cpu().numpy().T
        new_pos, new_face = KINDS[self.kind].change(pos, face, self.amount, rng)
        if not len(new_face):
            raise ValueError(
                f'Perturbation("{self.kind}") leaves none of {len(face)} faces: choose a larger amount than '
                f"{self.amount}"
            )
        out = type(data)(
            pos=torch.from_numpy(new_pos).to(data.pos),
            face=torch.from_numpy(np.ascontiguousarray(new_face.T)).to(data.face.device),
        )
        for key in (*LABELS, "label_names"):
            if key in data:
                out[key] = data[key]
        for key, before, after in (
            ("face_label", pos[face].mean(1), new_pos[new_face].mean(1)),
            ("vertex_label", pos, new_pos),
        ):
            if key in out and len(before) != len(after):  # otherwise they are those before, wherever they moved
                out[key] = data[key][scipy.spatial.cKDTree(before).query(after)[1]]
        return out

    def __repr__(self) -> str:
        return f"Perturbation({self.kind!r}, amount={self.amount}, seed={self.seed})"


def _rotated(pos: np.ndarray, face: np.ndarray, _: float, rng: np.random.Generator) -> _Arrays:
    return pos @ scipy.spatial.transform.Rotation.random(random_state=rng).as_matrix().T, face


def _noisy(pos: np.ndarray, face: np.ndarray, amount: float, rng: np.random.Generator) -> _Arrays:
    return pos + amount * _mean_edge(pos, face) * rng.normal(size=pos.shape), face


def _coarser(pos: np.ndarray, face: np.ndarray, amount: float, _: np.random.Generator) -> _Arrays:
    whole = trimesh.Trimesh(pos, face, process=False)
    coarse = whole.simplify_quadric_decimation(percent=1.0 - amount)
    return np.asarray(coarse.vertices, dtype=np.float64), np.asarray(coarse.faces, dtype=np.int64)


def _finer(pos: np.ndarray, face: np.ndarray, amount: float, rng: np.random.Generator) -> _Arrays:
    new_pos, new_face = trimesh.remesh.subdivide(pos, face)
    fine = trimesh.Trimesh(new_pos, new_face, process=False)
    shift = amount * _mean_edge(fine.vertices, fine.faces) * rng.normal(size=fine.vertices.shape)
    normal = np.asarray(fine.vertex_normals)
    shift -= (shift * normal).sum(1, keepdims=True) * normal
    return np.asarray(fine.vertices) + shift, np.asarray(fine.faces)


def _holed(pos: np.ndarray, face: np.ndarray, amount: float, rng: np.random.Generator) -> _Arrays:
    area = face_areas(pos, face)
    centre, kept = pos[face].mean(1), np.ones(len(face), dtype=bool)
    for _ in range(min(_HOLES, len(face) - 1)):
        left = area * kept
        if not left.sum() > 0:
            break
        middle = rng.choice(len(face), p=left / left.sum())
        order = np.argsort(np.linalg.norm(centre - centre[middle], axis=1))
        order = order[kept[order]]
        kept[order[: max(1, int((np.cumsum(area[order]) <= amount * area.sum()).sum()))]] = False
    used, number = np.unique(face[kept], return_inverse=True)
    return pos[used], number.reshape(-1, 3)


def _mean_edge(pos: np.ndarray, face: np.ndarray) -> float:
    return float(np.linalg.norm(pos[face] - pos[np.roll(face, 1, axis=1)], axis=-1).mean())


KINDS = {
    "rotate": _Kind(_rotated, 0.0, 0.0, "no amount"),
    "noise": _Kind(_noisy, 0.2, 10.0, "a number of edge lengths between 0 and 10"),
    "coarser": _Kind(_coarser, 0.3, 1.0, "a share of the faces between 0 and 1"),
    "finer": _Kind(_finer, 0.1, 10.0, "a number of edge lengths between 0 and 10"),
    "holes": _Kind(_holed, 0.01, 1.0, "a share of the area between 0 and 1"),
}
