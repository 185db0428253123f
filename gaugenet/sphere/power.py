"""Power of fields in harmonics: normalisation by it, and its spectrum."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.representation import Representation
from gaugenet.sphere.band import band_limit_of, check_coefficients, check_orders, degrees


class HarmonicNorm(TensorModule):
    """Divide fields by their root mean square over the sphere and the channels of a block, then scale each channel.

    Exactly equivariant, as it acts on harmonics and creates no new degrees. Normalising at each point would divide by a
    field, and no grid resolves the result where that field is nearly zero.

    Args:
        rep: Representation of SO(2) of input and output, coefficients ``(..., L^2, rep.dim)``.
        eps: Added to the mean square.

    Raises:
        ValueError: If the representation has another group.
    """

    def __init__(self, rep: Representation | str, eps: float = 1e-6) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        if str(self.rep.group) != "SO2":
            raise ValueError(
                f"HarmonicNorm expects a representation of SO2, got {self.rep}: leave the group out, as in 4x0 + 2x1"
            )
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(sum(block.multiplicity for block in self.rep)))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise coefficients ``x (..., L^2, rep.dim)``."""
        band_limit_of(x)
        self.rep.check(x, "HarmonicNorm")
        parts, start = [x[..., :0]], 0
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            # Parseval: the mean over the sphere of a sum of squares is that of the coefficients over 4 pi.
            mean = z.square().sum((-2, -1), keepdim=True) / (4 * math.pi * block.multiplicity)
            scale = self.scale[start : start + block.multiplicity].repeat(block.size)
            parts.append(z * (mean + self.eps).rsqrt() * scale)
            start += block.multiplicity
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return str(self.rep)


class PowerSpectrum(TensorModule):
    """Return the power of each channel in each degree: exactly invariant numbers ``(..., L multiplicities)``.

    The root mean square of the 2 l + 1 coefficients of degree l, over both parts if the order is not 0 (Kazhdan,
    Funkhouser & Rusinkiewicz 2003). For invariants, degree 0 gives the coefficient itself, which has a sign.

    Args:
        rep: Representation of SO(2) of the coefficients ``(..., L^2, rep.dim)``.
        band_limit: Band limit L.
        eps: Added to the mean square, for finite gradients.

    Raises:
        ValueError: If the representation has another group or an order >= L.
    """

    def __init__(self, rep: Representation | str, band_limit: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.rep, self.band_limit, self.eps = Representation(rep), band_limit, eps
        check_orders(band_limit, "PowerSpectrum", self.rep)
        share = (degrees(band_limit) == torch.arange(band_limit, device="cpu")[:, None]).double()
        self.share = ExactBuffer(share / share.sum(1, keepdim=True))
        self.numbers = band_limit * sum(block.multiplicity for block in self.rep)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spectrum of coefficients ``x (..., L^2, rep.dim)``."""
        check_coefficients(x, self.rep, self.band_limit, "PowerSpectrum")
        share, parts = self.share(x.dtype), [x[..., : self.band_limit, :0]]
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            square = z.square().unflatten(-1, (block.size, -1)).sum(-2)
            power = (share @ square + self.eps).sqrt()
            parts.append(torch.cat([z[..., :1, :], power[..., 1:, :]], dim=-2) if block.invariant else power)
        return torch.cat(parts, dim=-1).flatten(-2)

    def extra_repr(self) -> str:
        return f"{self.rep}, band_limit={self.band_limit}"
