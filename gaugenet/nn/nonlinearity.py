"""Pointwise nonlinearities: by norms, by gates, and on functions on the group."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.nn.group_pool import GroupFunction
from gaugenet.nn.layer import Layer
from gaugenet.representation import Representation

Activation = Callable[[Tensor], Tensor]


class NormNonlinearity(Layer):
    """Rescale each copy by a function of its norm: z -> act(|z| + b) z / |z| (Worrall et al. 2017, eq. 8); exact.

    Invariants pass through ``act(x + b)``.

    Args:
        rep: Representation of input and output.
        activation: Function applied to norms and invariants.
    """

    def __init__(self, rep: Representation | str, activation: Activation = torch.relu) -> None:
        super().__init__(rep)
        self.activation = activation
        self.bias = nn.Parameter(torch.zeros(sum(block.multiplicity for block in self.rep)))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale features ``x (..., rep.dim)``."""
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


class GatedNonlinearity(Layer):
    """Multiply each copy that is not invariant by the sigmoid of an invariant of its own (Weiler et al. 2018); exact.

    Args:
        rep: Representation of the output; the input is ``rep_in`` = rep plus a gate, an invariant, for each such copy.
        activation: Function applied to the invariants of ``rep``.
    """

    def __init__(self, rep: Representation | str, activation: Activation = nn.functional.silu) -> None:
        rep = Representation(rep)
        gates = sum(block.multiplicity for block in rep if not block.invariant)
        super().__init__(rep + Representation.invariants(gates, rep.group), rep)
        self.gates, self.activation = gates, activation

    def forward(self, x: Tensor) -> Tensor:
        """Gate features ``x (..., rep_in.dim)``."""
        self.rep_in.check(x, "GatedNonlinearity")
        *fields, gates = self.rep_in.split(x) if self.gates else (*self.rep_in.split(x), x[..., :0])
        gates = torch.sigmoid(gates.contiguous())  # four times as fast as on columns of a wider tensor
        parts, start = [], 0
        for block, z in zip(self.rep_out, fields, strict=True):
            if block.invariant:
                parts.append(self.activation(z.contiguous()))
                continue
            gate = gates[..., None, start : start + block.multiplicity]
            parts.append((z.unflatten(-1, (block.size, block.multiplicity)) * gate).flatten(-2))
            start += block.multiplicity
        return torch.cat(parts, dim=-1)


class RegularNonlinearity(Layer):
    """Read the irreps of a channel as a function on the group, apply a function at every element, transform back.

    On C_N and D_N, with all elements, it is exactly equivariant; with the irreps of ``regular`` or of ``quotient(D1)``
    of D_N, the function (``GroupFunction``) has as many values as x has components and nothing is lost (Cohen & Welling
    2016). On SO(2) and O(2) it is sampled at N angles: exact for multiples of 2 pi / N; for others there is an
    error, aliasing of the kinks of ``activation``, of order N^-2 for ReLU.

    Args:
        rep: Representation of input and output; channel c holds the c-th copy of each block, each irrep in one block,
            or in two if it is a pair and the group has reflections.
        samples: Number of angles N for SO(2) and O(2), 16 by default.
        activation: Function applied to the values.
    """

    shown = ("samples",)

    def __init__(
        self, rep: Representation | str, samples: int | None = None, activation: Activation = torch.relu
    ) -> None:
        super().__init__(rep)
        self.activation = activation
        self._function = GroupFunction(self.rep, samples, "RegularNonlinearity")

    @property
    def samples(self) -> int:
        """Number N of rotations at which functions are sampled."""
        return self._function.samples

    def forward(self, x: Tensor) -> Tensor:
        """Apply the activation to features ``x (..., rep.dim)``."""
        self.rep.check(x, "RegularNonlinearity")
        return self._function.features(self.activation(self._function.values(x)))
