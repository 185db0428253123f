"""The pointwise networks of residual blocks: gated by invariants, or on functions on the group."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from gaugenet.nn.group_pool import GroupFunction
from gaugenet.nn.intertwiner import Intertwiner, padded_bias
from gaugenet.nn.layer import Layer
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.nn.tensor_product import InnerProduct
from gaugenet.representation import Representation


class GatedBlock(Layer):
    """A gated pointwise network from the outputs of layers that read neighbours to an update; exactly equivariant.

        z = norm(y, <y, y>);   Intertwiner(Gate(Intertwiner(z)))

    where <y, y> are learned inner products of the features that are not invariant, so that invariants depend on them.
    Several layers run in parallel: y are the features of all of them. Blocks run the layers and add the update.

    Args:
        rep: Representation of the update.
        layers: Layers by name, each from ``rep`` to ``rep``.
        expansion: Width of the gated layer over that of ``rep``.
        dropout: Share of the invariants dropped in training.
        norm: Class of the normalisation; blocks that have normalised the features already pass ``nn.Identity``.
    """

    def __init__(
        self,
        rep: Representation,
        layers: nn.ModuleDict,
        expansion: int,
        dropout: float,
        norm: Callable[[Representation], nn.Module] = LayerNorm,
    ) -> None:
        super().__init__(rep)
        tangent = rep.num_invariants < sum(block.multiplicity for block in rep)
        invariants = max((block.multiplicity for block in rep), default=0) if tangent else 0
        self.layers = layers
        seen = reduce(add, [rep] * (len(layers) - 1), rep)
        self.product = InnerProduct(seen, invariants) if tangent else None
        mixed = seen + Representation.invariants(invariants, rep.group)
        self.mixed_norm = norm(mixed)
        self.gate = GatedNonlinearity(rep * expansion)
        self.enter = Intertwiner(mixed, self.gate.rep_in)
        self.leave = Intertwiner(self.gate.rep_out, rep)
        self.dropout = nn.Dropout(dropout)

    def update(self, y: Tensor) -> Tensor:
        """Return the update ``(..., rep.dim)`` from the outputs of the layers, ``y (..., layers * rep.dim)``."""
        if self.product is not None:
            y = torch.cat([y, self.product(y)], dim=-1)
        hidden = self.gate(self.enter(self.mixed_norm(y)))
        if self.dropout.p > 0:
            hidden = _drop_invariants(hidden, self.gate.rep_out, self.dropout)
        return self.leave(hidden)


def _drop_invariants(x: Tensor, rep: Representation, dropout: nn.Dropout) -> Tensor:
    return torch.cat([dropout(z) if b.invariant else z for z, b in zip(rep.split(x), rep, strict=True)], dim=-1)


class RegularBlock(Layer):
    """A pointwise network that reads features as functions on the group, with a nonlinearity at each element.

        Intertwiner(features(silu(values(Intertwiner(y)))))

    as ``RegularNonlinearity`` between two layers ``Intertwiner``. The linear parts are one matrix on either side of the
    nonlinearity, from the features to the values and back. Exactly equivariant under the rotations by 2 pi / N. Under
    others there is an aliasing error: N values cannot distinguish the high orders that the nonlinearity produces from
    those of ``rep``.

    Args:
        rep: Representation of features and update; channel c holds the c-th copy of each block (``GroupFunction``).
        expansion: Channels of the functions over those of ``rep``.
        samples: Number of angles N for SO(2) and O(2), by default ``fine_samples``.
        dropout: Share of the functions dropped in training.
    """

    shown = ("samples",)

    def __init__(
        self, rep: Representation | str, expansion: int = 1, samples: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__(rep)
        wide = self.rep * expansion
        if samples is None and self.rep.group.rotations is None:
            samples = fine_samples(self.rep)
        self.enter, self.leave = Intertwiner(self.rep, wide), Intertwiner(wide, self.rep)
        self._function = GroupFunction(wide, samples, "RegularBlock")
        self.dropout = nn.Dropout(dropout)

    @property
    def samples(self) -> int:
        """Number N of rotations at which functions are sampled."""
        return self._function.samples

    def update(self, y: Tensor) -> Tensor:
        """Return the update ``(..., rep.dim)`` from features ``y (..., rep.dim)``."""
        self.rep.check(y, "RegularBlock")
        # A linear map applied to each unit vector gives the rows of its matrix. Constants are added separately: next to
        # large ones a row would lose its digits.
        values = self._function.values(self.enter.linear(_units(self.rep.dim, y)))
        elements, channels = values.shape[-2:]
        constant = self._function.values(padded_bias(self.enter.bias, self.enter.rep_out, y).to(y.dtype)).flatten()
        hidden = nn.functional.silu(nn.functional.linear(y, values.flatten(1).mT, constant))
        if self.dropout.p > 0:
            kept = self.dropout(hidden.new_ones(*hidden.shape[:-1], 1, channels))
            hidden = (hidden.unflatten(-1, (elements, channels)) * kept).flatten(-2)
        units = _units(elements * channels, y).unflatten(1, (elements, channels))
        features = self.leave.linear(self._function.features(units))
        return nn.functional.linear(hidden, features.mT, padded_bias(self.leave.bias, self.rep, y).to(y.dtype))


def fine_samples(rep: Representation) -> int:
    """Return a number of samples with which products of three functions have no aliasing up to their highest order n.

    Args:
        rep: Representation of the functions.

    Returns:
        The even number N above 4 n.
    """
    return 4 * max(rep.orders, default=0) + 2


def _units(size: int, like: Tensor) -> Tensor:
    """Return the unit vectors, ``(size, size)``."""
    return torch.eye(size, dtype=like.dtype, device=like.device)
