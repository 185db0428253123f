"""Earth, turned at random, with the labels of some continents."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.datasets import CONTINENTS, Earth
from gaugenet.models import SphereSample
from gaugenet.nn import Level
from gaugenet.so3 import random_rotation

# Subtracted from the fields of Earth [km, 1, 1, 1], and divisor of them: about mean and standard deviation by area.
_MEAN, _SPREAD = (-2.4, 0.14, 0.18, 0.23), (2.4, 0.23, 0.21, 0.19)


class TurnedEarth:
    """Elevation and colour of Earth at the points of a network, ``x`` (V, 4), and groups of climate as its targets.

    ``vertex_label`` (V,) is -1, which is never scored, at sea and on all land but that of some continents; the fields
    are given everywhere. There is one Earth: examples are copies of it, each rotated by a random R and read at R^-1 p,
    so that a network does not know where the poles are.

    Args:
        earth: Elevation, colour and climate.
        sample: Points of the network, ``sphere_sample(net)``.
        continents: Names of the continents with labels.
        rotate: Whether copies are rotated, by the Haar measure; in training each time one is drawn, from the global
            generator, which ``Fit`` seeds.
        count: Number of copies in an epoch, or that are scored.
        seed: Seed of the rotations of scored copies.

    Raises:
        ValueError: If there is no continent, one is unknown, or none of the points is on their land.
    """

    variants = 1

    def __init__(
        self,
        earth: Earth,
        sample: SphereSample,
        continents: Sequence[str],
        rotate: bool = True,
        count: int = 1,
        seed: int = 0,
    ) -> None:
        unknown = [name for name in continents if name not in CONTINENTS]
        if unknown or not continents or count < 1:
            raise ValueError(
                f"TurnedEarth expects continents of {', '.join(CONTINENTS)} and count >= 1, got "
                f"{', '.join(unknown or continents) or 'none'} and {count}"
            )
        self.earth, self.sample, self.continents = earth, sample, tuple(continents)
        self.rotate, self.count, self.seed = rotate, count, seed
        self._bundle = copy.copy(sample.bundle)
        if "edge_index_0" in self._bundle:
            self._bundle.level = Level(sample.bundle)
        self._numbers = torch.tensor([CONTINENTS.index(name) for name in continents])
        if not bool((self._labels(sample.point) >= 0).any()):
            raise ValueError(
                f"none of the {len(sample.point)} points of the sample is on labelled land of {', '.join(continents)}: "
                "take a finer sample, or another continent"
            )

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Data, int]]:
        """Draw some copies.

        Args:
            numbers: Numbers of the copies.

        Yields:
            Data of one copy, and 1.
        """
        for _ in numbers:
            yield self._data(None), 1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        generator = torch.Generator().manual_seed(self.seed)
        return (self._data(generator) for _ in range(self.count))

    def _data(self, generator: torch.Generator | None) -> Data:
        point = self.sample.point.double()
        if self.rotate:
            point = point @ random_rotation(1, generator=generator)[0]  # rows are (R^-1 p)^T = p^T R
        data = copy.copy(self._bundle)
        mean, spread = point.new_tensor(_MEAN), point.new_tensor(_SPREAD)
        data.x = ((self.earth.fields(point) - mean) / spread).float()
        data.vertex_label = self._labels(point)
        return data

    def _labels(self, point: Tensor) -> Tensor:
        wanted = torch.isin(self.earth.continents(point), self._numbers)
        return torch.where(wanted, self.earth.labels(point), -1)
