"""The power spectrum of fields on the sphere."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.representation import Representation
from gaugenet.sphere.band import check_coefficients, check_orders, degrees


class PowerSpectrum(nn.Module):
    """Say how strong each degree of each channel is: invariants ``(..., L multiplicities)``, exactly.

    The root mean square of the 2 l + 1 coefficients of each degree l, of both parts where the order is not 0
    (Kazhdan, Funkhouser & Rusinkiewicz 2003); of invariants, whose mean over the sphere has a sign, the coefficient of
    degree 0 itself.

    Args:
        rep: of coefficients ``(..., L^2, rep.dim)``. band_limit: L. eps: added to the mean square, for gradients.

    Raises:
        ValueError: for other groups than SO(2), orders from the band limit on, and coefficients of another shape.
    """

    def __init__(self, rep: Representation | str, band_limit: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.rep, self.band_limit, self.eps = Representation(rep), band_limit, eps
        check_orders(band_limit, "PowerSpectrum", self.rep)
        degree = degrees(band_limit)
        share = (degree == torch.arange(band_limit, device="cpu")[:, None]).double()
        self.share = ExactBuffer(share / share.sum(1, keepdim=True))
        channels = sum(block.multiplicity for block in self.rep)
        self.numbers = band_limit * channels

    def forward(self, x: Tensor) -> Tensor:
        check_coefficients(x, self.rep, self.band_limit, "PowerSpectrum")
        share, parts = self.share(x.dtype), [x[..., : self.band_limit, :0]]
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            square = z.square().unflatten(-1, (block.size, -1)).sum(-2)
            power = (share @ square + self.eps).sqrt()
            parts.append(torch.cat([z[..., :1, :], power[..., 1:, :]], dim=-2) if block.invariant else power)
        return torch.cat(parts, dim=-1).flatten(-2)

    def extra_repr(self) -> str:
        return f"{self.rep}, band_limit={self.band_limit}"
