"""The gauge-equivariant convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.nn import matrices
from gaugenet.nn.convolve import Factors, convolve
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.plan import Plan
from gaugenet.nn.stencil import Stencil, moment_rows
from gaugenet.representation import Representation


class GaugeConv(nn.Module):
    """Convolve a field with the most general SO(2)-equivariant kernels (Gerken et al. 2021, section 2.5).

    With z_n(j) the order-n features and u_n = exp(i n transport_ij) z_n(j) carried to vertex i,

        y_m(i) = sum_n sum_rho  A_rho P_rho,n,m-n(i) + B_rho conj P_rho,n,-(m+n)(i)  +  W x(i) + bias,
        P_rho,n,k(i) = sum_j w_ij b_rho(r_ij) exp(i k theta_ij) u_n(j).

    The moments P hold no weights, so the products with A and B (complex, over channels) happen once a vertex, not once
    an edge. W is a pointwise intertwiner; the bias acts on order 0 only.

    Args:
        rep_in, rep_out: representations, ``x (V, rep_in.dim)`` to ``(V, rep_out.dim)``.
        profiles: number of radial profiles b_rho.
        bias: add a learned constant to invariant outputs.
    """

    _places: Tensor
    _adjoint_places: Tensor

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, profiles: int = 2, bias: bool = True
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out, self.profiles = Representation(rep_in), Representation(rep_out), profiles
        if profiles < 1:
            raise ValueError(f"profiles must be >= 1, got {profiles}")
        self.intertwiner = Intertwiner(rep_in, rep_out, bias=bias)
        self.weight = nn.ParameterDict()
        for b, out in enumerate(self.rep_out):
            rows = [block.multiplicity * moment_rows(block.order, out.order, profiles) for block in self.rep_in]
            scale = max(sum(rows), 1) ** -0.5
            for a, count in enumerate(rows):
                shape = (count, out.multiplicity) if out.order == 0 else (2, count // 2, out.multiplicity)
                self.weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * scale)
        for name, table in zip(("_places", "_adjoint_places"), self._tables(), strict=True):
            self.register_buffer(name, table, persistent=False)

    def _tables(self) -> tuple[Tensor, Tensor]:
        return matrices.places(self.rep_in, self.rep_out, self.profiles, *self._weights)

    def _apply(self, fn: Any, recurse: bool = True) -> GaugeConv:
        """Make the tables anew where a move to another device may have lost them, as ``to_empty`` does."""
        super()._apply(fn, recurse)
        ahead, back = self._tables()
        self._places, self._adjoint_places = ahead.to(self._places.device), back.to(self._places.device)
        return self

    def forward(self, x: Tensor, at: Stencil | Any) -> Tensor:
        """Convolve ``x (V, rep_in.dim)``; ``at`` is the level's stencil, or data with a bundle (level 0 is used)."""
        self.rep_in.check(x, "GaugeConv")
        stencil = at if isinstance(at, Stencil) else Stencil.from_data(at)
        if x.dim() != 2 or x.shape[0] != stencil.num_vertices:
            raise ValueError(
                f"GaugeConv expects features ({stencil.num_vertices}, {self.rep_in.dim}), a row for each vertex, got "
                f"{tuple(x.shape)}"
            )
        if not x.device == stencil.device == self._places.device:
            raise ValueError(
                f"GaugeConv needs weights (on {self._places.device}), bundle (on {stencil.device}) and features (on "
                f"{x.device}) on one device: move them with .to()"
            )
        dtype = _working_dtype(x)
        signed = matrices.signed(*self._weights, x).to(dtype)
        forward = _factors(stencil, self.rep_in, self.rep_out, self.profiles, dtype)
        forward.weights = _cut(signed.detach(), self._places, self._plan)
        forward.bias = self.intertwiner.padded_bias(x).to(dtype)
        adjoint = Factors()
        if torch.is_grad_enabled():
            adjoint = _factors(stencil.adjoint, self.rep_out, self.rep_in, self.profiles, dtype)
            adjoint.weights = _cut(signed, self._adjoint_places, self._plan.adjoint)
        return convolve(x.to(dtype), self._plan, forward, adjoint)

    @property
    def _weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return dict(self.weight.items()), dict(self.intertwiner.weight.items())

    @property
    def operator_rows(self) -> int:
        """Numbers that its moment operators hold for each edge."""
        return sum(block.size * sum(row) for block, row in zip(self.rep_in, self._plan.rows, strict=True))

    @property
    def _plan(self) -> Plan:
        into, out = (tuple((block.multiplicity, block.size) for block in rep) for rep in (self.rep_in, self.rep_out))
        rows = (tuple(moment_rows(i.order, o.order, self.profiles) for o in self.rep_out) for i in self.rep_in)
        own = (tuple(i.order == o.order for o in self.rep_out) for i in self.rep_in)
        return Plan(into, out, tuple(rows), tuple(own))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, profiles={self.profiles}"


def _factors(
    stencil: Stencil, rep_in: Representation, rep_out: Representation, profiles: int, dtype: torch.dtype
) -> Factors:
    orders_out = tuple(out.order for out in rep_out)
    operators = [stencil.operator(block.order, orders_out, profiles, dtype) for block in rep_in]
    return Factors(stencil.neighbours(dtype), operators)


def _cut(signed: Tensor, places: Tensor, plan: Plan) -> list[Tensor]:
    """Return the matrices of all blocks out from the table of their entries."""
    shapes = [(sum(map(sum, plan.columns(b))), size[0] * size[1]) for b, size in enumerate(plan.blocks_out)]
    parts = signed.index_select(0, places).split([rows * columns for rows, columns in shapes]) if shapes else ()
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def _working_dtype(x: Tensor) -> torch.dtype:
    """Return the precision that autocast asks for, or that of the features."""
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return x.dtype
