"""Images on the sphere, in batches."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gaugenet.data.spherical_mnist import SphericalMNIST
from gaugenet.models import SphereSample
from gaugenet.nn.geometry import Geometry
from gaugenet.so3 import random_rotation


class SphericalImages:
    """Images where a network reads fields: ``x (B V, 1)``, and classes ``y (B,)`` or ``vertex_label (B V,)``.

    A batch is B copies of the sample's bundle. They are made once a B and kept, with the geometry that layers make of
    them, and only fields and labels differ from one batch to the next.

    Args:
        images: on S^2. sample: what ``sphere_sample(net)`` says.
        rotate: whether every image is turned at random, by the Haar measure; in training anew each time it is drawn,
            from the global generator, which ``Fit`` seeds.
        regions: whether points are labelled, instead of images.
        batch: B where images are scored. seed: of the rotations of scored images.
    """

    variants = 1

    def __init__(
        self,
        images: SphericalMNIST,
        sample: SphereSample,
        rotate: bool = False,
        regions: bool = False,
        batch: int = 64,
        seed: int = 0,
    ) -> None:
        self.images, self.sample, self.rotate, self.regions = images, sample, rotate, regions
        self.batch, self.seed = batch, seed
        self._point = sample.point.float()
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
        data = self._copies(len(numbers))
        data.x = self.images.at(numbers, self._point, rotation).reshape(-1, 1)
        if self.regions:
            data.vertex_label = self.images.regions_at(numbers, self._point, rotation).flatten()
        else:
            data.y = self.images.labels[numbers]
        return data

    def _copies(self, count: int) -> Data:
        """Return data with ``count`` copies of the bundle, where there is one."""
        if "frame" not in self.sample.bundle:
            return Data()
        if count not in self._batches:
            one = copy.copy(self.sample.bundle)
            one.x, one.y = torch.zeros(len(self._point), 1), torch.zeros(1, dtype=torch.int64)  # for Batch to count
            batch = Batch.from_data_list([one] * count)
            self._batches[count] = batch, Geometry(batch)
        batch, geometry = self._batches[count]
        data = copy.copy(batch)
        data.geometry = geometry
        return data
