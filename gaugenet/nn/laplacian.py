"""Laplacians of fields as layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.group import Group
from gaugenet.kernel import Wave
from gaugenet.nn.derivative import Lower, Raise, restricted
from gaugenet.nn.entry import enter
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation

KINDS = ("connection", "hodge")


class Laplacian(nn.Module):
    """Apply a Laplacian, as a positive operator [1 / mesh unit squared].

    "connection": nabla* nabla = -(nabla_1 nabla_1 + nabla_2 nabla_2) of every order, by the second derivatives of a
    ``Jet``. "hodge": of order 0 -div grad, of order 1 -(grad div + rot curl) with rot f = (-nabla_2 f, nabla_1 f), by
    derivatives of derivatives. On vectors the two differ by the Gaussian curvature (Weitzenböck).

    Args:
        rep: Representation of input and output.
        kind: "connection" or "hodge".

    Raises:
        ValueError: If the kind is unknown, or for "hodge" with other irreps than those of order 0 and pairs of order 1.
    """

    def __init__(self, rep: Representation | str, kind: str = "connection") -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.kind = kind
        if kind not in KINDS:
            raise ValueError(f'Laplacian expects the kind {" or ".join(KINDS)}, got "{kind}"')
        self.inner, self.outer = nn.ModuleList(), nn.ModuleList()
        for block in self.rep if kind == "hodge" else ():
            if block.order > 1 or (block.order == 1 and block.size == 1):
                raise ValueError(f"the Hodge Laplacian acts on order 0 and pairs of order 1, got {self.rep}")
            vectors = Representation(((block.multiplicity, 1),), "O2")
            numbers = restricted(0, Group("O2")).rep * block.multiplicity
            if block.order == 0:
                numbers = Representation(((block.multiplicity, Group("O2").irrep(0, block.irrep.parity or "e")),), "O2")
            down, up = Lower(vectors), Raise(numbers)
            self.inner.append(down if block.order else up)
            self.outer.append(up if block.order else down)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Apply the Laplacian.

        Args:
            x: Features, ``(V, rep.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep.dim)``.
        """
        level = enter(self, x, at)
        return full_precision(self._hodge if self.kind == "hodge" else self._connection, x, level)

    def _connection(self, x: Tensor, level: Level) -> Tensor:
        parts = [x[:, :0]]
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            waves = tuple(Wave(0, part) for part in range(block.size))
            parts.append(-level.jet().moments(z, block.irrep, waves).flatten(1))
        return torch.cat(parts, dim=1)

    def _hodge(self, x: Tensor, level: Level) -> Tensor:
        parts = [x[:, :0]]
        for block, z, inner, outer in zip(self.rep, self.rep.split(x), self.inner, self.outer, strict=True):
            both = -outer(inner(z, level), level).unflatten(1, (2, -1))
            # Of a vector grad div and rot curl; of a function div grad and curl grad, or div rot and curl rot.
            parts.append(both.sum(1) if block.order else both[:, int(block.irrep.parity == "o")])
        return torch.cat(parts, dim=1)

    def extra_repr(self) -> str:
        return f"{self.rep}, kind={self.kind}"
