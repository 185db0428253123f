"""Layers that are polynomials of their input field."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.entry import enter
from gaugenet.nn.gauge_conv import GaugeConv
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.nn.tensor_product import TensorProduct
from gaugenet.representation import Representation

FORMS = ("coupled", "nested")


class PolynomialConv(Layer):
    """A polynomial of a field and its surroundings by tensor products (Pi-Nets, Chrysos et al. 2020); exact.

    With convolutions U_n of the input z, tensor products * and intertwiners S_n, C,

        coupled:  x_1 = U_1 z,  x_n = U_n z * x_(n-1) + x_(n-1)   (their model CCP, eq. 4)
        nested:   x_1 = U_1 z,  x_n = U_n z * (S_n x_(n-1) + b_n)  (NCP, eq. 7)

    and y = C x_N + c. The degree in z is N; nothing else is nonlinear, and constants are added to invariants only.

    Args:
        rep_in: Representation of the input, ``x (V, rep_in.dim)``.
        rep_out: Representation of the output, of the same group.
        degree: Degree N >= 1.
        form: "coupled" or "nested".
        profiles: Number of radial profiles of the convolutions.
        hidden: Representation of x_n, by default ``rep_out``.

    Raises:
        ValueError: If the degree is below 1 or the form is unknown.
    """

    shown = ("degree", "form")

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        degree: int = 2,
        form: str = "coupled",
        profiles: int = 2,
        hidden: Representation | str | None = None,
    ) -> None:
        super().__init__(rep_in, rep_out)
        if degree < 1:
            raise ValueError(f"PolynomialConv expects a degree >= 1, got {degree}")
        if form not in FORMS:
            raise ValueError(f'PolynomialConv expects the form {" or ".join(FORMS)}, got "{form}"')
        self.degree, self.form = degree, form
        inner = Representation(self.rep_out if hidden is None else hidden, self.rep_in.group)
        self.convs = nn.ModuleList(GaugeConv(self.rep_in, inner, profiles, bias=False) for _ in range(degree))
        self.products = nn.ModuleList(TensorProduct(inner, inner) for _ in range(degree - 1))
        steps = degree - 1 if form == "nested" else 0
        self.steps = nn.ModuleList(Intertwiner(inner, inner) for _ in range(steps))
        self.leave = Intertwiner(inner, self.rep_out)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return the polynomial of a field.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        level = enter(self, x, at)
        y = self.convs[0](x, level)
        for n in range(self.degree - 1):
            factor = self.convs[n + 1](x, level)
            if self.form == "coupled":
                y = self.products[n](factor, y) + y
            else:
                y = self.products[n](factor, self.steps[n](y))
        return self.leave(y)


class PolynomialBlock(Layer):
    """Add a polynomial of a field to it: x + s PolynomialConv(x), of the same degree; exactly equivariant.

    The factor s is learned and starts small, so that a deep network of high degree starts near a linear one.

    Args:
        rep: Representation of input and output.
        degree: Degree of the polynomial.
        profiles: Number of radial profiles.
    """

    shown = ("degree",)

    def __init__(self, rep: Representation | str, degree: int = 2, profiles: int = 2) -> None:
        super().__init__(rep)
        self.degree = degree
        self.conv = PolynomialConv(self.rep, self.rep, degree, "nested", profiles)
        self.factor = nn.Parameter(torch.tensor([0.1]))

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return the new field.

        Args:
            x: Features, ``(V, rep.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep.dim)``.
        """
        return x + self.factor * self.conv(x, enter(self, x, at))
