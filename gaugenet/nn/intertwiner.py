"""The pointwise linear layer."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

from gaugenet.representation import Block, Representation


def complex_weight(weight: Tensor) -> Tensor:
    """Return the real matrix of a complex product: ``(2, in, out)`` to ``(2 in, 2 out)``, acting on rows (Re, Im)."""
    re, im = weight
    return torch.cat([torch.cat([re, im], dim=1), torch.cat([-im, re], dim=1)], dim=0)


def real_matrix(weight: Tensor, out: Block) -> Tensor:
    """Return the matrix ``(rows, out.dim)`` of real weights for order 0, of complex ones ``(2, ...)`` otherwise."""
    return weight.reshape(-1, out.multiplicity) if out.order == 0 else complex_weight(weight)


class Intertwiner(nn.Module):
    """Map features vertex by vertex, linearly and equivariantly: the most general such map, by Schur's lemma.

    Copies of order 0 mix by a real matrix, copies of order n >= 1 by a complex one, different orders not at all.
    The bias acts on order 0 only.

    Args:
        rep_in, rep_out: representations, ``(..., rep_in.dim)`` to ``(..., rep_out.dim)``.
        bias: add a learned constant to invariant outputs.
    """

    def __init__(self, rep_in: Representation | str, rep_out: Representation | str, bias: bool = True) -> None:
        super().__init__()
        self.rep_in, self.rep_out = Representation(rep_in), Representation(rep_out)
        self.weight = nn.ParameterDict()
        for b, out in enumerate(self.rep_out):
            fan_in = sum(block.multiplicity for block in self.rep_in if block.order == out.order)
            for a, block in enumerate(self.rep_in):
                if block.order == out.order:
                    parts = () if out.order == 0 else (2,)
                    shape = (*parts, block.multiplicity, out.multiplicity)
                    scale = (out.size * fan_in) ** -0.5
                    self.weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * scale)
        invariant = self.rep_out.multiplicity(0)
        self.bias = nn.Parameter(torch.zeros(invariant)) if bias and invariant else None

    def forward(self, x: Tensor) -> Tensor:
        self.rep_in.check(x, "Intertwiner")
        fields = self.rep_in.split(x)
        parts = [x[..., :0]]
        for b, out in enumerate(self.rep_out):
            same = [a for a, block in enumerate(self.rep_in) if block.order == out.order]
            terms = [fields[a] @ self.matrix(a, b) for a in same]
            parts.append(reduce(torch.add, terms) if terms else x.new_zeros(*x.shape[:-1], out.dim))
        y = torch.cat(parts, dim=-1)
        return y if self.bias is None else y + self.padded_bias(x)

    def matrix(self, a: int, b: int) -> Tensor:
        """Return the real matrix ``(dim_a, dim_b)`` by which block a in enters block b out, of the same order."""
        return real_matrix(self.weight[f"{a}_{b}"], self.rep_out.blocks[b])

    def padded_bias(self, like: Tensor) -> Tensor:
        """Return the bias as ``(rep_out.dim,)``, zero outside order 0; on the device of ``like``."""
        parts, start = [like.new_zeros(0)], 0
        for out in self.rep_out:
            if out.order == 0 and self.bias is not None:
                parts.append(self.bias[start : start + out.multiplicity])
                start += out.multiplicity
            else:
                parts.append(like.new_zeros(out.dim))
        return torch.cat(parts)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"
