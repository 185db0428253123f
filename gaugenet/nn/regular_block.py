"""The pointwise network on functions on the group, of residual blocks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.group_function import GroupFunction
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.representation import Representation


class RegularBlock(nn.Module):
    """Read features as functions on the group at every point, and make an update of them with a nonlinearity there.

        Intertwiner(features(silu(values(Intertwiner(y)))))

    as ``RegularNonlinearity`` between two layers ``Intertwiner``. What is linear is one matrix on either side of the
    nonlinearity, of the features to the values and back. Exactly equivariant under the rotations by 2 pi / N. Under
    others the error is what the nonlinearity makes of orders that N values cannot tell from those of ``rep``.

    Args:
        rep: of features and update; channel c holds the c-th copy of each block (``GroupFunction``).
        expansion: channels of the functions over those of ``rep``. samples: N of SO(2) and O(2), by default
            ``fine_samples``. dropout: share of the functions dropped in training.
    """

    def __init__(
        self, rep: Representation | str, expansion: int = 1, samples: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
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
        """Return the update ``(..., rep.dim)`` of features ``(..., rep.dim)``."""
        self.rep.check(y, "RegularBlock")
        # A linear map applied to each unit vector gives the rows of its matrix. Constants go another way: beside large
        # ones a row would lose its digits.
        values = self._function.values(self.enter.linear(_units(self.rep.dim, y)))
        elements, channels = values.shape[-2:]
        constant = self._function.values(self.enter.padded_bias(y).to(y.dtype)).flatten()
        hidden = nn.functional.silu(nn.functional.linear(y, values.flatten(1).mT, constant))
        if self.dropout.p > 0:
            kept = self.dropout(hidden.new_ones(*hidden.shape[:-1], 1, channels))
            hidden = (hidden.unflatten(-1, (elements, channels)) * kept).flatten(-2)
        units = _units(elements * channels, y).unflatten(1, (elements, channels))
        features = self.leave.linear(self._function.features(units))
        return nn.functional.linear(hidden, features.mT, self.leave.padded_bias(y).to(y.dtype))

    def extra_repr(self) -> str:
        return f"{self.rep}, samples={self.samples}"


def fine_samples(rep: Representation) -> int:
    """Return the even number N above 4 n for the highest order n: products of three functions are known to order n."""
    return 4 * max(rep.orders, default=0) + 2


def _units(size: int, like: Tensor) -> Tensor:
    """Return the unit vectors, ``(size, size)``."""
    return torch.eye(size, dtype=like.dtype, device=like.device)
