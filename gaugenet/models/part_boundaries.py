"""Labels of faces from their scores, with boundaries that follow the creases between parts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.graph_cut import crease_costs, potts_labels
from gaugenet.mesh.repair import repair_mesh

# Labels whose -log p exceeds the smallest one by more are not considered.
_RULED_OUT = 3.5


def bounded_labels(logits: Tensor, data: Data, boundary: float, sides: bool = True) -> Tensor:
    """Return labels ``(F,)`` that balance scores against the cost of boundaries, by graph cuts.

    The energy is the mean over the area of -log p, p the softmax of the scores, plus ``boundary`` times the length of
    all edges between two labels in units of sqrt(area), concave ones at a discount (``crease_costs``; after Shapira,
    Shamir & Cohen-Or 2008 and Kalogerakis, Hertzmann & Singh 2010). No face gets a label of less than 3 % of the
    probability of its best one. Motions, size and numbering do not change it, nor
    do faces that run the wrong way: they are oriented as by ``clean_mesh``.

    Args:
        logits: ``(F, L)``. data: pos, face, and batch of several meshes. boundary: 0 gives each face its best label.
        sides: whether it matters which side is outside; without, creases are cheap whichever way they bend.

    Raises:
        ValueError: another number of scores than faces, or scores or positions that are not finite; -inf may be a
            score, of a label that the face cannot have.
    """
    if len(logits) != data.face.shape[1]:
        raise ValueError(f"bounded_labels expects scores of {data.face.shape[1]} faces, got {len(logits)} rows")
    pos, face = data.pos.detach().cpu().numpy().astype(np.float64), data.face.detach().cpu().numpy().T
    surprise = -torch.log_softmax(logits.detach().double(), dim=1).cpu().numpy()
    for name, wrong in (("scores", np.isnan(surprise)), ("positions", ~np.isfinite(pos))):
        if wrong.any():
            raise ValueError(f"bounded_labels expects finite {name}, got NaN or inf: look at what made them")
    if boundary == 0:
        return logits.argmax(dim=1)
    batch = getattr(data, "batch", None)
    of = np.zeros(len(face), dtype=np.int64) if batch is None else batch.cpu().numpy()[face[:, 0]]
    area = face_areas(pos, face)
    whole = np.maximum(np.bincount(of, area), np.finfo(float).tiny)[of]  # of the mesh of each face
    ruled_out = surprise > surprise.min(axis=1, keepdims=True) + _RULED_OUT
    cost = np.where(ruled_out, 0.0, surprise) * (area / whole)[:, None]
    cost[ruled_out] = np.inf
    repair = repair_mesh(pos, face)
    face = face.copy()
    face[repair.kept] = repair.face  # faces that are set aside stay as they are
    pair, length = crease_costs(pos, face, sides)
    label = potts_labels(cost, pair, boundary * length / np.sqrt(whole[pair[:, 0]]))
    return torch.from_numpy(label).to(logits.device)
