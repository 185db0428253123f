"""Normalisation of fields in harmonics."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation
from gaugenet.sphere.band import band_limit_of


class HarmonicNorm(nn.Module):
    """Divide fields by their root mean square over the sphere and the channels of their order, then scale each channel.

    In harmonics, so that it makes no new degrees: exactly equivariant. A norm at each point would divide by a field,
    and what it makes of the dark side of an image no grid resolves.

    Args:
        rep: representation of input and output, coefficients ``(..., L^2, rep.dim)``. eps: added to the mean square.

    Raises:
        ValueError: for representations of other groups than SO(2), and coefficients of another shape.
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
        band_limit_of(x)
        self.rep.check(x, "HarmonicNorm")
        parts, start = [x[..., :0]], 0
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            # The mean over the sphere of a sum of squares is that of the coefficients over 4 pi (Parseval).
            mean = z.square().sum((-2, -1), keepdim=True) / (4 * math.pi * block.multiplicity)
            scale = self.scale[start : start + block.multiplicity].repeat(block.size)
            parts.append(z * (mean + self.eps).rsqrt() * scale)
            start += block.multiplicity
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return str(self.rep)
