"""Pooling of a whole shape to invariants."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import softmax

from gaugenet.nn.entry import enter
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.level import Level
from gaugenet.nn.quantiles import quantiles
from gaugenet.representation import Representation

KINDS = ("mean", "max", "attention", "quantiles")
SHARES = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97)


class GlobalPool(nn.Module):
    """Make invariants of each shape of a batch: ``(B, C)`` with C the number of copies, or ``(B, Q C)``; exact.

    Every copy gives an invariant at each vertex, itself where it is one and else its norm. Over the vertices of a shape
    these are averaged by area, maximised, or averaged by area times the exponential of a learned invariant
    ("attention", a score a copy, normalised over the shape). Or their distribution is described by Q quantiles by area
    ("quantiles", all of the first, then all of the next): they say where a mean or a maximum would blur.

    Args:
        rep: representation of the input. kind: "mean", "max", "attention" or "quantiles". shares: of the area below
            each quantile, Q numbers from 0 to 1, by default 3, 10, 25, 50, 75, 90 and 97 %.
    """

    def __init__(self, rep: Representation | str, kind: str = "mean", shares: Sequence[float] | None = None) -> None:
        super().__init__()
        self.rep_in, self.kind = Representation(rep), kind
        if kind not in KINDS:
            raise ValueError(f'GlobalPool expects kind {", ".join(KINDS)}, got "{kind}"')
        if shares is not None and kind != "quantiles":
            raise ValueError(f'GlobalPool takes shares for quantiles alone, got kind "{kind}" and shares: drop them')
        shares = SHARES if shares is None else shares
        if not shares or not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"GlobalPool expects shares of the area, from 0 to 1, got {tuple(shares)}")
        self.shares = tuple(shares)
        self.invariants = GroupPool(self.rep_in)
        copies = self.invariants.rep_out.dim
        self.rep_out = Representation.invariants(
            copies * (len(self.shares) if kind == "quantiles" else 1), self.rep_in.group
        )
        self.score = nn.Linear(copies, copies, bias=False) if kind == "attention" else None

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Pool ``x (V_l, rep_in.dim)`` on a level of a bundle, single or batched."""
        shapes = enter(self, x, at, transports=False).shapes
        values = self.invariants(x)
        if self.kind == "quantiles":
            return quantiles(values, shapes, self.shares).flatten(1)
        share = shapes.share[:, None].to(x.dtype)
        if self.kind == "mean":
            return shapes.sum(share * values)
        if self.score is None:
            return shapes.maximum(values)
        score = nn.functional.linear(values, self.score.weight.to(x.dtype))
        score = score + share.clamp_min(torch.finfo(x.dtype).tiny).log()
        return shapes.sum(softmax(score, shapes.index, num_nodes=shapes.count) * values)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, kind={self.kind}"
