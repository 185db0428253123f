"""The residual block on the sphere."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from gaugenet.nn.pointwise_network import GatedBlock, RegularBlock
from gaugenet.representation import Representation
from gaugenet.sphere.grid import SphereGrid
from gaugenet.sphere.harmonic_norm import HarmonicNorm
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.spherical_conv import SphericalConv

POINTWISE = ("gated", "regular")
# Band limit of a grid that costs little.
_CHEAP = 20


class SphericalBlock(nn.Module):
    """Add to a field in harmonics what a convolution and a pointwise network on a grid make of it.

        y = the field of HarmonicNorm(SphericalConv(x)) on the grid;   x + the harmonics of the update from y

    The pointwise part makes degrees from the band limit L on. On a grid of the band limit 3 L / 2 products of two
    fields have no part in lower degrees that is not theirs (the rule of two thirds, Orszag 1971), on one of 2 L those
    of three (``fine_grid``); what higher products alias is the error of equivariance under rotations.

    Args:
        rep: representation of input and output, coefficients ``(..., L^2, rep.dim)``. band_limit: L.
        pointwise: "gated", by invariants alone (``GatedBlock``), or "regular", functions on the circle of frames at
            every point with a nonlinearity at each angle (``RegularBlock``): it learns more from as many steps, and
            aliases on the circle, too, however high the band limit.
        expansion, dropout: of these, by default 2 and 1 times the width of ``rep``. kernel: settings of
            ``SphericalConv``.
    """

    def __init__(
        self,
        rep: Representation | str,
        band_limit: int,
        pointwise: str = "gated",
        expansion: int | None = None,
        dropout: float = 0.0,
        **kernel: Any,
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.band_limit = band_limit
        self.conv = SphericalConv(self.rep, self.rep, band_limit, **kernel)
        self.norm = HarmonicNorm(self.rep)
        self.transform = HarmonicTransform(self.rep, fine_grid(band_limit), band_limit)
        self.pointwise = _pointwise(pointwise, self.rep, expansion, dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = self.transform.inverse(self.norm(self.conv(x)))
        return x + self.transform(self.pointwise.update(y))

    def extra_repr(self) -> str:
        return str(self.rep)


def _pointwise(kind: str, rep: Representation, expansion: int | None, dropout: float) -> GatedBlock | RegularBlock:
    if kind == "gated":
        return GatedBlock(rep, nn.ModuleDict(), 2 if expansion is None else expansion, dropout, nn.Identity)
    if kind == "regular":
        return RegularBlock(rep, 1 if expansion is None else expansion, dropout=dropout)
    raise ValueError(f'SphericalBlock expects pointwise {" or ".join(POINTWISE)}, got "{kind}"')


def fine_grid(band_limit: int) -> SphereGrid:
    """Return the Legendre grid on which products of two fields of a band limit are known to that band limit.

    At low band limits, where a finer grid costs little and aliasing is largest, up to products of three fields.
    """
    return SphereGrid(max((3 * band_limit + 1) // 2, min(2 * band_limit, _CHEAP)), "legendre")
