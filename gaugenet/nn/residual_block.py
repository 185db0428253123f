"""The residual block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.attention import GaugeAttention
from gaugenet.nn.diffusion import Diffusion, ImplicitDiffusion
from gaugenet.nn.entry import enter
from gaugenet.nn.gauge_conv import DifferentialConv, GaugeConv
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.level import Level
from gaugenet.nn.message_conv import MessageConv
from gaugenet.nn.pointwise_network import GatedBlock
from gaugenet.representation import Representation

# Constructors of the layers that read neighbours, by name.
LAYERS: dict[str, Callable[[Representation, int], nn.Module]] = {
    "conv": lambda rep, profiles: GaugeConv(rep, rep, profiles),
    "attention": lambda rep, profiles: GaugeAttention(rep, rep, heads=2, profiles=profiles),
    "message": lambda rep, profiles: MessageConv(rep, rep, profiles=profiles),
    "differential": lambda rep, profiles: DifferentialConv(rep, rep),
    "diffusion": lambda rep, profiles: Diffusion(rep),
    "implicit": lambda rep, profiles: ImplicitDiffusion(rep),
}


def layer_names(layers: str, alone: Sequence[str] = ()) -> list[str]:
    """Read names of layers such as ``"conv + diffusion"``.

    Args:
        layers: Names, joined by "+".
        alone: Words that are allowed instead of names.

    Returns:
        The names.

    Raises:
        ValueError: If a name is unknown or repeated.
    """
    if layers in alone:
        return [layers]
    names = [name.strip() for name in layers.split("+")]
    if not set(names) <= LAYERS.keys() or len(set(names)) < len(names):
        other = f", or {', '.join(alone)} alone" if alone else ""
        raise ValueError(f'layers must be different ones of {", ".join(LAYERS)}, joined by +{other}; got "{layers}"')
    return names


class ResidualBlock(GatedBlock):
    """Add an update by layers that read neighbours and by a gated pointwise network; exactly equivariant.

        y = Layer(LayerNorm(x));   x + the update of ``GatedBlock`` from y

    Args:
        rep: Representation of input and output.
        profiles: Number of radial profiles of kernels.
        expansion: Width of the gated layer over that of ``rep``.
        dropout: Share of the invariants dropped in training.
        layers: One or more of "conv", "attention", "message", "differential", "diffusion" (in the eigenbasis) and
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
        rep = Representation(rep)
        found = nn.ModuleDict({name: LAYERS[name](rep, profiles) for name in layer_names(layers)})
        super().__init__(rep, found, expansion, dropout)
        self.norm = LayerNorm(rep)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return the new field.

        Args:
            x: Features, ``(V, rep.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep.dim)``.
        """
        level = enter(self, x, at)
        z = self.norm(x)
        y = torch.cat([layer(z, level) for layer in self.layers.values()], dim=-1)
        return x + self.update(y)
