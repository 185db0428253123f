"""Nonlinearities that act on each copy by its norm or by an invariant."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation

Activation = Callable[[Tensor], Tensor]


class NormNonlinearity(nn.Module):
    """Rescale each copy by a function of its norm: z -> act(|z| + b) z / |z| (Worrall et al. 2017, eq. 8); exact.

    Invariants pass through ``act(x + b)``.

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
            if block.invariant:
                parts.append(self.activation(z + bias))
                continue
            pair = z.unflatten(-1, (block.size, block.multiplicity))
            norm = (pair.square().sum(-2, keepdim=True) + 1e-12).sqrt()
            parts.append((pair * (self.activation(norm + bias) / norm)).flatten(-2))
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return str(self.rep)


class GatedNonlinearity(nn.Module):
    """Multiply each copy that is not invariant by the sigmoid of an invariant of its own (Weiler et al. 2018); exact.

    Args:
        rep: representation of the output; the input is ``rep_in`` = rep plus one gate, an invariant, a copy.
        activation: applied to the invariants of ``rep`` themselves.
    """

    def __init__(self, rep: Representation | str, activation: Activation = nn.functional.silu) -> None:
        super().__init__()
        self.rep_out = Representation(rep)
        self.gates = sum(block.multiplicity for block in self.rep_out if not block.invariant)
        self.rep_in = self.rep_out + Representation.invariants(self.gates, self.rep_out.group)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        self.rep_in.check(x, "GatedNonlinearity")
        *fields, gates = self.rep_in.split(x) if self.gates else (*self.rep_in.split(x), x[..., :0])
        gates = torch.sigmoid(gates.contiguous())  # on columns of a wider tensor it takes four times as long
        parts, start = [], 0
        for block, z in zip(self.rep_out, fields, strict=True):
            if block.invariant:
                parts.append(self.activation(z.contiguous()))
                continue
            gate = gates[..., None, start : start + block.multiplicity]
            parts.append((z.unflatten(-1, (block.size, block.multiplicity)) * gate).flatten(-2))
            start += block.multiplicity
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"
