"""The harmonic transform of fields on a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.so3 import degrees_and_orders, wigner_d_table
from gaugenet.sphere.band import check_coefficients, check_fields, check_orders
from gaugenet.sphere.grid import SphereGrid


class HarmonicTransform(TensorModule):
    """Transform fields of any orders on S^2 to harmonics and back; exact for fields of degrees below the band limit L.

    In the frames (e_theta, e_phi), a field z of order n has coefficients of the spin-weighted harmonics of spin n, and
    its conjugate has coefficients of those of spin -n (Goldberg et al. 1967):

        c+-_lm = integral of (Re z +- i Im z) N_l d^l_(m,-+n)(theta) exp(-i m phi),    N_l = sqrt((2 l + 1) / 4 pi).

    Their sum and difference, a = (c+ + (-1)^n c-) / 2 and b = (c+ - (-1)^n c-) / 2i, are coefficients of real
    functions; for a vector field, these are its gradient and curl parts. So each component of the representation has
    L^2 real coefficients, which are zero in degrees l < n. A rotation g of the sphere maps the coefficients of each
    component and degree by the real Wigner matrix D^l(g).

    Args:
        rep: Representation of SO(2) of the fields, ``x (..., V, rep.dim)`` on the points of the grid. The real and
            imaginary parts of a block become the parts a and b.
        grid: Grid of band limit L or higher.
        band_limit: Band limit L; by default that of the grid.

    Raises:
        ValueError: If the representation has another group or an order >= L, or the grid is too coarse.
    """

    def __init__(self, rep: Representation | str, grid: SphereGrid, band_limit: int | None = None) -> None:
        super().__init__()
        self.rep, self.grid = Representation(rep), grid
        self.band_limit = grid.band_limit if band_limit is None else band_limit
        check_orders(self.band_limit, "HarmonicTransform", self.rep)
        if self.band_limit > grid.band_limit:
            raise ValueError(
                f"{grid} has degrees below {grid.band_limit}, got band limit {band_limit}: use a finer grid"
            )
        self.packing = Packing(self.band_limit)
        self.ring_weight = ExactBuffer(2.0 * math.pi * grid.ring_weight)
        self.sign = ExactBuffer(_sign(self.band_limit))
        self.tables, self.single = nn.ModuleDict(), nn.ModuleDict()
        for order in self.rep.orders:
            table = _table(grid, self.band_limit, order)
            self.tables[str(order)] = ExactBuffer(table)
            # Tables of high band limits are large. A copy in single precision saves converting them in each call.
            self.single[str(order)] = ExactBuffer(table.float())

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(..., L^2, rep.dim)`` of fields ``x (..., V, rep.dim)``."""
        check_fields(x, self.rep, self.grid.size, "HarmonicTransform")
        if not x.numel():
            return x.new_zeros(*x.shape[:-2], self.band_limit**2, self.rep.dim)
        return full_precision(self._analysed, x)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the fields ``(..., V, rep.dim)`` with ``coefficients (..., L^2, rep.dim)``."""
        check_coefficients(coefficients, self.rep, self.band_limit, "HarmonicTransform")
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
            minus = minus * (self.sign(x.dtype) * (-1.0) ** block.order)  # (-1)^(l + m + n)
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
            minus = (a - turned) * (self.sign(coefficients.dtype) * (-1.0) ** block.order)  # (-1)^(l + m + n)
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


class Packing(nn.Module):
    """Convert coefficients of real functions between complex ``(M, L, ...)``, orders m >= 0, and real ``(L^2, ...)``.

    f = sum_l c_l0 Y_l0 + 2 Re sum_(m > 0) c_lm Y_lm, with Y_lm = N P_lm(cos theta) exp(i m phi) without the
    Condon-Shortley phase, has the real coefficients c_l0, sqrt(2) Re c_lm for m > 0 and -sqrt(2) Im c_lm for -m.

    Args:
        band_limit: Band limit L.
    """

    def __init__(self, band_limit: int) -> None:
        super().__init__()
        self.band_limit = size = band_limit
        degree, order = degrees_and_orders(size)
        # Row of (m, l, part) in the flattened complex array, and the inverse, in which zeros come from an extra row.
        source = (order.abs() * size + degree) * 2 + (order < 0).long()
        target = torch.full((2 * size * size,), size**2, device="cpu")
        target[source] = torch.arange(size**2, device="cpu")
        sign = 1.0 - 2.0 * (order < 0).double()
        self.source, self.target = ExactBuffer(source), ExactBuffer(target)
        self.scale = ExactBuffer(sign * (1.0 + (order != 0).double()).sqrt())

    def pack(self, coefficients: Tensor) -> Tensor:
        """Return real coefficients ``(L^2, ...)`` from complex ``coefficients (M, L, ...)``."""
        parts = torch.view_as_real(coefficients).movedim(-1, 2).flatten(0, 2)
        return parts.index_select(0, self.source.value) * self._scale(parts)

    def unpack(self, flat: Tensor) -> Tensor:
        """Return complex coefficients ``(M, L, ...)`` from real ``flat (L^2, ...)``: the inverse of ``pack``."""
        flat = flat / self._scale(flat)
        padded = torch.cat([flat, flat.new_zeros(1, *flat.shape[1:])])
        parts = padded.index_select(0, self.target.value)
        parts = parts.unflatten(0, (self.band_limit, self.band_limit, 2)).movedim(2, -1)
        return torch.view_as_complex(parts.contiguous())

    def _scale(self, like: Tensor) -> Tensor:
        return self.scale(like.dtype).reshape(-1, *[1] * (like.ndim - 1))
