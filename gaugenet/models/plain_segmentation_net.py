"""The network that labels the points of the sphere and is not equivariant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.grid_segmenter import GridSegmenter
from gaugenet.models.plain_net import PlainNet


class PlainSegmentationNet(PlainNet, GridSegmenter):
    """Label the points of a grid on the sphere by convolutions of its image: scores ``(B V, L)``.

    Args:
        label_names: names of the labels. settings: of ``PlainNet``.
    """

    def __init__(self, label_names: Sequence[str], **settings: Any) -> None:
        super().__init__(**settings)
        self.name_labels(label_names)
        self.head = nn.Linear(self.config["widths"][0], len(label_names))

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B V, L)`` at the points of B fields, ``data.x (B V, rep_in.dim)``."""
        return self.head(self.decode(self.encode(self.inputs(data)))).flatten(0, 1)
