"""The network that tells fields on the sphere apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.network import label_tuple
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.group_pool import GroupPool
from gaugenet.representation import Representation
from gaugenet.sphere import HarmonicNorm, HarmonicTransform, PowerSpectrum, SphereGrid

# Band limit of the grid for largest values over that of the features: between its points they change little.
_FINENESS = 4


class SphericalClassificationNet(SphericalNet):
    """Say what a field on the sphere shows, however it is turned: scores ``(B, L)``.

    Of the features of the last level a small network reads the power spectrum, which rotations leave as it is, and on a
    fine grid the averages over the sphere and the largest values, of norms where they turn with the frames.

    Args:
        label_names: names of the classes. hidden: width of the small network. settings: of ``SphericalNet``.
    """

    has_way_up = False

    def __init__(self, label_names: Sequence[str], *, hidden: int = 128, **settings: Any) -> None:
        names = label_tuple(label_names, "SphericalClassificationNet")
        if hidden < 1:
            raise ValueError(f"SphericalClassificationNet expects hidden >= 1, got {hidden}")
        super().__init__(**settings)
        self.label_names = names
        self.config |= {"label_names": list(names), "hidden": hidden}
        self.rep_out = Representation.invariants(len(names))
        self.norm = HarmonicNorm(self.reps[-1])
        self.spectrum = PowerSpectrum(self.reps[-1], self.bands[-1])
        grid = SphereGrid(_FINENESS * self.bands[-1], "legendre")
        self.leave = HarmonicTransform(self.reps[-1], grid, self.bands[-1])
        self.invariants = GroupPool(self.reps[-1])
        self.share = ExactBuffer(grid.weight / (4.0 * math.pi))
        self.head = nn.Sequential(
            nn.Linear(self.spectrum.numbers + 2 * self.invariants.rep_out.dim, hidden),
            nn.SiLU(),
            nn.Dropout(self.config["dropout"]),
            nn.Linear(hidden, len(names)),
        )

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B, L)`` of B fields, ``data.x (B V, rep_in.dim)``."""
        y = self.norm(self.encode(self.inputs(data))[-1])
        values = self.invariants(self.leave.inverse(y))
        return self.head(torch.cat([self.spectrum(y), self.share(values.dtype) @ values, values.amax(dim=1)], dim=1))

    def compared(self, data: Data) -> Comparison:
        """Return the scores beside the classes ``y (B,)``."""
        return compare_labels(self(data), data, "shape")

    def classify(self, data: Data) -> Tensor:
        """Return the class ``(B,)`` of each field; it indexes ``label_names``."""
        return self.evaluated(data).argmax(dim=1)
