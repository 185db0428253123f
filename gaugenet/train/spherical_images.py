"""Images on the sphere, in batches."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gaugenet.data.spherical_mnist import SphericalMNIST
from gaugenet.nn.geometry import Geometry
from gaugenet.so3 import random_rotation


class SphericalImages:
    """Images at the points that a network reads: ``x (B V, 1)`` and classes ``y (B,)``.

    At points alone, as harmonic networks read them, a batch is no more than that. At the vertices of a bundle it is a
    batch of B copies of the bundle, as networks on bundles read them; it is made once a B and kept, with the geometry
    that layers make of it, and only x and y differ from one batch to the next.

    Args:
        images: on S^2. place: points ``(V, 3)``, unit vectors, such as ``net.grid.points``; or a bundle of such points,
            as ``net.transform`` makes it of an icosphere.
        rotate: whether every image is turned at random, by the Haar measure; in training anew each time it is drawn,
            from the global generator, which ``Fit`` seeds.
        batch: B where images are scored. seed: of the rotations of scored images.

    Raises:
        ValueError: for data without a bundle, and points that are not on the unit sphere.
    """

    variants = 1

    def __init__(
        self, images: SphericalMNIST, place: Tensor | Data, rotate: bool = False, batch: int = 64, seed: int = 0
    ) -> None:
        self.images, self.rotate, self.batch, self.seed = images, rotate, batch, seed
        self.bundle = None if isinstance(place, Tensor) else place
        self.point = (place if isinstance(place, Tensor) else _points_of(place)).float()
        if self.point.dim() != 2 or not bool(((self.point.norm(dim=-1) - 1).abs() < 1e-4).all()):
            raise ValueError(
                f"SphericalImages expects unit vectors (V, 3), got {tuple(self.point.shape)} others: centre and scale "
                "the points"
            )
        self._batches: dict[int, tuple[Data, Geometry]] = {}

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
        data = self._copies(len(numbers))
        data.x, data.y = values.reshape(-1, 1), self.images.labels[numbers]
        return data

    def _copies(self, count: int) -> Data:
        """Return data with ``count`` copies of the bundle, where there is one."""
        if self.bundle is None:
            return Data()
        if count not in self._batches:
            one = copy.copy(self.bundle)
            one.x, one.y = torch.zeros(len(self.point), 1), torch.zeros(1, dtype=torch.int64)  # for Batch to count
            batch = Batch.from_data_list([one] * count)
            self._batches[count] = batch, Geometry(batch)
        batch, geometry = self._batches[count]
        data = copy.copy(batch)
        data.geometry = geometry
        return data


def _points_of(bundle: Data) -> Tensor:
    if getattr(bundle, "frame", None) is None or getattr(bundle, "batch", None) is not None:
        raise ValueError("SphericalImages needs points (V, 3) or one bundle, got other data: apply net.transform to it")
    return bundle.pos
