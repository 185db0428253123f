"""The entry of layers: the level that they run on, and one check that it fits their features."""

from __future__ import annotations

import warnings

from torch import Tensor
from torch_geometric.data import Data

from gaugenet.nn.connection_laplacian import ConnectionLaplacian as ConnectionLaplacian
from gaugenet.nn.convolution.stencil import Stencil as Stencil
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.nn.level_map import LevelMap as LevelMap
from gaugenet.nn.spectrum import Spectrum as Spectrum


def enter(layer: Layer, x: Tensor, at: Level | Data, transports: bool = True, finer: bool = False) -> Level:
    """Return the level on which a layer runs, after checking that features, level and layer fit each other.

    Args:
        layer: The layer; errors name its class.
        x: Features, ``(V, rep_in.dim)``.
        at: The level, or data that carry a bundle, which stand for its level 0.
        transports: Whether the layer applies transport to features, so that the groups have to fit.
        finer: Whether the features belong to the vertices of the next finer level.

    Returns:
        The level.

    Raises:
        ValueError: If the features have another shape, if weights, bundle and features are on different devices, or
            if the transport of the bundle does not act on the representation.
    """
    name, rep = type(layer).__name__, layer.rep_in
    rep.check(x, name)
    level = Level.of(at)
    count = level.map.num_fine if finer else level.num_vertices
    if x.dim() != 2 or x.shape[0] != count:
        raise ValueError(f"{name} expects features ({count}, {rep.dim}), a row for each vertex, got {tuple(x.shape)}")
    weights = next(layer.parameters(), x).device
    if not x.device == level.device == weights:
        raise ValueError(
            f"{name} needs weights (on {weights}), bundle (on {level.device}) and features (on {x.device}) on one "
            "device: move them with .to()"
        )
    if transports and not level.group <= rep.group:
        raise ValueError(
            f"{name} of {rep.group} cannot run on a bundle of {level.group}, whose transport is not in {rep.group}: "
            f'make the bundle with FrameBundle(group="{rep.group}"), or the layer for {level.group}'
        )
    return level


# Deprecated: what layers of version 0.1 were given.


class Geometry(Level):
    """Deprecated: a ``Level`` knows the other levels of its bundle.

    Args:
        data: Bundle, single or batched.
    """

    def __init__(self, data: Data) -> None:
        _deprecated("gaugenet.nn.Geometry(data)", "gaugenet.nn.Level(data)")
        super().__init__(data)

    def level(self, number: int) -> Level:
        """Return a level.

        Args:
            number: Number of the level.

        Returns:
            The level.
        """
        return self.at(number)

    def map_to(self, level: int) -> LevelMap:
        """Return the map from the next finer level.

        Args:
            level: Number of the level.

        Returns:
            The map.
        """
        return self.at(level).map


def _from_data(kind: type, data: Data, level: int | None = None) -> Level:
    """Return the level itself, which layers take where they took its stencil, spectrum, Laplacian or map."""
    _deprecated(f"{kind.__name__}.from_data(data, level)", "gaugenet.nn.Level(data, level)")
    usual = 1 if kind is LevelMap else 0
    return Level(data, usual if level is None else level)


for _kind in (Stencil, Spectrum, ConnectionLaplacian, LevelMap):
    setattr(_kind, "from_data", classmethod(_from_data))  # noqa: B010


def numbered(at: Level | Data, level: int) -> Level:
    """Return a level of data that a layer got with its number.

    Args:
        at: Data with a bundle, or a level of it.
        level: Number of the level.
    """
    warnings.warn(
        "pool(x, data, level) is deprecated and works for one more release: "
        "use pool(x, gaugenet.nn.Level(data, level))",
        DeprecationWarning,
        stacklevel=5,
    )
    return Level.of(at).at(level)


def _deprecated(old: str, new: str) -> None:
    text = f"{old} is deprecated and works for one more release: use {new}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
