"""Random deformations for training."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform


class RandomStretch(BaseTransform):
    """Stretch a mesh along three random orthogonal axes, which bends its intrinsic geometry but not its labels.

    The factors are exp of normal numbers with standard deviation ``spread``; none mirrors the shape.

    Args:
        spread: of the logarithms. generator: where the random numbers come from.
    """

    def __init__(self, spread: float, generator: torch.Generator | None = None) -> None:
        self.spread, self.generator = spread, generator

    def forward(self, data: Data) -> Data:
        noise = torch.randn(3, 4, generator=self.generator, dtype=torch.float64)
        axes = torch.linalg.qr(noise[:, :3]).Q
        factors = torch.exp(self.spread * noise[:, 3])
        data.pos = data.pos @ (axes * factors @ axes.T).to(data.pos)
        return data
