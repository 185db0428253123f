"""Irreducible representations of closed subgroups of O(2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.group.elements import Elements


@dataclass(frozen=True)
class Irrep:
    """A real irreducible representation: what turns by ``order`` times the angle.

    Written ``"2"``, or with ``e`` (even) or ``o`` (odd under F) where an order has two one-dimensional ones: ``"0o"``.

    Attributes:
        order: n >= 0. parity: "", "e" or "o". size: dimension, 1 or 2.
        commutant: dimension of the space of matrices that commute with it: 2 where a pair is one complex number.
    """

    order: int
    parity: str
    size: int
    commutant: int

    def __str__(self) -> str:
        return f"{self.order}{self.parity}"

    @property
    def trivial(self) -> bool:
        """Whether every element leaves it as it is: "0" or "0e"."""
        return self.order == 0 and self.parity != "o"

    def matrix(self, at: Elements) -> Tensor:
        """Return rho(g) as ``(..., size, size)`` orthogonal matrices.

        A pair has R(n a) diag(1, (-1)^s) at R(a) F^s. One-dimensional irreps are the first (even) or second (odd) entry
        of its diagonal, which for them alone is invariant.
        """
        cos, sin, sign = torch.cos(self.order * at.angle), torch.sin(self.order * at.angle), at.sign
        if self.size == 1:
            return (cos * sign if self.parity == "o" else cos)[..., None, None]
        return torch.stack([torch.stack([cos, -sign * sin], -1), torch.stack([sin, sign * cos], -1)], -2)

    def character(self, at: Elements) -> Tensor:
        """Return the traces ``(...)`` of rho(g)."""
        return self.matrix(at).diagonal(dim1=-2, dim2=-1).sum(-1)
