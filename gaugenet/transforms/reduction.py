"""Reductions of the structure group: frames fixed by a direction field, up to the elements of a finite group."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements, Group
from gaugenet.transforms.gauge import change_gauge, set_transport, transport


def reduce_group(data: Data, group: Group, angle: Tensor) -> Any:
    """Return a bundle of SO(2) or O(2) with its frames turned by ``angle`` and its transport in a finite group K.

    After the turn transport is g_ij = R(t) F^s, with R(t) in K times a rest of at most half a step, pi / N: how far the
    direction field turns, against the connection, along the edge. Features move by the nearest element of K alone. The
    root mean square of the rests of level 0 is kept as ``rest (1,)`` [rad]: 0 where the connection has values in K.

    Args:
        data: single, made with group SO2 or O2. group: a finite subgroup of that. angle: ``(V,)`` [rad] of one of the
            directions in the frame of each vertex.
    """
    out, level = change_gauge(data, angle), 0
    while f"edge_index_{level}" in out:
        for kind in ("", "pool_") if level else ("",):
            at = transport(out, level, kind)
            nearest = group.nearest(at)
            if level == 0:
                out.rest = (nearest.angle - at.angle).square().mean().nan_to_num().sqrt()[None]
            if not kind:
                nearest = _both_ways(nearest, *out[f"edge_index_{level}"])
            turn = nearest.angle / (2 * math.pi)
            set_transport(out, level, Elements(2 * math.pi * (turn - turn.round()), nearest.flip), kind)
        level += 1
    out.group = str(group)
    return out


def _both_ways(at: Elements, source: Tensor, target: Tensor) -> Elements:
    """Return transport with g_ij = g_ji^-1: of an edge and its reverse one alone decides where the nearest tie."""
    if not len(source):
        return at
    reverse = torch.argsort(source * (target.max() + 1) + target)  # edges are sorted by target, then by source
    back, ahead = at[reverse].inverse(), source < target
    return Elements(torch.where(ahead, at.angle, back.angle), torch.where(ahead, at.flip, back.flip))
