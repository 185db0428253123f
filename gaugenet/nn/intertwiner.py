"""The pointwise linear layer."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

from gaugenet.nn.layer import Layer
from gaugenet.representation import Block, Representation


def real_matrix(weight: Tensor, out: Block) -> Tensor:
    """Return the matrix by which copies of an irrep mix, acting on rows (Re, Im).

    Args:
        weight: Real weights ``(in, out)``, which act on each component in the same way; or complex ones
            ``(2, in, out)``, if the commutant of the irrep is that of complex numbers.
        out: Block of the output.

    Returns:
        ``(in * size, out * size)``.
    """
    if out.irrep.commutant == 2:
        re, im = weight
        return torch.cat([torch.cat([re, im], dim=1), torch.cat([-im, re], dim=1)], dim=0)
    if out.size == 1:
        return weight
    zero = torch.zeros_like(weight)
    return torch.cat([torch.cat([weight, zero], dim=1), torch.cat([zero, weight], dim=1)], dim=0)


class Intertwiner(Layer):
    """Map features vertex by vertex, linearly and equivariantly: the most general such map, by Schur's lemma.

    Copies of an irrep mix only with those of the same irrep, by a real matrix, or by a complex one if the irrep is a
    pair and the group has no reflections. The bias acts on invariants only.

    Args:
        rep_in: Representation of the input.
        rep_out: Representation of the output, of the same group.
        bias: Whether to add a learned constant to invariant outputs.
    """

    def __init__(self, rep_in: Representation | str, rep_out: Representation | str, bias: bool = True) -> None:
        super().__init__(rep_in, rep_out)
        self.weight = nn.ParameterDict()
        for b, out in enumerate(self.rep_out):
            fan_in = self.rep_in.multiplicity(out.irrep)
            for a, block in enumerate(self.rep_in):
                if block.irrep == out.irrep:
                    parts = (2,) if out.irrep.commutant == 2 else ()
                    shape = (*parts, block.multiplicity, out.multiplicity)
                    scale = (out.irrep.commutant * fan_in) ** -0.5
                    self.weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * scale)
        invariant = self.rep_out.num_invariants
        self.bias = nn.Parameter(torch.zeros(invariant)) if bias and invariant else None

    def forward(self, x: Tensor) -> Tensor:
        """Return features ``(..., rep_out.dim)`` of features ``x (..., rep_in.dim)``."""
        y = self.linear(x)
        return y if self.bias is None else y + padded_bias(self.bias, self.rep_out, x).to(x.dtype)

    def linear(self, x: Tensor) -> Tensor:
        """Map features ``x (..., rep_in.dim)`` without the bias."""
        self.rep_in.check(x, "Intertwiner")
        fields = self.rep_in.split(x)
        parts = [x[..., :0]]
        for b, out in enumerate(self.rep_out):
            same = [a for a, block in enumerate(self.rep_in) if block.irrep == out.irrep]
            terms = [fields[a] @ self.matrix(a, b).to(x.dtype) for a in same]
            parts.append(reduce(torch.add, terms) if terms else x.new_zeros(*x.shape[:-1], out.dim))
        return torch.cat(parts, dim=-1)

    def matrix(self, a: int, b: int) -> Tensor:
        """Return the real matrix by which a block in enters a block out of the same irrep.

        Args:
            a: Index of the block in.
            b: Index of the block out.

        Returns:
            ``(dim_a, dim_b)``.
        """
        return real_matrix(self.weight[f"{a}_{b}"], self.rep_out.blocks[b])


def padded_bias(bias: Tensor | None, rep: Representation, like: Tensor) -> Tensor:
    """Return what a bias of the invariants adds to features.

    Args:
        bias: ``(rep.num_invariants,)``, or None.
        rep: Representation of the features.
        like: Tensor of the precision and on the device of what other features get, which is 0.

    Returns:
        ``(rep.dim,)``.
    """
    parts, start = [like.new_zeros(0)], 0
    for block in rep:
        if block.invariant and bias is not None:
            parts.append(bias[start : start + block.multiplicity])
            start += block.multiplicity
        else:
            parts.append(like.new_zeros(block.dim))
    return torch.cat(parts)
