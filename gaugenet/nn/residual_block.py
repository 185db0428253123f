"""The residual block."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.nn.gauge_conv import GaugeConv
from gaugenet.nn.inner_product import InnerProduct
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.nn.stencil import Stencil
from gaugenet.representation import Representation


class ResidualBlock(nn.Module):
    """Add to a field what a convolution and a gated pointwise network make of it; exactly equivariant.

        y = GaugeConv(LayerNorm(x));   z = LayerNorm(y, <y, y>);   x + Intertwiner(Gate(Intertwiner(z)))

    where <y, y> are learned inner products of the features that are not invariant, so that invariants see them.

    Args:
        rep: representation of input and output. profiles: radial profiles of the convolution.
        expansion: width of the gated layer over that of ``rep``. dropout: share of the invariants dropped in training.
    """

    def __init__(self, rep: Representation | str, profiles: int = 2, expansion: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        rep = self.rep = self.rep_in = self.rep_out = Representation(rep)
        tangent = rep.num_invariants < sum(block.multiplicity for block in rep)
        invariants = max((block.multiplicity for block in rep), default=0) if tangent else 0
        self.norm = LayerNorm(rep)
        self.conv = GaugeConv(rep, rep, profiles=profiles)
        self.product = InnerProduct(rep, invariants) if tangent else None
        mixed = rep + Representation.invariants(invariants, rep.group)
        self.mixed_norm = LayerNorm(mixed)
        self.gate = GatedNonlinearity(rep * expansion)
        self.enter = Intertwiner(mixed, self.gate.rep_in)
        self.leave = Intertwiner(self.gate.rep_out, rep)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, at: Stencil | Any) -> Tensor:
        self.rep.check(x, "ResidualBlock")
        y = self.conv(self.norm(x), at)
        if self.product is not None:
            y = torch.cat([y, self.product(y)], dim=-1)
        hidden = self.gate(self.enter(self.mixed_norm(y)))
        if self.dropout.p > 0:
            hidden = _drop_invariants(hidden, self.gate.rep_out, self.dropout)
        return x + self.leave(hidden)

    def extra_repr(self) -> str:
        return str(self.rep)


def _drop_invariants(x: Tensor, rep: Representation, dropout: nn.Dropout) -> Tensor:
    return torch.cat([dropout(z) if b.invariant else z for z, b in zip(rep.split(x), rep, strict=True)], dim=-1)
