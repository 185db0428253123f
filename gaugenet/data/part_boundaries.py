"""Labels of faces from their scores, with boundaries that follow the creases between parts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.mesh.crease import crease_costs
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.graph_cut import potts_labels

# Labels whose -log p exceeds the smallest one by more are not considered.
_RULED_OUT = 3.5


def bounded_labels(logits: Tensor, data: Data, boundary: float) -> Tensor:
    """Return labels ``(F,)`` that balance scores against the cost of boundaries, by graph cuts.

    The energy is the mean over the area of -log p, p the softmax of the scores, plus ``boundary`` times the length of
    all edges between two labels in units of sqrt(area), concave ones at a discount (``crease_costs``; after Shapira,
    Shamir & Cohen-Or 2008 and Kalogerakis, Hertzmann & Singh 2010). No face gets a label of less than 3 % of the
    probability of its best one. Motions, size and numbering do not change it.

    Args:
        logits: ``(F, L)``. data: pos, face, and batch of several meshes. boundary: 0 gives each face its best label.
    """
    if boundary == 0:
        return logits.argmax(dim=1)
    pos, face = data.pos.detach().cpu().numpy().astype(np.float64), data.face.detach().cpu().numpy().T
    batch = getattr(data, "batch", None)
    of = np.zeros(len(face), dtype=np.int64) if batch is None else batch.cpu().numpy()[face[:, 0]]
    area = face_areas(pos, face)
    whole = np.maximum(np.bincount(of, area), np.finfo(float).tiny)[of]  # of the mesh of each face
    surprise = -torch.log_softmax(logits.detach().double(), dim=1).cpu().numpy()
    ruled_out = surprise > surprise.min(axis=1, keepdims=True) + _RULED_OUT
    cost = np.where(ruled_out, np.inf, surprise * (area / whole)[:, None])
    pair, length = crease_costs(pos, face)
    label = potts_labels(cost, pair, boundary * length / np.sqrt(whole[pair[:, 0]]))
    return torch.from_numpy(label).to(logits.device)
