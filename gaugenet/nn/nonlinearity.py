"""Nonlinearities: norm, gated and regular."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation

Activation = Callable[[Tensor], Tensor]


class NormNonlinearity(nn.Module):
    """Rescale each copy by a function of its norm: z -> act(|z| + b) z / |z| (Worrall et al. 2017, eq. 8); exact.

    Order 0 passes through ``act(x + b)``.

    Args:
        rep: representation of input and output. activation: applied to norms and scalars.
    """

    def __init__(self, rep: Representation | str, activation: Activation = torch.relu) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.activation = activation
        self.bias = nn.Parameter(torch.zeros(sum(block.multiplicity for block in self.rep)))

    def forward(self, x: Tensor) -> Tensor:
        self.rep.check(x, "NormNonlinearity")
        parts, start = [], 0
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            bias = self.bias[start : start + block.multiplicity]
            start += block.multiplicity
            if block.order == 0:
                parts.append(self.activation(z + bias))
                continue
            pair = z.unflatten(-1, (2, block.multiplicity))
            norm = (pair.square().sum(-2, keepdim=True) + 1e-12).sqrt()
            parts.append((pair * (self.activation(norm + bias) / norm)).flatten(-2))
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return str(self.rep)


class GatedNonlinearity(nn.Module):
    """Multiply each copy of order n >= 1 by the sigmoid of a scalar of its own (Weiler et al. 2018); exact.

    Args:
        rep: representation of the output; the input is ``rep_in`` = rep plus one gate, an invariant, a copy.
        activation: applied to the invariants of ``rep`` themselves.
    """

    def __init__(self, rep: Representation | str, activation: Activation = nn.functional.silu) -> None:
        super().__init__()
        self.rep_out = Representation(rep)
        self.gates = sum(block.multiplicity for block in self.rep_out if block.order > 0)
        self.rep_in = self.rep_out + Representation(((self.gates, 0),))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        self.rep_in.check(x, "GatedNonlinearity")
        *fields, gates = self.rep_in.split(x) if self.gates else (*self.rep_in.split(x), x[..., :0])
        gates = torch.sigmoid(gates)
        parts, start = [], 0
        for block, z in zip(self.rep_out, fields, strict=True):
            if block.order == 0:
                parts.append(self.activation(z))
                continue
            gate = gates[..., None, start : start + block.multiplicity]
            parts.append((z.unflatten(-1, (2, block.multiplicity)) * gate).flatten(-2))
            start += block.multiplicity
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"


class RegularNonlinearity(nn.Module):
    """Read the orders of a channel as a function on the circle, apply a function pointwise, transform back.

    f(phi) = x_0 + sum_n Re(z_n) cos(n phi) + Im(z_n) sin(n phi), sampled at N angles (de Haan et al. 2021, section 5).
    Exact under rotations by multiples of 2 pi / N; for others the error falls as N grows: aliasing of the kinks of
    ``activation``, order N^-2 for ReLU.

    Args:
        rep: representation of input and output; channel c holds the c-th copy of each order, each order in one block.
        samples: N. activation: applied to the samples.
    """

    def __init__(self, rep: Representation | str, samples: int = 16, activation: Activation = torch.relu) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.samples, self.activation = samples, activation
        orders = [block.order for block in self.rep]
        if len(set(orders)) != len(orders):
            raise ValueError(f"RegularNonlinearity expects each order in one block, got {self.rep}: merge equal orders")
        highest = max(orders, default=0)
        if samples <= 2 * highest:
            raise ValueError(f"RegularNonlinearity needs more than {2 * highest} samples for {self.rep}, got {samples}")

    def _waves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return synthesis ``(components, N)`` and analysis ``(N, components)`` as exact as ``x``, on its device."""
        phi = torch.arange(self.samples, dtype=torch.float64, device=x.device) * (2 * math.pi / self.samples)
        waves = [
            torch.stack([torch.cos(block.order * phi), torch.sin(block.order * phi)][: block.size])
            for block in self.rep
        ]
        synthesis = torch.cat(waves)
        analysis = torch.cat([block.size / self.samples * wave for block, wave in zip(self.rep, waves, strict=True)]).T
        return synthesis.to(x.dtype), analysis.to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        self.rep.check(x, "RegularNonlinearity")
        channels = max([block.multiplicity for block in self.rep])
        stacked = torch.cat(
            [
                nn.functional.pad(z.unflatten(-1, (block.size, block.multiplicity)), (0, channels - block.multiplicity))
                for block, z in zip(self.rep, self.rep.split(x), strict=True)
            ],
            dim=-2,
        )  # (..., components, channels)
        synthesis, analysis = self._waves(x)
        values = self.activation(torch.einsum("kn,...kc->...nc", synthesis, stacked))
        back = torch.einsum("nk,...nc->...kc", analysis, values)
        parts, start = [], 0
        for block in self.rep:
            parts.append(back[..., start : start + block.size, : block.multiplicity].flatten(-2))
            start += block.size
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep}, samples={self.samples}"
