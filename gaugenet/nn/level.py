"""A level of a bundle, as layers see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torch import Tensor

from gaugenet.group import Group
from gaugenet.nn.connection_laplacian import ConnectionLaplacian
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.pool import LevelMap
from gaugenet.nn.shapes import Shapes
from gaugenet.nn.spectrum import Spectrum
from gaugenet.nn.structure_group import group_of

if TYPE_CHECKING:
    from torch_geometric.data import Data

_BUNDLE_KEY = re.compile(r".+_\d+|batch")


class Level:
    """One level of a bundle, single or batched: what layers need of it is made when first asked for, and kept.

    Every layer takes a ``Level``, or data that carry a bundle, which stands for its level 0. The levels of a bundle
    know each other, so that each part of the geometry is made once a forward pass:

        fine = Level(batch)
        x = conv(x, fine)
        x = pool(x, fine.coarser)

    Where a bundle, or a batch of bundles, comes with other features again and again, data that carry the level spare
    layers the work of every pass but the first:

        data = copy.copy(bundle)
        data.x, data.level = features, Level(bundle)

    It is valid only for the tensors it was built from: a change of gauge or a move to a device makes new ones, and
    their geometry is recomputed. Do not write to the tensors of a bundle whose level is kept.

    Args:
        data: A bundle made by ``FrameBundle`` or ``HomogeneousBundle``, single or batched.
        number: Of the level; 0 is the mesh itself.
    """

    def __init__(self, data: Data, number: int = 0) -> None:
        self._data, self.number = data, number
        self._family: dict[int, Level] = {number: self}
        self._stencil: Stencil | None = None
        self._spectrum: Spectrum | None = None
        self._laplacian: ConnectionLaplacian | None = None
        self._map: LevelMap | None = None
        self._shapes: Shapes | None = None

    @staticmethod
    def of(at: Level | Data, number: int = 0) -> Level:
        """Return a level as it is, or level ``number`` of data: that which the data carry, if it is of their bundle."""
        if isinstance(at, Level):
            return at
        kept = getattr(at, "level", None)
        if isinstance(kept, Level) and _tensors(kept._data) == _tensors(at):
            return kept.at(number)
        return Level(at, number)

    def at(self, number: int) -> Level:
        """Return another level of the same bundle."""
        if number not in self._family:
            level = self._family[number] = Level(self._data, number)
            level._family = self._family
        return self._family[number]

    @property
    def coarser(self) -> Level:
        """The next coarser level."""
        return self.at(self.number + 1)

    @property
    def group(self) -> Group:
        """The structure group of the bundle."""
        return group_of(self._data)

    @property
    def stencil(self) -> Stencil:
        """Neighbours and angular numbers, for convolutions."""
        if self._stencil is None:
            self._stencil = Stencil.from_data(self._data, self.number)
        return self._stencil

    @property
    def spectrum(self) -> Spectrum:
        """Modes of the connection Laplacian, which ``ConnectionSpectrum`` added."""
        if self._spectrum is None:
            self._spectrum = Spectrum.from_data(self._data, self.number)
        return self._spectrum

    @property
    def laplacian(self) -> ConnectionLaplacian:
        """The connection Laplacian."""
        if self._laplacian is None:
            self._laplacian = ConnectionLaplacian.from_data(self._data, self.number)
        return self._laplacian

    @property
    def map(self) -> LevelMap:
        """The map from the next finer level, for pooling."""
        if self._map is None:
            self._map = LevelMap.from_data(self._data, self.number)
        return self._map

    @property
    def shapes(self) -> Shapes:
        """The shapes of the batch: which vertices belong to each, and their shares of its area."""
        if self._shapes is None:
            self._shapes = Shapes.from_data(self._data, self.number)
        return self._shapes


def _tensors(data: Data) -> dict[str, int]:
    """Return the identities of the tensors that make up a bundle."""
    return {
        key: id(value)
        for key, value in data.to_dict().items()
        if isinstance(value, Tensor) and _BUNDLE_KEY.fullmatch(key)
    }
