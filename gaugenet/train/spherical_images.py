"""Images on the sphere, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.data.spherical_mnist import SphericalMNIST
from gaugenet.so3 import random_rotation


class SphericalImages:
    """Images at the points of a network's grid: ``x (B V, 1)`` and classes ``y (B,)``.

    Args:
        images: on S^2. point: ``(V, 3)`` of the grid.
        rotate: whether every image is turned at random, by the Haar measure; in training anew each time it is drawn,
            from the global generator, which ``Fit`` seeds.
        batch: B where images are scored. seed: of the rotations of scored images.
    """

    variants = 1

    def __init__(
        self, images: SphericalMNIST, point: Tensor, rotate: bool = False, batch: int = 64, seed: int = 0
    ) -> None:
        self.images, self.point, self.rotate, self.batch, self.seed = images, point.float(), rotate, batch, seed

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.images)

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Data, int]]:
        """Yield one batch of some images."""
        yield self._data(torch.tensor(numbers), None), len(numbers)

    def __len__(self) -> int:
        return -(-self.count // self.batch)

    def __iter__(self) -> Iterator[Any]:
        generator = torch.Generator().manual_seed(self.seed)
        for numbers in torch.arange(self.count).split(self.batch):
            yield self._data(numbers, generator)

    def _data(self, numbers: Tensor, generator: torch.Generator | None) -> Data:
        rotation = random_rotation(len(numbers), generator=generator) if self.rotate else None
        values = self.images.at(numbers, self.point, rotation)
        return Data(x=values.reshape(-1, 1), y=self.images.labels[numbers])
