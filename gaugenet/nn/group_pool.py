"""Pooling over the group: features to invariants, vertex by vertex."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.group_function import GroupFunction
from gaugenet.representation import Representation

KINDS = ("norm", "max")


class GroupPool(nn.Module):
    """Make invariants of features: ``(..., rep.dim)`` to ``(..., C)``.

    norm: each copy gives its norm, an invariant itself; exact for every group. max: each channel, read as a function on
    the group (``GroupFunction``), gives its largest value (Cohen & Welling 2016, section 6.3): exact for finite groups,
    which have all elements sampled; for SO(2) and O(2) exact for multiples of 2 pi / N, with an error of order N^-2 for
    others.

    Args:
        rep: representation of the input. kind: "norm" or "max". samples: N for "max" on SO(2) and O(2), 16 by default.
    """

    def __init__(self, rep: Representation | str, kind: str = "norm", samples: int | None = None) -> None:
        super().__init__()
        self.rep_in, self.kind = Representation(rep), kind
        if kind not in KINDS:
            raise ValueError(f'GroupPool expects kind {" or ".join(KINDS)}, got "{kind}"')
        if kind == "norm" and samples is not None:
            raise ValueError("GroupPool samples functions for the kind max alone: drop samples")
        self._function = GroupFunction(self.rep_in, samples, "GroupPool") if kind == "max" else None
        count = sum(block.multiplicity for block in self.rep_in)
        count = count if self._function is None else self._function.channels
        self.rep_out = Representation.invariants(count, self.rep_in.group)

    def forward(self, x: Tensor) -> Tensor:
        self.rep_in.check(x, "GroupPool")
        if self._function is not None:
            return self._function.values(x).max(-2).values  # whose gradient is cheaper than that of amax
        parts = [x[..., :0]]
        for block, z in zip(self.rep_in, self.rep_in.split(x), strict=True):
            if not block.invariant:  # softened, so that the gradient is finite at 0
                z = (z.unflatten(-1, (block.size, block.multiplicity)).square().sum(-2) + 1e-12).sqrt()
            parts.append(z)
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, kind={self.kind}"
