"""The network that tells fields on the sphere apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.classifier import Classifier
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.pointwise_network import fine_samples
from gaugenet.sphere import HarmonicNorm, HarmonicTransform, PowerSpectrum, SphereGrid

# Band limit of the grid for largest values over that of the features: between its points they change little.
_FINENESS = 2


class SphericalClassificationNet(SphericalNet, Classifier):
    """Say what a field on the sphere shows, however it is turned: scores ``(B, L)``.

    Of the features of the last level a small network reads the power spectrum, which rotations leave as it is, and on a
    fine grid the averages over the sphere and the largest values, of norms where they turn with the frames; with
    ``pointwise="regular"`` the largest values of functions on the circle of frames.

    Args:
        label_names: names of the classes. hidden: width of the small network. settings: of ``SphericalNet``.
    """

    has_way_up = False

    def __init__(self, label_names: Sequence[str], *, hidden: int = 128, **settings: Any) -> None:
        super().__init__(**settings)
        self.norm = HarmonicNorm(self.reps[-1])
        self.spectrum = PowerSpectrum(self.reps[-1], self.bands[-1])
        grid = SphereGrid(_FINENESS * self.bands[-1], "legendre")
        self.leave = HarmonicTransform(self.reps[-1], grid, self.bands[-1])
        self.invariants = GroupPool(self.reps[-1])
        regular = self.config["pointwise"] == "regular"
        self.largest = GroupPool(self.reps[-1], "max", fine_samples(self.reps[-1])) if regular else None
        self.share = ExactBuffer(grid.weight / (4.0 * math.pi))
        peaks = self.largest or self.invariants
        numbers = self.spectrum.numbers + self.invariants.rep_out.dim + peaks.rep_out.dim
        self.head = self.class_head(label_names, numbers, hidden)

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B, L)`` of B fields, ``data.x (B V, rep_in.dim)``."""
        y = self.norm(self.encode(self.inputs(data))[-1])
        values = self.leave.inverse(y)
        norms = self.invariants(values)
        peaks = norms if self.largest is None else self.largest(values)
        mean = self.share(values.dtype) @ norms
        return self.head(torch.cat([self.spectrum(y), mean, peaks.max(dim=1).values], dim=1))
