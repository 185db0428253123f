"""The network that tells fields on the sphere apart and is not equivariant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.classifier import Classifier
from gaugenet.models.plain_net import PlainNet


class PlainClassificationNet(PlainNet, Classifier):
    """Say what a field on the sphere shows by convolutions of its image: scores ``(B, L)``.

    A small network reads the means and the largest values of the features of the last level over its pixels.

    Args:
        label_names: names of the classes. hidden: width of the small network. widths, settings: of ``PlainNet``.
    """

    has_way_up = False

    def __init__(
        self, label_names: Sequence[str], *, hidden: int = 128, widths: Sequence[int] = (40, 72, 128), **settings: Any
    ) -> None:
        super().__init__(widths=widths, **settings)
        self.head = self.class_head(label_names, 2 * widths[-1], hidden)

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B, L)`` of B fields, ``data.x (B V, rep_in.dim)``."""
        y = self.encode(self.inputs(data))[-1]
        return self.head(torch.cat([y.mean(dim=(2, 3)), y.amax(dim=(2, 3))], dim=1))
