"""Clebsch-Gordan products: nonlinear layers that never leave the harmonics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.representation import Representation
from gaugenet.so3 import real_clebsch_gordan
from gaugenet.sphere.band import check_coefficients, check_orders, rows_of_degree
from gaugenet.sphere.spherical_conv import SphericalConv


class HarmonicProduct(TensorModule):
    """Multiply fields in harmonics: exactly equivariant under SO(3) and exactly band-limited.

        y_l = sum over l1, l2 of  [(A x)_l1 (x) (B x)_l2]_l  W_l,l1,l2

    with the part of degree l of the Clebsch-Gordan product, and learned A, B and W. Couplings are dense. Those of all
    pairs of degrees grow with L^6: in float64 2 MB at L = 8, 0.1 GB at 16, 7 GB at 32.

    Args:
        rep_in: Representation of SO(2) of the input, coefficients ``(..., L^2, rep_in.dim)``.
        rep_out: Representation of SO(2) of the output.
        band_limit: Band limit L of input and output.
        channels: Number C of channels that are multiplied; by default ``rep_out.dim``.
        all_channels: Whether to multiply all pairs of channels, C^2 products (Kondor et al. 2018), or only the c-th
            with the c-th, C products (Cobb et al. 2021).
        tree: Whether to use, for each l, only the cheapest pairs of degrees that connect all degrees, L pairs (Cobb et
            al. 2021), or all pairs, L^2.

    Raises:
        ValueError: If a representation has another group or an order >= L, or ``channels`` is below 1.
    """

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        band_limit: int,
        channels: int | None = None,
        all_channels: bool = False,
        tree: bool = False,
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out = Representation(rep_in), Representation(rep_out)
        self.band_limit = band_limit
        check_orders(band_limit, "HarmonicProduct", self.rep_in, self.rep_out)
        self.channels = max(self.rep_out.dim, 1) if channels is None else channels
        if self.channels < 1:
            raise ValueError(f"HarmonicProduct expects channels >= 1, got {channels}: omit it for the default")
        self.all_channels, self.tree = all_channels, tree
        factors = Representation.invariants(self.channels)
        self.left, self.right = (SphericalConv(self.rep_in, factors, band_limit, bias=False) for _ in range(2))
        self.paths = _paths(band_limit, tree)
        self.coupling = nn.ModuleDict()
        for (l1, l2), found in self.paths.items():
            coupling = torch.cat([real_clebsch_gordan(l1, l2, l).flatten(0, 1) for l in found], dim=1)
            self.coupling[f"{l1}_{l2}"] = ExactBuffer(coupling.T.contiguous())
        products = self.channels**2 if all_channels else self.channels
        self.weight = nn.ParameterList()
        for l in range(band_limit):
            rows = sum(l in found for found in self.paths.values()) * products
            self.weight.append(nn.Parameter(torch.randn(rows, self.rep_out.dim) * rows**-0.5))
        order = torch.tensor([block.order for block in self.rep_out for _ in range(block.dim)], device="cpu")
        degree = torch.arange(band_limit, device="cpu")
        self.known = ExactBuffer((order <= degree[:, None]).double())  # fields of order n have no degrees below n

    def forward(self, x: Tensor) -> Tensor:
        """Map coefficients ``x (..., L^2, rep_in.dim)`` to ``(..., L^2, rep_out.dim)``."""
        check_coefficients(x, self.rep_in, self.band_limit, "HarmonicProduct")
        left, right = self.left(x), self.right(x)
        found: list[list[Tensor]] = [[] for _ in range(self.band_limit)]
        for (l1, l2), wanted in self.paths.items():
            first, second = left[..., rows_of_degree(l1), :], right[..., rows_of_degree(l2), :]
            if self.all_channels:
                pairs = torch.einsum("...ic,...jd->...ijcd", first, second).flatten(-2)
            else:
                pairs = first.unsqueeze(-2) * second.unsqueeze(-3)
            coupled = self.coupling[f"{l1}_{l2}"](x.dtype) @ pairs.flatten(-3, -2)
            for l, part in zip(wanted, coupled.split([2 * l + 1 for l in wanted], dim=-2), strict=True):
                found[l].append(part)
        known = self.known(x.dtype)
        mixed = [torch.cat(parts, -1) @ (self.weight[l] * known[l]) for l, parts in enumerate(found)]
        return torch.cat(mixed, dim=-2)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, band_limit={self.band_limit}, channels={self.channels}"


def _paths(band_limit: int, tree: bool) -> dict[tuple[int, int], list[int]]:
    """Return, for each pair of degrees, the degrees of their product that are used."""
    paths: dict[tuple[int, int], list[int]] = {}
    for l in range(band_limit):
        pairs = [(l1, l2) for l1 in range(band_limit) for l2 in range(band_limit) if abs(l1 - l2) <= l <= l1 + l2]
        for pair in _tree(pairs, band_limit) if tree and l else pairs:  # degree 0 needs two equal degrees
            paths.setdefault(pair, []).append(l)
    return dict(sorted(paths.items()))


def _tree(pairs: list[tuple[int, int]], band_limit: int) -> list[tuple[int, int]]:
    """Return the pairs of the cheapest spanning tree of all degrees (Kruskal's algorithm)."""
    part, kept = list(range(band_limit)), []
    for l1, l2 in sorted((p for p in pairs if p[0] < p[1]), key=lambda p: (2 * p[0] + 1) * (2 * p[1] + 1)):
        if part[l1] != part[l2]:
            kept.append((l1, l2))
            part = [part[l2] if one == part[l1] else one for one in part]
    return kept
