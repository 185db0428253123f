"""Clebsch-Gordan products: nonlinear layers that never leave the harmonics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.representation import Representation
from gaugenet.so3 import real_clebsch_gordan
from gaugenet.sphere.band import check_coefficients, check_orders, rows_of_degree
from gaugenet.sphere.spherical_conv import SphericalConv


class HarmonicProduct(nn.Module):
    """Multiply fields in harmonics: exactly equivariant under SO(3) and exactly band-limited.

        y_l = sum over l1, l2 of  [(A x)_l1 (x) (B x)_l2]_l  W_l,l1,l2

    with the Clebsch-Gordan product of two degrees that has degree l, and learned A, B and W. Of all pairs of channels
    (Kondor et al. 2018), or of the c-th with the c-th (Cobb et al. 2021), C instead of C^2 products. Of all pairs of
    degrees, or of those of a tree: for each l the cheapest pairs that join all degrees (ibid.), L instead of L^2.
    Couplings are dense: of all pairs of degrees they grow with L^6, 2 MB in float64 at L = 8, 0.1 GB at 16, 7 GB at 32.

    Args:
        rep_in, rep_out: representations of SO(2), of coefficients ``(..., L^2, rep.dim)``. band_limit: L of both.
        channels: C that are multiplied, by default as many as ``rep_out`` has components.
        all_channels: multiply all pairs of channels. tree: multiply pairs of degrees in a tree.

    Raises:
        ValueError: for other groups, orders that are not below the band limit, and fewer channels than 1.
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
            raise ValueError(f"HarmonicProduct expects channels >= 1, got {channels}")
        self.all_channels, self.tree = all_channels, tree
        factors = Representation.invariants(self.channels)
        self.left, self.right = (SphericalConv(self.rep_in, factors, band_limit, bias=False) for _ in range(2))
        self.paths = _paths(band_limit, tree)
        self.coupling = nn.ModuleDict(
            {
                f"{l1}_{l2}": ExactBuffer(
                    torch.cat([real_clebsch_gordan(l1, l2, l).flatten(0, 1) for l in found], dim=1).T.contiguous()
                )
                for (l1, l2), found in self.paths.items()
            }
        )
        products = self.channels**2 if all_channels else self.channels
        self.weight = nn.ParameterList()
        for l in range(band_limit):
            rows = sum(l in found for found in self.paths.values()) * products
            self.weight.append(nn.Parameter(torch.randn(rows, self.rep_out.dim) * rows**-0.5))
        order = torch.tensor([block.order for block in self.rep_out for _ in range(block.dim)], device="cpu")
        degree = torch.arange(band_limit, device="cpu")
        self.known = ExactBuffer((order <= degree[:, None]).double())  # a field of order n has no degrees below n

    def forward(self, x: Tensor) -> Tensor:
        """Map coefficients ``(..., L^2, rep_in.dim)`` to ``(..., L^2, rep_out.dim)``."""
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
    """Return the degrees that are read of the product of each pair of degrees."""
    paths: dict[tuple[int, int], list[int]] = {}
    for l in range(band_limit):
        degrees = range(band_limit)
        pairs = [(l1, l2) for l1 in degrees for l2 in degrees if abs(l1 - l2) <= l <= l1 + l2]
        for pair in _tree(pairs, band_limit) if tree and l else pairs:  # degree 0 is in products of equals alone
            paths.setdefault(pair, []).append(l)
    return dict(sorted(paths.items()))


def _tree(pairs: list[tuple[int, int]], band_limit: int) -> list[tuple[int, int]]:
    """Return the pairs of a spanning tree of all degrees with the least products (Kruskal's algorithm)."""
    part, kept = list(range(band_limit)), []
    for l1, l2 in sorted((p for p in pairs if p[0] < p[1]), key=lambda p: (2 * p[0] + 1) * (2 * p[1] + 1)):
        if part[l1] != part[l2]:
            kept.append((l1, l2))
            part = [part[l2] if one == part[l1] else one for one in part]
    return kept
