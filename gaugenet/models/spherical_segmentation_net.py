"""The network that labels the points of the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.grid_segmenter import GridSegmenter
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.sphere import HarmonicTransform


class SphericalSegmentationNet(SphericalNet, GridSegmenter):
    """Label the points of the network's grid on the sphere: scores ``(B V, L)`` that turn with the fields.

    At every point of ``grid`` a pointwise head reads invariants, norms where they turn with the frames: of the features
    of the first level, and of the input fields, which have the degrees that the first level has not.

    Args:
        label_names: names of the labels. settings: of ``SphericalNet``.
    """

    def __init__(self, label_names: Sequence[str], **settings: Any) -> None:
        super().__init__(**settings)
        self.name_labels(label_names)
        self.leave = HarmonicTransform(self.reps[0], self.grid, self.bands[0])
        self.norm = LayerNorm(self.reps[0])
        self.invariants, self.field_invariants = GroupPool(self.reps[0]), GroupPool(self.rep_in)
        width = self.invariants.rep_out.dim
        enter = nn.Linear(width + self.field_invariants.rep_out.dim, 2 * width)
        self.head = nn.Sequential(enter, nn.SiLU(), nn.Linear(2 * width, len(label_names)))

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B V, L)`` at the points of B fields, ``data.x (B V, rep_in.dim)``."""
        x = self.inputs(data)
        y = self.norm(self.leave.inverse(self.decode(self.encode(x))))
        return self.head(torch.cat([self.invariants(y), self.field_invariants(x)], dim=-1)).flatten(0, 1)
