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
    level = _OfPiece(at) if isinstance(at, Piece) else Level.of(at)
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

Piece = Stencil | Spectrum | ConnectionLaplacian | LevelMap
_PIECES: dict[type, str] = {
    Stencil: "stencil",
    Spectrum: "spectrum",
    ConnectionLaplacian: "laplacian",
    LevelMap: "map",
}


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


class _OfPiece(Level):
    """A level that has only what a layer was given."""

    def __init__(self, piece: Piece) -> None:
        _deprecated(f"a {type(piece).__name__} as second argument of a layer", "the Level itself, Level(data)", 7)
        if isinstance(piece, LevelMap):
            like, count = piece.weight, piece.num_coarse
        elif isinstance(piece, Stencil):
            like, count = piece.weight, piece.num_vertices
        else:
            like, count = piece.shapes.share, piece.shapes.num_vertices
        super().__init__(Data(group=str(piece.group), area_0=like.new_empty(count)))
        for kind, name in _PIECES.items():
            if isinstance(piece, kind):
                setattr(self, f"_{name}", piece)
        if isinstance(piece, Spectrum | ConnectionLaplacian):
            self._shapes = piece.shapes


def _serve_from_data(kind: type, name: str) -> None:
    """Give a class its method ``from_data(data, level)`` of version 0.1."""

    def from_data(data: Data, level: int = 1 if kind is LevelMap else 0) -> Piece:
        _deprecated(f"{kind.__name__}.from_data(data, level)", f"Level(data, level).{name}")
        piece: Piece = getattr(Level(data, level), name)
        return piece

    setattr(kind, "from_data", staticmethod(from_data))  # noqa: B010


for _kind, _name in _PIECES.items():
    _serve_from_data(_kind, _name)


def _deprecated(old: str, new: str, depth: int = 3) -> None:
    """Warn at the line that is ``depth`` calls above this one."""
    text = f"{old} is deprecated and works for one more release: use {new}"
    warnings.warn(text, DeprecationWarning, stacklevel=depth)
