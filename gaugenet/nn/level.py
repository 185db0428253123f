"""A level of a bundle as layers see it."""

from __future__ import annotations

from typing import Any

from gaugenet.nn.connection_laplacian import ConnectionLaplacian
from gaugenet.nn.spectrum import Spectrum
from gaugenet.nn.stencil import Stencil


class Level:
    """Make what layers need of a level when it is first asked for, and keep it; build one a batch and level.

    Args:
        data: a bundle, single or batched. number: of the level.
    """

    def __init__(self, data: Any, number: int = 0) -> None:
        self._data, self._number = data, number
        self._stencil: Stencil | None = None
        self._spectrum: Spectrum | None = None
        self._laplacian: ConnectionLaplacian | None = None

    @staticmethod
    def of(at: Level | Stencil | Any) -> Level:
        """Return a level as it is, one that knows its stencil alone, or level 0 of data."""
        if isinstance(at, Level):
            return at
        level = Level(None if isinstance(at, Stencil) else at)
        level._stencil = at if isinstance(at, Stencil) else None
        return level

    @property
    def stencil(self) -> Stencil:
        """Neighbours and angular numbers."""
        if self._stencil is None:
            self._stencil = Stencil.from_data(self._data, self._number)
        return self._stencil

    @property
    def spectrum(self) -> Spectrum:
        """Modes of the connection Laplacian."""
        if self._spectrum is None:
            self._spectrum = Spectrum.from_data(self._known("modes"), self._number)
        return self._spectrum

    @property
    def laplacian(self) -> ConnectionLaplacian:
        """The connection Laplacian."""
        if self._laplacian is None:
            self._laplacian = ConnectionLaplacian.from_data(self._known("a Laplacian"), self._number)
        return self._laplacian

    def _known(self, what: str) -> Any:
        if self._data is None:
            raise ValueError(f"a stencil alone has not {what}, which diffusion needs: give the layer data, or a Level")
        return self._data
