"""The residual block on the sphere."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from gaugenet.nn.gated_block import GatedBlock
from gaugenet.representation import Representation
from gaugenet.sphere.grid import SphereGrid
from gaugenet.sphere.harmonic_norm import HarmonicNorm
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.spherical_conv import SphericalConv

# Band limit of a grid that costs little.
_CHEAP = 20


class SphericalBlock(GatedBlock):
    """Add to a field in harmonics what a convolution and a gated pointwise network on a grid make of it.

        y = the field of HarmonicNorm(SphericalConv(x)) on the grid;   x + the harmonics of GatedBlock.update(y)

    The pointwise part makes degrees from the band limit L on. On a grid of the band limit 3 L / 2 products of two
    fields have no part in lower degrees that is not theirs (the rule of two thirds, Orszag 1971), on one of 2 L those
    of three (``fine_grid``); what higher products alias is the error of equivariance under rotations.

    Args:
        rep: representation of input and output, coefficients ``(..., L^2, rep.dim)``. band_limit: L.
        expansion, dropout: of the ``GatedBlock``. kernel: settings of ``SphericalConv``.
    """

    def __init__(
        self, rep: Representation | str, band_limit: int, expansion: int = 2, dropout: float = 0.0, **kernel: Any
    ) -> None:
        rep = Representation(rep)
        conv = SphericalConv(rep, rep, band_limit, **kernel)
        super().__init__(rep, nn.ModuleDict({"conv": conv}), expansion, dropout, nn.Identity)
        self.norm = HarmonicNorm(rep)
        self.band_limit = band_limit
        self.transform = HarmonicTransform(rep, fine_grid(band_limit), band_limit)

    def forward(self, x: Tensor) -> Tensor:
        y = self.transform.inverse(self.norm(self.layers["conv"](x)))
        return x + self.transform(self.update(y))


def fine_grid(band_limit: int) -> SphereGrid:
    """Return the Legendre grid on which products of two fields of a band limit are known to that band limit.

    At low band limits, where a finer grid costs little and aliasing is largest, up to products of three fields.
    """
    return SphereGrid(max((3 * band_limit + 1) // 2, min(2 * band_limit, _CHEAP)), "legendre")
