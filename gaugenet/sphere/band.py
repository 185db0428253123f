"""Band-limited fields: the flat order of their coefficients, other band limits, and rotations."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.representation import Representation
from gaugenet.so3 import degrees_and_orders, real_wigner_D


def degrees(band_limit: int) -> Tensor:
    """Return the degree l ``(L^2,)`` of each flat coefficient l^2 + l + m."""
    return degrees_and_orders(band_limit)[0]


def rows_of_degree(degree: int) -> slice:
    """Return where the 2 l + 1 coefficients of a degree lie."""
    return slice(degree**2, (degree + 1) ** 2)


def band_limit_of(coefficients: Tensor) -> int:
    """Return L of coefficients ``(..., L^2, C)``.

    Raises:
        ValueError: where their number is no square.
    """
    rows = coefficients.shape[-2] if coefficients.ndim > 1 else 0
    if rows == 0 or math.isqrt(rows) ** 2 != rows:
        raise ValueError(
            f"expected coefficients (..., L^2, C), got {tuple(coefficients.shape)}: transform fields first"
        )
    return math.isqrt(rows)


def with_band_limit(coefficients: Tensor, band_limit: int) -> Tensor:
    """Cut coefficients ``(..., L^2, C)`` off at a band limit, or pad them with zeros: spectral pooling, exact.

    Raises:
        ValueError: for a band limit that is no integer >= 1, and where ``band_limit_of`` finds none.
    """
    check_band_limit(band_limit, "with_band_limit")
    rows, wanted = band_limit_of(coefficients) ** 2, band_limit**2
    if wanted <= rows:
        return coefficients[..., :wanted, :]
    return torch.nn.functional.pad(coefficients, (0, 0, 0, wanted - rows))


def rotated(coefficients: Tensor, rotation: Tensor) -> Tensor:
    """Return the coefficients of rotated fields, (g f)(x) = g f(g^-1 x), of any orders: D^l(g) in every degree.

    Args:
        coefficients: ``(..., L^2, C)``. rotation: ``(..., 3, 3)``, one for all or one for each field.
    """
    parts = [
        real_wigner_D(degree, rotation).to(coefficients) @ coefficients[..., rows_of_degree(degree), :]
        for degree in range(band_limit_of(coefficients))
    ]
    return torch.cat(parts, dim=-2)


def check_coefficients(x: Tensor, rep: Representation, band_limit: int, where: str) -> None:
    """Raise ValueError unless x is ``(..., L^2, rep.dim)``."""
    if not x.is_floating_point():
        raise ValueError(f"{where} expects floating point coefficients, got {x.dtype}: convert them")
    if x.ndim < 2 or x.shape[-2:] != (band_limit**2, rep.dim):
        raise ValueError(
            f"{where} expects coefficients (..., {band_limit**2}, {rep.dim}) of {rep} with band limit {band_limit}, "
            f"got {tuple(x.shape)}: transform fields of this representation, or change the band limit (with_band_limit)"
        )


def check_band_limit(band_limit: int, where: str) -> None:
    """Raise ValueError unless a band limit is an integer >= 1."""
    if not isinstance(band_limit, int) or band_limit < 1:
        raise ValueError(
            f"{where} expects a whole band limit >= 1, got {band_limit!r}: degrees are 0 to band limit - 1"
        )


def check_orders(band_limit: int, where: str, *reps: Representation) -> None:
    """Raise ValueError unless representations are of SO(2), with orders below a band limit that is an integer >= 1."""
    check_band_limit(band_limit, where)
    for rep in reps:
        if str(rep.group) != "SO2" or max(rep.orders, default=0) >= band_limit:
            raise ValueError(
                f"{where} expects a representation of SO2 with orders below the band limit {band_limit}, got {rep}: "
                "leave out higher orders, or raise the band limit"
            )
