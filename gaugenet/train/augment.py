"""Random deformations and triangulations for training."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.transforms.perturbation import Perturbation

WAVES = 6
# Numbers of vertices between which shapes are remeshed: fewer lose thin parts, more only cost time.
FEWEST, MOST = 1500, 15000


class RandomDeformation(BaseTransform):
    """Stretch a mesh along random axes and bend it by a few long waves: other proportions and poses, the same labels.

    The factors of the stretch are exp of normal numbers with standard deviation ``stretch``. Each of six waves moves
    points by a sine of their position, with about one period over the shape; together their strain has about the size
    ``bend``. Neither mirrors the shape.

    Args:
        stretch, bend: no deformation at 0. generator: where the random numbers come from.
    """

    def __init__(self, stretch: float, bend: float, generator: torch.Generator | None = None) -> None:
        self.stretch, self.bend, self.generator = stretch, bend, generator

    def forward(self, data: Data) -> Data:
        pos = data.pos.double()
        noise = self._normal(3, 4)
        axes = torch.linalg.qr(noise[:, :3]).Q
        pos = pos @ (axes * torch.exp(self.stretch * noise[:, 3]) @ axes.T).to(pos.device)
        data.pos = (pos + self._waves(pos)).to(data.pos.dtype)
        return data

    def _waves(self, pos: Tensor) -> Tensor:
        extent = (pos.amax(0) - pos.amin(0)).max()
        vector, phase, direction = self._normal(WAVES, 3), math.tau * self._normal(WAVES), self._normal(WAVES, 3)
        # Strain = amplitude x wave number; very long waves are capped, or they would only move the shape.
        strain = self.bend / math.sqrt(3 * WAVES)
        amplitude = strain / (math.tau * vector.norm(dim=1).clamp_min(0.5))
        place = (pos - pos.mean(0)) @ vector.T.to(pos.device) / extent
        return (
            extent
            * torch.sin(math.tau * place + phase.to(pos.device))
            @ (direction * amplitude[:, None]).to(pos.device)
        )

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def __repr__(self) -> str:
        return f"RandomDeformation(stretch={self.stretch}, bend={self.bend})"


class RandomResolution(BaseTransform):
    """Remesh a shape to a random number of vertices, so that triangles say nothing: the same surface and labels.

    The number is drawn between 1,500 and 15,000, evenly in its logarithm. With fewer vertices than there are, edges
    collapse (quadric decimation); with more than twice as many every triangle is split into four, unevenly; between,
    the mesh stays.

    Args:
        generator: where the random numbers come from.
    """

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self.generator = generator

    def forward(self, data: Data) -> Data:
        draw, seed = torch.rand(2, generator=self.generator, dtype=torch.float64).tolist()
        share = FEWEST * (MOST / FEWEST) ** draw / len(data.pos)
        if 0.9 < share < 2.0:
            return data
        kind, amount = ("coarser", share) if share < 1 else ("finer", None)
        return Perturbation(kind, amount, seed=int(2**31 * seed))(data)

    def __repr__(self) -> str:
        return "RandomResolution()"
