"""The segmentation network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison, compare_labels, labelled_place
from gaugenet.models.network import label_tuple
from gaugenet.models.part_boundaries import bounded_labels
from gaugenet.models.vertex_net import VertexNet
from gaugenet.representation import Representation

OUTPUTS = ("face", "vertex", "both")


class Logits(NamedTuple):
    """Scores of the labels: ``face (F, L)`` and ``vertex (V, L)``."""

    face: Tensor
    vertex: Tensor


class SegmentationNet(VertexNet):
    """Label the faces or vertices of a mesh.

    Invariants of a U-Net go back to the vertices, where a pointwise head sees them beside the input fields; a face has
    the mean of its corners. The scores are invariant. Labels of faces are not just the best scores: boundaries between
    them are short and follow concave creases (``bounded_labels``).

    Args:
        label_names: names of the labels. output: "face", "vertex" or "both".
        boundary: what a boundary costs against the scores of faces; 0 gives each face its best label.
        settings: of ``SurfaceNet``.
    """

    def __init__(
        self, label_names: Sequence[str], output: str = "face", boundary: float = 0.05, **settings: Any
    ) -> None:
        if output not in OUTPUTS:
            raise ValueError(f'output must be one of {", ".join(OUTPUTS)}, got "{output}"')
        names = label_tuple(label_names, "SegmentationNet")
        if not 0 <= boundary < float("inf"):
            raise ValueError(f"SegmentationNet expects a boundary >= 0, got {boundary}")
        super().__init__(invariant=True, **settings)
        self.label_names, self.output, self.boundary = names, output, boundary
        self.config |= {"label_names": list(names), "output": output, "boundary": boundary}
        self.rep_out = Representation.invariants(len(names), self.rep_in.group)
        self.head = self.invariant_head(len(names))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the logits ``(V, L)`` of vertices from the invariants of the trunk and the input fields."""
        return self.head(torch.cat([y, self.rep_in.invariant_part(x)], dim=1))

    def outputs(self, vertex: Tensor, data: Data) -> Tensor | Logits:
        """Return logits of vertices as what the network was asked for: a face has the mean of its corners."""
        if self.output == "vertex":
            return vertex
        # The gradient of indexing, vertex[data.face], adds in whatever order threads come; this one in a fixed one.
        face = vertex.index_select(0, data.face.flatten()).unflatten(0, data.face.shape).mean(dim=0)
        return face if self.output == "face" else Logits(face, vertex)

    def compared(self, data: Data) -> Comparison:
        """Return scores beside ``face_label``, or ``vertex_label`` where the output or the data has no faces."""
        at = labelled_place(data, *(("face", "vertex") if self.output == "both" else (self.output,)))
        scores = self(data)
        return compare_labels(getattr(scores, at) if isinstance(scores, Logits) else scores, data, at)

    def segment(self, data: Data) -> Tensor:
        """Return the label of each face ``(F,)``, or of each vertex ``(V,)`` if that is the network's output.

        ``data`` is a mesh, or what ``transform`` made of one. Labels index ``label_names``.
        """
        return self.labels(self.evaluated(data), data)

    def labels(self, logits: Tensor | Logits, data: Data) -> Tensor:
        """Return the labels of faces, or of vertices where there are no scores of faces, from what the network gave."""
        if isinstance(logits, Logits):
            logits = logits.face
        elif self.output == "vertex":
            return logits.argmax(dim=-1)
        # Fields that do not know the sides of a surface give no labels that do; nor do a user's own under reflections.
        fields = self.field_transform
        sides = fields.oriented if fields is not None else not self.rep_in.group.reflections
        return bounded_labels(logits, data, self.boundary, sides)
