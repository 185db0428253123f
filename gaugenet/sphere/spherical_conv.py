"""The intertwiner between induced representations of SO(3): every equivariant linear layer on the sphere."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.kernel import kernel_basis
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.representation import Block, Representation
from gaugenet.sphere.band import check_coefficients, check_orders
from gaugenet.sphere.multipliers import Free, Local, Multipliers, Smooth


class SphericalConv(TensorModule):
    """Map fields on S^2 linearly and equivariantly under SO(3), degree by degree (Gerken et al. 2021, section 4).

        y_l = x_l W_l,    x_l (2 l + 1, rep_in.dim) the coefficients of degree l,

    with a real matrix W_l for each degree; by Schur's lemma, all such maps have this form. Special cases, by orders:

    - invariants to all orders: S^2 -> SO(3) correlation (Cohen et al. 2018),
    - all orders to all orders: SO(3) correlation (Cohen et al. 2018),
    - all orders to invariants: projection of functions on SO(3) to S^2 (Gerken et al. 2022),
    - a few orders: spin-weighted convolution (Esteves et al. 2020),
    - order 0 only: zonal convolution (Esteves et al. 2018).

    The kernels are those of ``GaugeConv``: a solution kappa_s of the kernel constraint from order n to q, with a wave
    of frequency q - n or q + n, and a radial profile p give

        W_l = sum_s sum_p  weight_s,p  m_p(l; n, q) kappa_s(0)   or   (-1)^n m_p(l; -n, q) kappa_s(0).

    Args:
        rep_in: Representation of SO(2) of the input, coefficients ``(..., L^2, rep_in.dim)``.
        rep_out: Representation of SO(2) of the output.
        band_limit: Band limit L of input and output.
        kernel: "free", one weight for each degree; "smooth", multipliers that are linear between ``count`` degrees;
            "local", kernels with ``count`` radial profiles in geodesic discs of a radius.
        count: Number of multipliers ("smooth") or radial profiles ("local").
        radius: Radius of the discs [rad] ("local").
        bias: Whether to add a learned constant to invariant outputs.

    Raises:
        ValueError: If an order is not below the band limit, or ``count`` and ``radius`` do not fit the kernel.
    """

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        band_limit: int,
        kernel: str = "free",
        count: int | None = None,
        radius: float | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.rep_in = Representation(rep_in)
        self.rep_out = Representation(rep_out, self.rep_in.group)
        self.band_limit = band_limit
        check_orders(band_limit, "SphericalConv", self.rep_in, self.rep_out)
        self.multipliers = _multipliers(band_limit, kernel, count, radius)
        self.kernel = kernel
        self.weight, self.table, self.pattern = nn.ParameterDict(), nn.ModuleDict(), nn.ModuleDict()
        for b, out in enumerate(self.rep_out):
            tables = [_table(block, out, self.multipliers) for block in self.rep_in]
            # Variance of the output for weights and inputs of variance 1.
            gain = torch.zeros(band_limit, dtype=torch.float64, device="cpu")
            for block, table in zip(self.rep_in, tables, strict=True):
                gain += table.square().sum((0, 1)) * block.multiplicity
            mean = float(gain[out.order :].mean())
            scale = mean**-0.5 if mean > 0 else 0.0  # 0 without channels, or if no degree has the orders
            for a, (block, table) in enumerate(zip(self.rep_in, tables, strict=True)):
                shape = (*table.shape[:2], block.multiplicity, out.multiplicity)
                self.weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * scale)
                self.table[f"{a}_{b}"] = ExactBuffer(table)
                kernel_at_0 = kernel_basis(block.irrep, out.irrep, self.rep_in.group).matrices(table.new_zeros(()))
                self.pattern[f"{a}_{b}"] = ExactBuffer(kernel_at_0)
        invariants = self.rep_out.num_invariants
        self.bias = nn.Parameter(torch.zeros(invariants)) if bias and invariants else None

    def forward(self, x: Tensor) -> Tensor:
        """Map coefficients ``x (..., L^2, rep_in.dim)`` to ``(..., L^2, rep_out.dim)``."""
        check_coefficients(x, self.rep_in, self.band_limit, "SphericalConv")
        if self.weight:
            by_degree = x.split([2 * l + 1 for l in range(self.band_limit)], dim=-2)
            matrices = self.matrices().to(x.dtype).unbind()
            y = torch.cat([part @ matrix for part, matrix in zip(by_degree, matrices, strict=True)], dim=-2)
        else:  # no input or no output fields
            y = x.new_zeros(*x.shape[:-1], self.rep_out.dim)
        if self.bias is None:
            return y
        # The only coefficient of a constant field is sqrt(4 pi) times the constant, at degree 0.
        constant = self.rep_out.from_invariants(self.bias * math.sqrt(4.0 * math.pi))
        return y + torch.nn.functional.pad(constant[None], (0, 0, 0, self.band_limit**2 - 1))

    def matrices(self) -> Tensor:
        """Return the matrices W_l ``(L, rep_in.dim, rep_out.dim)``."""
        if not self.weight:
            return torch.zeros(self.band_limit, self.rep_in.dim, self.rep_out.dim)
        columns = []
        for b in range(len(self.rep_out.blocks)):
            columns.append(torch.cat([self._between(a, b) for a in range(len(self.rep_in.blocks))], dim=1))
        return torch.cat(columns, dim=2)

    def _between(self, a: int, b: int) -> Tensor:
        """Return the part ``(L, dim_a, dim_b)`` of W_l from block a to block b."""
        key, block, out = f"{a}_{b}", self.rep_in.blocks[a], self.rep_out.blocks[b]
        weight = self.weight[key]
        kernels = self.table[key](weight.dtype).mT @ weight.flatten(2)  # (S, L, channels in x channels out)
        pattern = self.pattern[key](weight.dtype).flatten(1)
        parts = (pattern.mT @ kernels.flatten(1)).reshape(
            out.size, block.size, self.band_limit, block.multiplicity, out.multiplicity
        )
        return parts.permute(2, 1, 3, 0, 4).reshape(self.band_limit, block.dim, out.dim)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, {self.multipliers}"


def _table(block: Block, out: Block, multipliers: Multipliers) -> Tensor:
    """Return the multipliers of each solution of the kernel constraint with its sign, ``(S, P, L)``."""
    n, q = block.order, out.order
    tables = []
    for frequency in kernel_basis(block.irrep, out.irrep, Representation("1x0").group).frequencies:
        conjugate = frequency != abs(q - n)  # the solution acts on the conjugate of the feature, which has spin -n
        tables.append((-1.0) ** n * multipliers(-n, q) if conjugate else multipliers(n, q))
    return torch.stack(tables)


def _multipliers(band_limit: int, kernel: str, count: int | None, radius: float | None) -> Multipliers:
    given = {name for name, value in (("count", count), ("radius", radius)) if value is not None}
    wanted = {"free": set(), "smooth": {"count"}, "local": {"count", "radius"}}
    if kernel not in wanted or given != wanted[kernel]:
        names = ", ".join(f"{name} ({' and '.join(sorted(ask)) or 'nothing else'})" for name, ask in wanted.items())
        raise ValueError(
            f'SphericalConv expects a kernel with its settings, {names}; got "{kernel}" with {sorted(given)}'
        )
    if count is None:
        return Free(band_limit)
    return Smooth(band_limit, count) if radius is None else Local(band_limit, count, radius)
