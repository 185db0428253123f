"""The network that finds objects on the sphere, on harmonics."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.detector import Detector
from gaugenet.models.network import label_tuple
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.sphere import HarmonicTransform


class SphericalDetectionNet(SphericalNet, Detector):
    """Find objects on the sphere, as oriented boxes: a field ``(B V, rep_out.dim)`` at the points of the grid.

    A gated pointwise network reads the features of the first level and the input fields at every point, in the frames
    (e_theta, e_phi).

    Args:
        label_names: names of the classes. unit: half length of a usual box [rad].
        half_turns: labels of classes that a half turn leaves the same. settings: of ``SphericalNet``.
    """

    def __init__(
        self, label_names: Sequence[str], unit: float, half_turns: Collection[int] = (), **settings: Any
    ) -> None:
        names = label_tuple(label_names, "SphericalDetectionNet")
        super().__init__(**settings)
        first = self.reps[0]
        self.code_boxes(names, unit, half_turns)
        self.leave = HarmonicTransform(first, self.grid, self.bands[0])
        self.head = self.box_head(first + self.rep_in, first * 2)

    def forward(self, data: Data) -> Tensor:
        """Return the output at the points of B fields, ``data.x (B V, rep_in.dim)``."""
        x = self.inputs(data)
        y = self.leave.inverse(self.decode(self.encode(x)))
        return self.head(torch.cat([y, x], dim=-1)).flatten(0, 1)
