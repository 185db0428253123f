"""The network that finds objects on surfaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from gaugenet.models.detector import Detector
from gaugenet.models.network import label_tuple
from gaugenet.models.vertex_net import VertexNet


class DetectionNet(VertexNet, Detector):
    """Find objects on a mesh or a sample of the sphere, as oriented boxes: an equivariant field ``(V, rep_out.dim)``.

    All features of a U-Net go back to the vertices, where a gated pointwise network sees them beside the input fields.

    Args:
        label_names: names of the classes. unit: half length of a usual box, over the root of the area of a mesh.
        half_turns: labels of classes that a half turn leaves the same. settings: of ``SurfaceNet``.
    """

    may_be_polynomial = False

    def __init__(
        self, label_names: Sequence[str], unit: float, half_turns: Collection[int] = (), **settings: Any
    ) -> None:
        names = label_tuple(label_names, "DetectionNet")
        super().__init__(invariant=False, **settings)
        first = self.unet.reps[0]
        self.code_boxes(names, unit, half_turns, first.group)
        self.head = self.box_head(first + self.rep_in, first * 2)

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the output ``(V, rep_out.dim)`` from features of the trunk and the input fields."""
        return self.head(torch.cat([y, x], dim=1))
