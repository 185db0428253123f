"""The residual block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.nn.attention import GaugeAttention
from gaugenet.nn.differential_conv import DifferentialConv
from gaugenet.nn.diffusion import Diffusion
from gaugenet.nn.gauge_conv import GaugeConv
from gaugenet.nn.implicit_diffusion import ImplicitDiffusion
from gaugenet.nn.inner_product import InnerProduct
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.level import Level
from gaugenet.nn.message_conv import MessageConv
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.nn.stencil import Stencil
from gaugenet.representation import Representation

# How each layer by which a vertex learns from others is made, and what of a level it reads.
LAYERS: dict[str, tuple[Callable[[Representation, int], nn.Module], str]] = {
    "conv": (lambda rep, profiles: GaugeConv(rep, rep, profiles), "stencil"),
    "attention": (lambda rep, profiles: GaugeAttention(rep, rep, heads=2, profiles=profiles), "stencil"),
    "message": (lambda rep, profiles: MessageConv(rep, rep, profiles=profiles), "stencil"),
    "differential": (lambda rep, profiles: DifferentialConv(rep, rep), "stencil"),
    "diffusion": (lambda rep, profiles: Diffusion(rep), "spectrum"),
    "implicit": (lambda rep, profiles: ImplicitDiffusion(rep), "laplacian"),
}


def layer_names(layers: str, alone: Sequence[str] = ()) -> list[str]:
    """Read names of layers such as ``"conv + diffusion"``.

    Args:
        alone: words that may stand in their place.

    Raises:
        ValueError: for a name that is none, or one twice.
    """
    if layers in alone:
        return [layers]
    names = [name.strip() for name in layers.split("+")]
    if not set(names) <= LAYERS.keys() or len(set(names)) < len(names):
        other = f", or {', '.join(alone)} alone" if alone else ""
        raise ValueError(f'layers must be different ones of {", ".join(LAYERS)}, joined by +{other}; got "{layers}"')
    return names


class ResidualBlock(nn.Module):
    """Add to a field what layers that look around and a gated pointwise network make of it; exactly equivariant.

        y = Layer(LayerNorm(x));   z = LayerNorm(y, <y, y>);   x + Intertwiner(Gate(Intertwiner(z)))

    where <y, y> are learned inner products of the features that are not invariant, so that invariants see them. Several
    layers stand beside each other: y are the features of all of them.

    Args:
        rep: representation of input and output. profiles: radial profiles of kernels.
        expansion: width of the gated layer over that of ``rep``. dropout: share of the invariants dropped in training.
        layers: one or more of "conv", "attention", "message", "differential", "diffusion" (in the eigenbasis) and
            "implicit" (diffusion by an implicit step), joined by "+".
    """

    def __init__(
        self,
        rep: Representation | str,
        profiles: int = 2,
        expansion: int = 2,
        dropout: float = 0.0,
        layers: str = "conv",
    ) -> None:
        super().__init__()
        rep = self.rep = self.rep_in = self.rep_out = Representation(rep)
        names = layer_names(layers)
        tangent = rep.num_invariants < sum(block.multiplicity for block in rep)
        invariants = max((block.multiplicity for block in rep), default=0) if tangent else 0
        self.norm = LayerNorm(rep)
        self.layers = nn.ModuleDict({name: LAYERS[name][0](rep, profiles) for name in names})
        seen = rep
        for _ in names[1:]:
            seen = seen + rep
        self.product = InnerProduct(seen, invariants) if tangent else None
        mixed = seen + Representation.invariants(invariants, rep.group)
        self.mixed_norm = LayerNorm(mixed)
        self.gate = GatedNonlinearity(rep * expansion)
        self.enter = Intertwiner(mixed, self.gate.rep_in)
        self.leave = Intertwiner(self.gate.rep_out, rep)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, at: Level | Stencil | Any) -> Tensor:
        """Return the new field; ``at`` is the level, its stencil where that is enough, or data (level 0 is used)."""
        self.rep.check(x, "ResidualBlock")
        z, level = self.norm(x), Level.of(at)
        y = torch.cat([layer(z, getattr(level, LAYERS[name][1])) for name, layer in self.layers.items()], dim=-1)
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
