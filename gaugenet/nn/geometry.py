"""What layers make of the geometry of a bundle, kept for data that comes again with other features."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from gaugenet.nn.level import Level
from gaugenet.nn.pool import LevelMap

_BUNDLE = re.compile(r".+_\d+|batch")


class Geometry:
    """The levels of a bundle and the maps between them, each made when it is first asked for, and kept.

    Networks make one a forward pass. Where one bundle, or batch of bundles, comes with other features again and again,
    data that carries a ``geometry`` spares them neighbour lists, angular numbers and their adjoints:

        geometry = Geometry(bundle)
        data = copy.copy(bundle);  data.x = ...;  data.geometry = geometry

    It counts for the very tensors that it was made of alone: a change of gauge or a move to a device makes others, and
    theirs is made anew. Tensors of a bundle that has one must not be written to.

    Args:
        data: a bundle, single or batched.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self._levels: dict[int, Level] = {}
        self._maps: dict[int, LevelMap] = {}

    @staticmethod
    def of(data: Any) -> Geometry:
        """Return the geometry that data carries, where it is that of the data's bundle, or a new one."""
        kept = getattr(data, "geometry", None)
        return kept if isinstance(kept, Geometry) and _bundle(kept._data) == _bundle(data) else Geometry(data)

    def level(self, number: int) -> Level:
        """Return a level."""
        if number not in self._levels:
            self._levels[number] = Level(self._data, number)
        return self._levels[number]

    def map_to(self, level: int) -> LevelMap:
        """Return the map from the next finer level."""
        if level not in self._maps:
            self._maps[level] = LevelMap.from_data(self._data, level)
        return self._maps[level]


def _bundle(data: Any) -> dict[str, int]:
    """Return which tensors a bundle is made of."""
    return {
        key: id(value) for key, value in data.to_dict().items() if isinstance(value, Tensor) and _BUNDLE.fullmatch(key)
    }
