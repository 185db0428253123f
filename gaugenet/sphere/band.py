"""Coefficients of band-limited fields: their flat order, other band limits, rotations, and checks of shapes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.representation import Representation
from gaugenet.so3 import degrees_and_orders, real_wigner_D
from gaugenet.so3.wigner import check_band_limit


def degrees(band_limit: int) -> Tensor:
    """Return the degree l of each flat coefficient l^2 + l + m.

    Args:
        band_limit: Band limit L.

    Returns:
        Degrees ``(L^2,)``.
    """
    return degrees_and_orders(band_limit)[0]


def rows_of_degree(degree: int) -> slice:
    """Return the rows of the 2 l + 1 coefficients of a degree.

    Args:
        degree: Degree l.
    """
    return slice(degree**2, (degree + 1) ** 2)


def band_limit_of(coefficients: Tensor) -> int:
    """Return the band limit L of coefficients.

    Args:
        coefficients: ``(..., L^2, C)``.

    Raises:
        ValueError: If the number of rows is not a square.
    """
    rows = coefficients.shape[-2] if coefficients.ndim > 1 else 0
    if rows == 0 or math.isqrt(rows) ** 2 != rows:
        raise ValueError(
            f"expected coefficients (..., L^2, C), got {tuple(coefficients.shape)}: transform fields first"
        )
    return math.isqrt(rows)


def with_band_limit(coefficients: Tensor, band_limit: int) -> Tensor:
    """Truncate coefficients at a band limit, or pad them with zeros: exact spectral pooling.

    Args:
        coefficients: ``(..., L^2, C)`` of any band limit L.
        band_limit: Band limit of the result.

    Raises:
        ValueError: If ``band_limit`` is not an integer >= 1, or the number of rows is not a square.
    """
    check_band_limit(band_limit, "with_band_limit")
    rows, wanted = band_limit_of(coefficients) ** 2, band_limit**2
    if wanted <= rows:
        return coefficients[..., :wanted, :]
    return torch.nn.functional.pad(coefficients, (0, 0, 0, wanted - rows))


def rotated(coefficients: Tensor, rotation: Tensor) -> Tensor:
    """Return the coefficients of rotated fields, (g f)(x) = g f(g^-1 x), of any orders: D^l(g) in each degree.

    Args:
        coefficients: ``(..., L^2, C)``.
        rotation: Rotations g ``(..., 3, 3)``, one for all fields or one for each.
    """
    parts = [
        real_wigner_D(degree, rotation).to(coefficients) @ coefficients[..., rows_of_degree(degree), :]
        for degree in range(band_limit_of(coefficients))
    ]
    return torch.cat(parts, dim=-2)


def check_coefficients(x: Tensor, rep: Representation, band_limit: int, where: str) -> None:
    """Check the type and shape of coefficients.

    Args:
        x: Coefficients ``(..., L^2, rep.dim)``.
        rep: Representation of the fields.
        band_limit: Band limit L.
        where: Name of the caller, for the message.

    Raises:
        ValueError: If they are not floating point or have another shape.
    """
    if not x.is_floating_point():
        raise ValueError(f"{where} expects floating point coefficients, got {x.dtype}: convert them")
    if x.ndim < 2 or x.shape[-2:] != (band_limit**2, rep.dim):
        raise ValueError(
            f"{where} expects coefficients (..., {band_limit**2}, {rep.dim}) of {rep} with band limit {band_limit}, "
            f"got {tuple(x.shape)}: transform fields of this representation, or change the band limit (with_band_limit)"
        )


def check_fields(x: Tensor, rep: Representation, points: int, where: str) -> None:
    """Check the type and shape of fields at points of the sphere.

    Args:
        x: Fields ``(..., V, rep.dim)``.
        rep: Representation of the fields.
        points: Number V of points.
        where: Name of the caller, for the message.

    Raises:
        ValueError: If they are not floating point or have another shape.
    """
    if not x.is_floating_point():
        raise ValueError(f"{where} expects floating point fields, got {x.dtype}: convert them")
    if x.ndim < 2 or x.shape[-2:] != (points, rep.dim):
        raise ValueError(
            f"{where} expects fields (..., {points}, {rep.dim}) of {rep} at {points} points, got {tuple(x.shape)}: "
            "resample the fields, or build the transform for their points and representation"
        )


def check_orders(band_limit: int, where: str, *reps: Representation) -> None:
    """Check that a band limit is valid and representations of SO(2) have only orders below it.

    Args:
        band_limit: Band limit L.
        where: Name of the caller, for the message.
        *reps: Representations.

    Raises:
        ValueError: If L is not an integer >= 1, or a representation has another group or an order >= L.
    """
    check_band_limit(band_limit, where)
    for rep in reps:
        if str(rep.group) != "SO2" or max(rep.orders, default=0) >= band_limit:
            raise ValueError(
                f"{where} expects a representation of SO2 with orders below the band limit {band_limit}, got {rep}: "
                "drop the higher orders, or raise the band limit"
            )
