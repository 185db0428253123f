"""The harmonic transform of fields on a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.so3 import wigner_d_table
from gaugenet.sphere.band import check_orders
from gaugenet.sphere.grid import SphereGrid
from gaugenet.sphere.packing import Packing


class HarmonicTransform(nn.Module):
    """Write fields of any orders on S^2 in harmonics, and back; exact for fields of degrees below the band limit L.

    A field z of order n has, in the frames (e_theta, e_phi), coefficients of the spin-weighted harmonics of spin n and,
    its conjugate, of spin -n (Goldberg et al. 1967):

        c+-_lm = integral of (Re z +- i Im z) N_l d^l_(m,-+n)(theta) exp(-i m phi),    N_l = sqrt((2 l + 1) / 4 pi).

    Their sum and difference, a = (c+ + (-1)^n c-) / 2 and b = (c+ - (-1)^n c-) / 2i, are coefficients of real
    functions: of a vector field the part that is a gradient and the part that is a curl. So every component of the
    representation has L^2 real coefficients, those of order n being zero in degrees l < n, and a rotation g of the
    sphere maps those of every component and degree by the real Wigner matrix D^l(g).

    Args:
        rep: representation of SO(2) of the fields, ``x (..., V, rep.dim)`` on the points of the grid; real and
            imaginary parts of a block become parts a and b.
        grid: of band limit L, or of a higher one. band_limit: L, by default that of the grid.

    Raises:
        ValueError: for representations of other groups, orders from the band limit on, and fields of another shape.
    """

    def __init__(self, rep: Representation | str, grid: SphereGrid, band_limit: int | None = None) -> None:
        super().__init__()
        self.rep, self.grid = Representation(rep), grid
        self.band_limit = grid.band_limit if band_limit is None else band_limit
        check_orders(self.band_limit, "HarmonicTransform", self.rep)
        if self.band_limit > grid.band_limit:
            raise ValueError(
                f"{grid} has degrees below {grid.band_limit}, got band limit {band_limit}: take a finer grid"
            )
        self.packing = Packing(self.band_limit)
        self.ring_weight = ExactBuffer(2.0 * math.pi * grid.ring_weight)
        self.sign = ExactBuffer(_sign(self.band_limit))
        self.tables, self.single = nn.ModuleDict(), nn.ModuleDict()
        for order in self.rep.orders:
            table = _table(grid, self.band_limit, order)
            self.tables[str(order)] = ExactBuffer(table)
            # Tables of high band limits are large: they are not converted each time.
            self.single[str(order)] = ExactBuffer(table.float())

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(..., L^2, rep.dim)`` of fields ``(..., V, rep.dim)``."""
        self._check(x, self.grid.size, "points")
        if not x.numel():
            return x.new_zeros(*x.shape[:-2], self.band_limit**2, self.rep.dim)
        return full_precision(self._analysed, x)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the fields ``(..., V, rep.dim)`` with coefficients ``(..., L^2, rep.dim)``."""
        self._check(coefficients, self.band_limit**2, "coefficients")
        if not coefficients.numel():
            return coefficients.new_zeros(*coefficients.shape[:-2], self.grid.size, self.rep.dim)
        return full_precision(self._synthesised, coefficients)

    def _analysed(self, x: Tensor) -> Tensor:
        size, grid, lead = self.band_limit, self.grid, x.shape[:-2]
        x = x.reshape(-1, grid.rings, grid.columns, self.rep.dim)
        waves = torch.fft.rfft(x, dim=2, norm="forward")[:, :, :size].permute(2, 1, 0, 3)  # (M, rings, B, dim)
        waves = waves * self.ring_weight(x.dtype)[:, None, None]
        found = []
        for block in self.rep:
            part = waves[..., block.columns]
            if block.order == 0:
                found.append(self._sum(0, part, transpose=False))
                continue
            re, im = part.chunk(2, dim=-1)
            # The harmonics of spin -n are those of spin n seen from the other pole.
            turned = 1j * im
            both = torch.cat([re + turned, (re - turned).flip(1)], dim=-1)
            plus, minus = self._sum(block.order, both, transpose=False).chunk(2, dim=-1)
            minus = minus * self._sign(x.dtype, block.order)
            found += [plus + minus, 1j * (minus - plus)]
        packed = self.packing.pack(torch.cat(found, dim=-1)).movedim(0, 1)
        return packed.reshape(*lead, *packed.shape[1:])

    def _synthesised(self, coefficients: Tensor) -> Tensor:
        grid, lead = self.grid, coefficients.shape[:-2]
        flat = coefficients.reshape(-1, *coefficients.shape[-2:]).movedim(1, 0)
        unpacked = self.packing.unpack(flat)  # (M, L, B, dim)
        waves = []
        for block in self.rep:
            part = unpacked[..., block.columns]
            if block.order == 0:
                waves.append(self._sum(0, part, transpose=True))
                continue
            a, b = part.chunk(2, dim=-1)
            turned = 1j * b
            minus = (a - turned) * self._sign(coefficients.dtype, block.order)
            both = self._sum(block.order, torch.cat([a + turned, minus], dim=-1), transpose=True)
            plus, minus = both.chunk(2, dim=-1)
            minus = minus.flip(1)
            waves += [plus + minus, 1j * (minus - plus)]
        joined = torch.cat(waves, dim=-1).permute(2, 1, 0, 3)  # (B, rings, M, dim)
        x = torch.fft.irfft(joined, n=grid.columns, dim=2, norm="forward")
        return x.reshape(*lead, grid.size, self.rep.dim)

    def _sum(self, order: int, x: Tensor, transpose: bool) -> Tensor:
        """Multiply complex ``(M, rings, B, C)`` with the table ``(M, L, rings)``, or ``(M, L, B, C)`` back."""
        rows = torch.view_as_real(x.contiguous()).flatten(2)
        tables = self.single if rows.dtype == torch.float32 else self.tables
        table = tables[str(order)](rows.dtype)
        y = torch.bmm(table.mT if transpose else table, rows)
        return torch.view_as_complex(y.unflatten(2, (*x.shape[2:], 2)))

    def _sign(self, dtype: torch.dtype, order: int) -> Tensor:
        """Return (-1)^(l + m + n) as ``(M, L, 1, 1)``."""
        return self.sign(dtype) * (-1.0) ** order

    def _check(self, x: Tensor, rows: int, what: str) -> None:
        if not x.is_floating_point():
            raise ValueError(f"HarmonicTransform expects floating point {what}, got {x.dtype}: convert them")
        if x.ndim < 2 or x.shape[-2] != rows:
            raise ValueError(
                f"HarmonicTransform expects (..., {rows}, {self.rep.dim}) on a grid of {rows} {what}, got "
                f"{tuple(x.shape)}: resample the field or make another SphereGrid"
            )
        self.rep.check(x, "HarmonicTransform")

    def extra_repr(self) -> str:
        return f"{self.rep}, {self.grid}, band_limit={self.band_limit}"


def _table(grid: SphereGrid, size: int, order: int) -> Tensor:
    """Return (-1)^m N_l d^l_(m,-n)(theta) as ``(M, L, rings)`` in float64, orders m >= 0; half of it for n > 0."""
    table = wigner_d_table(size, -order, grid.colatitude)[size - 1 :].clone()
    degree = torch.arange(size, dtype=torch.float64, device="cpu")
    table *= ((2.0 * degree + 1.0) / (4.0 * math.pi)).sqrt()[:, None]
    table[1::2] *= -1.0
    return table / 2.0 if order else table


def _sign(size: int) -> Tensor:
    """Return (-1)^(l + m) as ``(M, L, 1, 1)``."""
    index = torch.arange(size, device="cpu")
    return (1.0 - 2.0 * ((index[:, None] + index) % 2)).double()[..., None, None]
