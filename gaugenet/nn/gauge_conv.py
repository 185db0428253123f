"""The gauge-equivariant convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.nn.intertwiner import Intertwiner, complex_weight
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

    def forward(self, x: Tensor, at: Stencil | Any) -> Tensor:
        """Convolve ``x (V, rep_in.dim)``; ``at`` is the level's stencil, or data with a bundle (level 0 is used)."""
        self.rep_in.check(x, "GaugeConv")
        stencil = at if isinstance(at, Stencil) else Stencil.from_data(at)
        if x.shape[0] != stencil.num_vertices:
            raise ValueError(
                f"GaugeConv expects a row for each of the {stencil.num_vertices} vertices, got {x.shape[0]}"
            )
        orders_out = tuple(out.order for out in self.rep_out)
        outputs: list[Tensor] = list(torch.split(self.intertwiner(x), [out.dim for out in self.rep_out], dim=-1))
        for a, block in enumerate(self.rep_in):
            operator = stencil.operator(block.order, orders_out, self.profiles, x.dtype)
            features = stencil.gather(x[:, block.columns].contiguous())
            features = features.reshape(x.shape[0], -1, block.multiplicity)
            moments = torch.bmm(operator, features)  # (V, rows, C)
            start = 0
            for b, out in enumerate(self.rep_out):
                stop = start + moment_rows(block.order, out.order, self.profiles)
                weight = self.weight[f"{a}_{b}"]
                weight = weight if out.order == 0 else complex_weight(weight)
                outputs[b] = outputs[b] + moments[:, start:stop].reshape(x.shape[0], -1) @ weight
                start = stop
        return torch.cat(outputs, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, profiles={self.profiles}"
