"""The gated pointwise network of residual blocks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.nn.inner_product import InnerProduct
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.representation import Representation


class GatedBlock(nn.Module):
    """A gated pointwise network from what layers that look around have found to an update; exactly equivariant.

        z = norm(y, <y, y>);   Intertwiner(Gate(Intertwiner(z)))

    where <y, y> are learned inner products of the features that are not invariant, so that invariants see them. Several
    layers stand beside each other: y are the features of all of them. Blocks say how they are run and add the update.

    Args:
        rep: representation of the update. layers: by name, each from ``rep`` to ``rep``.
        expansion: width of the gated layer over that of ``rep``. dropout: share of the invariants dropped in training.
        norm: makes what normalises; blocks that have normalised the features already pass ``nn.Identity``.
    """

    def __init__(
        self,
        rep: Representation,
        layers: nn.ModuleDict,
        expansion: int,
        dropout: float,
        norm: Callable[[Representation], nn.Module] = LayerNorm,
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = rep
        tangent = rep.num_invariants < sum(block.multiplicity for block in rep)
        invariants = max((block.multiplicity for block in rep), default=0) if tangent else 0
        self.layers = layers
        seen = rep
        for _ in range(len(layers) - 1):
            seen = seen + rep
        self.product = InnerProduct(seen, invariants) if tangent else None
        mixed = seen + Representation.invariants(invariants, rep.group)
        self.mixed_norm = norm(mixed)
        self.gate = GatedNonlinearity(rep * expansion)
        self.enter = Intertwiner(mixed, self.gate.rep_in)
        self.leave = Intertwiner(self.gate.rep_out, rep)
        self.dropout = nn.Dropout(dropout)

    def update(self, y: Tensor) -> Tensor:
        """Return the update ``(..., rep.dim)`` of the features ``(..., layers * rep.dim)`` that the layers found."""
        if self.product is not None:
            y = torch.cat([y, self.product(y)], dim=-1)
        hidden = self.gate(self.enter(self.mixed_norm(y)))
        if self.dropout.p > 0:
            hidden = _drop_invariants(hidden, self.gate.rep_out, self.dropout)
        return self.leave(hidden)

    def extra_repr(self) -> str:
        return str(self.rep)


def _drop_invariants(x: Tensor, rep: Representation, dropout: nn.Dropout) -> Tensor:
    return torch.cat([dropout(z) if b.invariant else z for z, b in zip(rep.split(x), rep, strict=True)], dim=-1)
