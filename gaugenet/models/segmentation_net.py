"""The segmentation network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

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
    the mean of its corners. The scores are invariant.

    Args:
        label_names: names of the labels. output: "face", "vertex" or "both". settings: of ``SurfaceNet``.
    """

    def __init__(self, label_names: Sequence[str], output: str = "face", **settings: Any) -> None:
        if output not in OUTPUTS:
            raise ValueError(f'output must be one of {", ".join(OUTPUTS)}, got "{output}"')
        if not label_names:
            raise ValueError("SegmentationNet needs at least one label name, got none")
        super().__init__(invariant=True, **settings)
        self.label_names, self.output = tuple(label_names), output
        self.config |= {"label_names": list(label_names), "output": output}
        self.rep_out = Representation.invariants(len(label_names), self.rep_in.group)
        self.head = self.invariant_head(len(label_names))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the logits ``(V, L)`` of vertices from the invariants of the trunk and the input fields."""
        return self.head(torch.cat([y, self.rep_in.invariant_part(x)], dim=1))

    def outputs(self, vertex: Tensor, data: Data) -> Tensor | Logits:
        """Return logits of vertices as what the network was asked for: a face has the mean of its corners."""
        if self.output == "vertex":
            return vertex
        face = vertex[data.face].mean(dim=0)
        return face if self.output == "face" else Logits(face, vertex)

    def segment(self, data: Data) -> Tensor:
        """Return the label of each face ``(F,)``, or of each vertex ``(V,)`` if that is the network's output.

        ``data`` is a mesh, or what ``transform`` made of one. Labels index ``label_names``.
        """
        return self.labels(self.evaluated(data))

    @staticmethod
    def labels(logits: Tensor | Logits) -> Tensor:
        """Return the best label of each face, or of each vertex where there are no scores of faces."""
        return (logits.face if isinstance(logits, Logits) else logits).argmax(dim=-1)
