"""The pointwise linear layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation


def complex_weight(weight: Tensor) -> Tensor:
    """Return the real matrix of a complex product: ``(2, in, out)`` to ``(2 in, 2 out)``, acting on rows (Re, Im)."""
    re, im = weight
    return torch.cat([torch.cat([re, im], dim=1), torch.cat([-im, re], dim=1)], dim=0)


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
        parts, start = [x[..., :0]], 0
        for b, out in enumerate(self.rep_out):
            y = None
            for a, block in enumerate(self.rep_in):
                if block.order != out.order:
                    continue
                weight = self.weight[f"{a}_{b}"]
                term = fields[a] @ (weight if out.order == 0 else complex_weight(weight))
                y = term if y is None else y + term
            if y is None:
                y = x.new_zeros(*x.shape[:-1], out.dim)
            if out.order == 0 and self.bias is not None:
                y = y + self.bias[start : start + out.multiplicity]
                start += out.multiplicity
            parts.append(y)
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"
