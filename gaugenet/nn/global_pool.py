"""Pooling of a whole shape to invariants."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import softmax

from gaugenet.nn.entry import enter, numbered
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.nn.shapes import Shapes
from gaugenet.representation import Representation

KINDS = ("mean", "max", "attention", "quantiles")
SHARES = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97)


class GlobalPool(Layer):
    """Make invariants of each shape of a batch: ``(B, C)`` with C the number of copies, or ``(B, Q C)``; exact.

    Every copy gives an invariant at each vertex: itself if it is one, otherwise its norm. Over the vertices of a shape
    these are averaged by area, maximised, or averaged by area times the exponential of a learned invariant
    ("attention", a score for each copy, normalised over the shape). Or their distribution is described by Q quantiles
    by area ("quantiles", all of the first, then all of the next), which keep what a mean or a maximum would blur.

    Args:
        rep: Representation of the input.
        kind: "mean", "max", "attention" or "quantiles".
        shares: Shares of the area below each quantile, Q numbers from 0 to 1; by default 3, 10, 25, 50, 75, 90 and
            97 %.

    Raises:
        ValueError: If the kind is unknown, if shares are not between 0 and 1, or if another kind is given shares.
    """

    shown = ("kind",)

    def __init__(self, rep: Representation | str, kind: str = "mean", shares: Sequence[float] | None = None) -> None:
        rep = Representation(rep)
        if kind not in KINDS:
            raise ValueError(f'GlobalPool expects kind {", ".join(KINDS)}, got "{kind}"')
        if shares is not None and kind != "quantiles":
            raise ValueError(f'GlobalPool takes shares only for quantiles, got kind "{kind}" and shares: drop them')
        shares = SHARES if shares is None else shares
        if not shares or not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"GlobalPool expects shares of the area, from 0 to 1, got {tuple(shares)}")
        copies = sum(block.multiplicity for block in rep)
        super().__init__(
            rep, Representation.invariants(copies * (len(shares) if kind == "quantiles" else 1), rep.group)
        )
        self.kind, self.shares, self.invariants = kind, tuple(shares), GroupPool(rep)
        self.score = nn.Linear(copies, copies, bias=False) if kind == "attention" else None

    def forward(self, x: Tensor, at: Level | Data, level: int | None = None) -> Tensor:
        """Pool features.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.
            level: Deprecated: number of the level of the data.

        Returns:
            Invariants, ``(B, rep_out.dim)``.
        """
        if level is not None:
            at = numbered(at, level)
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


def quantiles(x: Tensor, shapes: Shapes, shares: Sequence[float]) -> Tensor:
    """Return the values below which given shares of the area of each shape lie.

    A vertex is at the middle of its own area, the sorted values are interpolated linearly, and beyond the first and the
    last vertex they are constant. The quantile is differentiable in the two values around it.

    Args:
        x: Values, ``(V, C)``.
        shapes: Shapes that the vertices belong to.
        shares: Q numbers between 0 and 1.

    Returns:
        Quantiles, ``(B, Q, C)``.
    """
    order = x.argsort(dim=0, stable=True)
    if shapes.number is not None:
        order = order.gather(0, shapes.number[order].argsort(dim=0, stable=True))
    # Below a vertex of shape b are b whole shapes, and the share of its own.
    area = shapes.share.double()[order]
    below = area.cumsum(0) - area / 2
    whole = torch.arange(shapes.count, dtype=below.dtype, device=x.device)
    wanted = (whole[:, None] + below.new_tensor(shares)).flatten()
    above = torch.searchsorted(below.T.contiguous(), wanted.expand(x.shape[1], -1).contiguous()).T

    count = torch.zeros_like(whole).index_add_(0, shapes.index, torch.ones_like(shapes.share, dtype=whole.dtype)).long()
    end = count.cumsum(0).repeat_interleave(len(shares))[:, None]
    first = end - count.repeat_interleave(len(shares))[:, None]
    lower, upper = torch.maximum(above - 1, first), torch.minimum(above, end - 1)
    left, right = below.gather(0, lower), below.gather(0, upper)
    tiny = torch.finfo(below.dtype).tiny
    part = ((wanted[:, None] - left) / (right - left).clamp_min(tiny)).clamp(0, 1).to(x.dtype)
    values = x.gather(0, order)
    found = values.gather(0, lower) * (1 - part) + values.gather(0, upper) * part
    return found.unflatten(0, (shapes.count, len(shares)))
