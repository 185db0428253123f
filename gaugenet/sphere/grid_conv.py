"""Spherical convolutions of fields on grids."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from gaugenet.nn.gated_block import GatedBlock
from gaugenet.representation import Representation
from gaugenet.sphere.band import with_band_limit
from gaugenet.sphere.grid import SphereGrid
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.spherical_conv import SphericalConv


class GridConv(nn.Module):
    """Convolve a field on a grid and read the result on another: ``HarmonicTransform``, ``SphericalConv``, and back.

    Where the second grid has a lower band limit this is a convolution and spectral pooling in one, where it has a
    higher one the result is interpolated; both without error. Equivariant under all rotations, exactly for fields of
    degrees below the band limit.

    Args:
        rep_in, rep_out: fields ``(..., V_in, rep_in.dim)`` to ``(..., V_out, rep_out.dim)``.
        grid_in, grid_out: the grids. kernel: settings of ``SphericalConv``.
    """

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        grid_in: SphereGrid,
        grid_out: SphereGrid,
        **kernel: Any,
    ) -> None:
        super().__init__()
        self.grid_in, self.grid_out = grid_in, grid_out
        band_limit = min(grid_in.band_limit, grid_out.band_limit)
        self.conv = SphericalConv(rep_in, rep_out, band_limit, **kernel)
        self.rep_in, self.rep_out = self.conv.rep_in, self.conv.rep_out
        self.enter, self.leave = HarmonicTransform(self.rep_in, grid_in), HarmonicTransform(self.rep_out, grid_out)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(with_band_limit(self.enter(x), self.conv.band_limit))
        return self.leave.inverse(with_band_limit(y, self.grid_out.band_limit))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"


class SphericalBlock(GatedBlock):
    """The ``GatedBlock`` of a spherical convolution on a grid: nonlinear at the points, linear in harmonics.

    Equivariant under all rotations up to aliasing: the pointwise part makes degrees that the grid cannot tell from
    lower ones. ``gaugenet check`` measures it.

    Args:
        rep: representation of input and output, fields ``(..., V, rep.dim)``. grid: where they live.
        expansion, dropout: of the ``GatedBlock``. kernel: settings of ``SphericalConv``.
    """

    def __init__(
        self, rep: Representation | str, grid: SphereGrid, expansion: int = 2, dropout: float = 0.0, **kernel: Any
    ) -> None:
        rep = Representation(rep)
        super().__init__(rep, nn.ModuleDict({"conv": GridConv(rep, rep, grid, grid, **kernel)}), expansion, dropout)

    def around(self, z: Tensor, at: Any = None) -> list[Tensor]:
        return [layer(z) for layer in self.layers.values()]
