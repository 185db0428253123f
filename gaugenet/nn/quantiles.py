"""Quantiles of the values on a shape, by area."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugenet.nn.shapes import Shapes


def quantiles(x: Tensor, shapes: Shapes, shares: Sequence[float]) -> Tensor:
    """Return the values ``(B, Q, C)`` below which given shares of the area of each shape lie.

    A vertex stands in the middle of its own area, the sorted values are joined by straight lines, and outside of the
    first and the last vertex they stay as they are. The quantile is differentiable in the two values around it.

    Args:
        x: ``(V, C)``. shapes: of the V vertices. shares: Q numbers between 0 and 1.
    """
    order = x.argsort(dim=0, stable=True)
    if shapes.number is not None:
        order = order.gather(0, shapes.number[order].argsort(dim=0, stable=True))
    # Below a vertex of shape b lie b whole shapes, and the share of its own.
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
