"""The pointwise nonlinearity on functions on the group."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.nn.group_function import GroupFunction
from gaugenet.representation import Representation


class RegularNonlinearity(nn.Module):
    """Read the irreps of a channel as a function on the group, apply a function at every element, transform back.

    On C_N and D_N, with all elements, it is exactly equivariant; with the irreps of ``regular`` or of ``quotient(D1)``
    of D_N, the function (``GroupFunction``) has as many values as x has components and nothing is lost (Cohen & Welling
    2016). On SO(2) and O(2) it is sampled at N angles: exact for multiples of 2 pi / N; for others the error falls as N
    grows: aliasing of the kinks of ``activation``, order N^-2 for ReLU.

    Args:
        rep: representation of input and output; channel c holds the c-th copy of each block, each irrep in one block,
            or in two where it is a pair and the group has reflections.
        samples: N for SO(2) and O(2), 16 by default. activation: applied to the values.
    """

    def __init__(
        self,
        rep: Representation | str,
        samples: int | None = None,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.activation = activation
        self._function = GroupFunction(self.rep, samples, "RegularNonlinearity")

    @property
    def samples(self) -> int:
        """Number N of rotations at which functions are sampled."""
        return self._function.samples

    def forward(self, x: Tensor) -> Tensor:
        self.rep.check(x, "RegularNonlinearity")
        return self._function.features(self.activation(self._function.values(x)))

    def extra_repr(self) -> str:
        return f"{self.rep}, samples={self.samples}"
