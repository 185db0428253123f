"""Pooling of a whole shape to invariants."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.utils import softmax

from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.shapes import Shapes
from gaugenet.representation import Representation

KINDS = ("mean", "max", "attention")


class GlobalPool(nn.Module):
    """Make invariants of each shape of a batch: ``(B, C)`` with C the number of copies; exact.

    Every copy gives an invariant at each vertex, itself where it is one and else its norm. Over the vertices of a shape
    these are averaged by area, maximised, or averaged by area times the exponential of a learned invariant
    ("attention", a score a copy, normalised over the shape).

    Args:
        rep: representation of the input. kind: "mean", "max" or "attention".
    """

    def __init__(self, rep: Representation | str, kind: str = "mean") -> None:
        super().__init__()
        self.rep_in, self.kind = Representation(rep), kind
        if kind not in KINDS:
            raise ValueError(f'GlobalPool expects kind {", ".join(KINDS)}, got "{kind}"')
        self.invariants = GroupPool(self.rep_in)
        self.rep_out = self.invariants.rep_out
        self.score = nn.Linear(self.rep_out.dim, self.rep_out.dim, bias=False) if kind == "attention" else None

    def forward(self, x: Tensor, data: Any, level: int = 0) -> Tensor:
        """Pool ``x (V_l, rep_in.dim)`` on a level of a bundle, single or batched."""
        shapes = Shapes.from_data(data, level)
        shapes.check(x, self.rep_in, "GlobalPool")
        values = self.invariants(x)
        share = shapes.share[:, None].to(x.dtype)
        if self.kind == "mean":
            return shapes.sum(share * values)
        if self.score is None:
            return shapes.maximum(values)
        score = self.score(values) + share.clamp_min(torch.finfo(x.dtype).tiny).log()
        return shapes.sum(softmax(score, shapes.index, num_nodes=shapes.count) * values)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, kind={self.kind}"
