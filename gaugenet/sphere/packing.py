"""Harmonic coefficients of real functions, complex or real."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.so3 import degrees_and_orders


class Packing(nn.Module):
    """Coefficients of real functions: complex ``(M, L, ...)`` of orders m >= 0, or flat real ``(L^2, ...)``.

    f = sum_l c_l0 Y_l0 + 2 Re sum_(m > 0) c_lm Y_lm with Y_lm = N P_lm(cos theta) exp(i m phi), no sign of Condon and
    Shortley, has the real coefficients c_l0, sqrt(2) Re c_lm for m > 0 and -sqrt(2) Im c_lm for -m.
    """

    def __init__(self, band_limit: int) -> None:
        super().__init__()
        self.band_limit = size = band_limit
        degree, order = degrees_and_orders(size)
        # Row of (m, l, part) in the complex array, flattened; and the way back, where zeros have a row of their own.
        source = (order.abs() * size + degree) * 2 + (order < 0).long()
        target = torch.full((2 * size * size,), size**2, device="cpu")
        target[source] = torch.arange(size**2, device="cpu")
        sign = 1.0 - 2.0 * (order < 0).double()
        self.source, self.target = ExactBuffer(source), ExactBuffer(target)
        self.scale = ExactBuffer(sign * (1.0 + (order != 0).double()).sqrt())

    def pack(self, coefficients: Tensor) -> Tensor:
        """Return ``(L^2, ...)`` of complex ``(M, L, ...)``."""
        parts = torch.view_as_real(coefficients).movedim(-1, 2).flatten(0, 2)
        return parts.index_select(0, self.source.value) * self._scale(parts)

    def unpack(self, flat: Tensor) -> Tensor:
        """Return complex ``(M, L, ...)`` of ``(L^2, ...)``: the inverse of ``pack``."""
        flat = flat / self._scale(flat)
        padded = torch.cat([flat, flat.new_zeros(1, *flat.shape[1:])])
        parts = padded.index_select(0, self.target.value)
        parts = parts.unflatten(0, (self.band_limit, self.band_limit, 2)).movedim(2, -1)
        return torch.view_as_complex(parts.contiguous())

    def _scale(self, like: Tensor) -> Tensor:
        return self.scale(like.dtype).reshape(-1, *[1] * (like.ndim - 1))
