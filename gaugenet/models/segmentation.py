"""The network that labels the parts of a shape, and labels whose boundaries follow the creases between parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.mesh.crease import crease_costs
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.graph_cut import potts_labels
from gaugenet.mesh.repair import repair_mesh
from gaugenet.models.comparison import Comparison, compare_labels, labelled_place
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.network import Logits, Network, label_tuple
from gaugenet.models.trunk import Trunk
from gaugenet.representation import Representation

OUTPUTS = ("face", "vertex", "both")
# Labels whose -log p exceeds the smallest one by more are not considered.
_RULED_OUT = 3.5


class SegmentationNet(Network["Tensor | Logits"]):
    """Label the faces or vertices of a mesh, or the points of a grid.

    Scores are invariant; a face has the mean of its corners. Labels of faces are not just the best scores: boundaries
    between them are short and follow concave creases (``bounded_labels``).

    Args:
        label_names: Names of the labels.
        output: "face", "vertex" or "both"; by default "face", and "vertex" where points have no faces.
        boundary: Cost of boundaries against the scores of faces; 0 gives each face its best label.
        trunk: What turns input fields into features, such as ``HarmonicTrunk()``; by default a ``GaugeTrunk``.
        settings: Arguments of ``GaugeTrunk``, by name, where ``trunk`` is not given.

    Raises:
        ValueError: If an argument is out of range, or faces are asked for where there are none.
    """

    def __init__(
        self,
        label_names: Sequence[str],
        output: str | None = None,
        boundary: float = 0.05,
        *,
        trunk: Trunk | None = None,
        **settings: Unpack[GaugeSettings],
    ) -> None:
        if output not in (None, *OUTPUTS):
            raise ValueError(f'output must be one of {", ".join(OUTPUTS)}, got "{output}"')
        names = label_tuple(label_names, type(self).__name__)
        if not 0 <= boundary < float("inf"):
            raise ValueError(f"SegmentationNet expects a boundary >= 0, got {boundary}")
        trunk = self.chosen(trunk, settings)
        if output not in (None, "vertex") and trunk.on_grid:
            raise ValueError(f'points of a grid have no faces, got output="{output}": use output="vertex"')
        super().__init__(trunk)
        self.label_names, self.boundary = names, boundary
        self.output = output or ("vertex" if trunk.on_grid else "face")
        self.config |= {"label_names": list(names)}
        self.config |= {} if trunk.on_grid else {"output": self.output, "boundary": boundary}
        self.rep_out = Representation.invariants(len(names), trunk.group)
        self.readout = trunk.invariants(len(names))

    def outputs(self, values: Tensor, data: Data) -> Tensor | Logits:
        """Return the scores that the network was asked for: a face has the mean of its corners.

        Args:
            values: ``(V, L)`` scores of vertices.
            data: What the network ran on.
        """
        if self.output == "vertex":
            return values
        # The gradient of indexing, values[data.face], adds in whatever order threads come; this one in a fixed one.
        face = values.index_select(0, data.face.flatten()).unflatten(0, data.face.shape).mean(dim=0)
        return face if self.output == "face" else Logits(face, values)

    def compared(self, data: Data) -> Comparison:
        """Return scores of ``data`` with its ``face_label``, or ``vertex_label`` if there are no faces in either."""
        at = labelled_place(data, *(("face", "vertex") if self.output == "both" else (self.output,)))
        scores = self(data)
        if isinstance(scores, Logits):
            scores = scores.face if at == "face" else scores.vertex
        return self.trunk.counted(compare_labels(scores, data, at))

    def segment(self, data: Data) -> Tensor:
        """Return the label of each face ``(F,)``, or of each vertex or point ``(V,)`` if that is the output.

        Args:
            data: A shape, or what ``transform`` made of one.

        Returns:
            Numbers of labels, which index ``label_names``.
        """
        return self.labels(self.evaluated(data), data)

    def labels(self, scores: Tensor | Logits, data: Data) -> Tensor:
        """Return the labels of faces, or of vertices where faces have no scores.

        Args:
            scores: The output.
            data: What the network ran on.
        """
        if self.output == "vertex" and not isinstance(scores, Logits):
            return scores.argmax(dim=-1)
        # Fields that do not know the sides of a surface give no labels that do; nor do a user's own under reflections.
        fields = self.field_transform
        sides = fields.oriented if fields is not None else not self.rep_in.group.reflections
        return bounded_labels(scores.face if isinstance(scores, Logits) else scores, data, self.boundary, sides)


def bounded_labels(logits: Tensor, data: Data, boundary: float, sides: bool = True) -> Tensor:
    """Return labels of faces that balance scores against the cost of boundaries, by graph cuts.

    The energy is the mean over the area of -log p, p the softmax of the scores, plus ``boundary`` times the length of
    all edges between two labels over sqrt(area), concave ones at a discount (``crease_costs``; after Shapira, Shamir &
    Cohen-Or 2008 and Kalogerakis, Hertzmann & Singh 2010). No face gets a label of less than 3 % of the probability of
    its best one. Motions, size and numbering do not change the labels, nor do faces of the wrong orientation, which are
    oriented as by ``clean_mesh``.

    Args:
        logits: ``(F, L)`` scores; -inf for a label that the face cannot have.
        data: One mesh (pos, face), or a batch of several.
        boundary: Cost of boundaries; 0 gives each face its best label.
        sides: Whether it matters which side is outside; if not, creases are cheap whichever way they bend.

    Returns:
        Labels ``(F,)``.

    Raises:
        ValueError: If the number of scores is not that of faces, or scores or positions are not finite.
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
