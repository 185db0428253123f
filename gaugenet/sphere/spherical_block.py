"""The residual block on the sphere."""

from __future__ import annotations

from torch import Tensor, nn

from gaugenet.nn.layer import TensorModule
from gaugenet.nn.pointwise_network import GatedBlock, RegularBlock
from gaugenet.representation import Representation
from gaugenet.sphere.grid import fine_grid
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.power import HarmonicNorm
from gaugenet.sphere.spherical_conv import SphericalConv

POINTWISE = ("gated", "regular")


class SphericalBlock(TensorModule):
    """Residual block: a convolution in harmonics, then a pointwise network on a grid.

        x + T(f(T^-1(HarmonicNorm(SphericalConv(x)))))

    with the harmonic transform T and the pointwise network f. The nonlinearity f creates degrees >= L. On a grid of
    band limit 3 L / 2, products of two fields do not alias into degrees < L (two-thirds rule, Orszag 1971); on one of
    2 L, products of three do not either (``fine_grid``). Aliasing of higher products is the error of the equivariance
    under rotations.

    Args:
        rep: Representation of input and output, coefficients ``(..., L^2, rep.dim)``.
        band_limit: Band limit L.
        pointwise: "gated", nonlinearities of invariants (``GatedBlock``), or "regular", a nonlinearity at each angle of
            functions on the circle of frames (``RegularBlock``). "regular" learns more in as many steps, but also
            aliases on the circle, at any band limit.
        expansion: Hidden width of the pointwise network over that of ``rep``; by default 2 for "gated", 1 for
            "regular".
        dropout: Dropout rate of the pointwise network.
        kernel: Kernel of the ``SphericalConv``.
        count: ``count`` of the ``SphericalConv``.
        radius: ``radius`` of the ``SphericalConv`` [rad].
        bias: ``bias`` of the ``SphericalConv``.

    Raises:
        ValueError: If ``pointwise`` is unknown, or ``SphericalConv`` rejects its settings.
    """

    def __init__(
        self,
        rep: Representation | str,
        band_limit: int,
        pointwise: str = "gated",
        expansion: int | None = None,
        dropout: float = 0.0,
        kernel: str = "free",
        count: int | None = None,
        radius: float | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.band_limit = band_limit
        self.conv = SphericalConv(self.rep, self.rep, band_limit, kernel, count, radius, bias)
        self.norm = HarmonicNorm(self.rep)
        self.transform = HarmonicTransform(self.rep, fine_grid(band_limit), band_limit)
        self.pointwise = _pointwise(pointwise, self.rep, expansion, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map coefficients ``x (..., L^2, rep.dim)`` to coefficients of the same shape."""
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
