"""The residual block whose only nonlinearity is multiplication."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.entry import enter
from gaugenet.nn.level import Level
from gaugenet.nn.polynomial_conv import PolynomialConv
from gaugenet.representation import Representation


class PolynomialBlock(nn.Module):
    """Add to a field a polynomial of it: x + s PolynomialConv(x), of the same degree; exactly equivariant.

    The factor s is learned and begins small, so that a deep network of high degree begins near a linear one.

    Args:
        rep: representation of input and output. degree: of the polynomial. profiles: radial profiles.
    """

    def __init__(self, rep: Representation | str, degree: int = 2, profiles: int = 2) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.degree = degree
        self.conv = PolynomialConv(self.rep, self.rep, degree, "nested", profiles)
        self.factor = nn.Parameter(torch.tensor([0.1]))

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return the new field; ``at`` is the level, its stencil, or data (level 0 is used)."""
        return x + self.factor * self.conv(x, enter(self, x, at))

    def extra_repr(self) -> str:
        return f"{self.rep}, degree={self.degree}"
