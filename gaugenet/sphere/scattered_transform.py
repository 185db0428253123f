"""The harmonic transform of fields at arbitrary points of the sphere."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.so3 import degrees_and_orders, spin_weighted_harmonics
from gaugenet.sphere.band import check_coefficients, check_fields, check_orders, degrees

_SINGULAR = 1e-7  # smallest pivot of a regular Gram matrix, relative to the largest
# The flat triangles of a coarse mesh have less area than the sphere: 2 % less for an icosphere of 162 vertices.
_TOLERANCE = 0.05


class ScatteredTransform(TensorModule):
    """Transform fields at points of S^2, such as the vertices of an icosphere, to harmonics and back.

    The coefficients are those of ``HarmonicTransform``. ``inverse`` is exact. ``forward`` fits the coefficients below
    the band limit by area-weighted least squares, which is exact for fields of degrees below it; higher degrees alias.
    With ``fit=False``, ``forward`` is the quadrature with the areas as weights instead, with its error. Time and memory
    grow with V L^2 for each order of the representation.

    Args:
        rep: Representation of SO(2) of the fields, in the frames (e_theta, e_phi).
        point: Unit vectors ``(V, 3)``.
        area: Areas ``(V,)`` of the points. They sum to 4 pi within 5 %; with ``fit`` any scale will do.
        band_limit: Band limit L.
        fit: Whether to fit by least squares.

    Raises:
        ValueError: If the representation has another group or an order >= L, shapes do not match, points are not unit
            vectors or do not determine the coefficients, or the areas are invalid.
    """

    def __init__(
        self, rep: Representation | str, point: Tensor, area: Tensor, band_limit: int, fit: bool = True
    ) -> None:
        super().__init__()
        self.rep, self.band_limit, self.fit, self.size = Representation(rep), band_limit, fit, len(point)
        check_orders(band_limit, "ScatteredTransform", self.rep)
        point, area = point.detach().double(), area.detach().double()
        if point.ndim != 2 or point.shape[1] != 3 or area.shape != point.shape[:1]:
            shapes = f"{tuple(point.shape)}, {tuple(area.shape)}"
            raise ValueError(f"ScatteredTransform expects points (V, 3) and areas (V,), got {shapes}")
        if not bool(((point.norm(dim=1) - 1.0).abs() < 1e-6).all()):
            raise ValueError("ScatteredTransform expects unit vectors, got others: divide points by their norms")
        if not bool((area.isfinite() & (area >= 0)).all()):
            raise ValueError("ScatteredTransform expects finite areas >= 0, got others: give the areas of the points")
        total = float(area.sum())
        if not fit and abs(total - 4.0 * math.pi) > _TOLERANCE * 4.0 * math.pi:
            raise ValueError(
                f"ScatteredTransform with fit=False expects areas that sum to 4 pi = {4.0 * math.pi:.4g}, got "
                f"{total:.4g}: scale them, or fit"
            )
        if self.size < band_limit**2:
            raise ValueError(
                f"{self.size} points cannot determine {band_limit**2} coefficients: lower the band limit {band_limit}"
            )
        self.harmonics, self.dual = nn.ModuleDict(), nn.ModuleDict()
        for order in self.rep.orders:
            basis = spin_harmonics(band_limit, order, point)
            dual = (basis.conj() * area[:, None]).mT
            known = degrees(band_limit) >= order
            if fit:
                dual[known] = _solved(dual[known] @ basis[:, known], dual[known], band_limit)
            for found, matrix in ((self.harmonics, basis), (self.dual, dual)):
                # Stored as real and imaginary parts: a complex constant would not survive float() and double().
                parts = torch.view_as_real(matrix).movedim(-1, 0).contiguous() if order else matrix
                found[str(order)] = ExactBuffer(parts)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(..., L^2, rep.dim)`` of fields ``x (..., V, rep.dim)``."""
        check_fields(x, self.rep, self.size, "ScatteredTransform")
        return full_precision(self._multiplied, x, self.dual)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the fields ``(..., V, rep.dim)`` with ``coefficients (..., L^2, rep.dim)``."""
        check_coefficients(coefficients, self.rep, self.band_limit, "ScatteredTransform")
        return full_precision(self._multiplied, coefficients, self.harmonics)

    def _multiplied(self, x: Tensor, matrices: nn.ModuleDict) -> Tensor:
        parts = [x.new_zeros(*x.shape[:-2], self.size if matrices is self.harmonics else self.band_limit**2, 0)]
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            matrix = matrices[str(block.order)](z.dtype)
            if block.order == 0:
                parts.append(matrix @ z)
                continue
            (re, im), (turned_re, turned_im) = (y.chunk(2, dim=-1) for y in (matrix[0] @ z, matrix[1] @ z))
            parts += [re - turned_im, im + turned_re]
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep}, {self.size} points, band_limit={self.band_limit}"


def _solved(gram: Tensor, right: Tensor, band_limit: int) -> Tensor:
    """Return the solutions of a Hermitian positive definite system; raise ValueError if it is numerically singular."""
    lower, failed = torch.linalg.cholesky_ex(gram)
    pivot = lower.diagonal().abs()
    if int(failed) or float(pivot.min()) < _SINGULAR * float(pivot.max()):
        raise ValueError(
            f"the points do not determine the coefficients below {band_limit}: spread them, or lower the band limit"
        )
    return torch.cholesky_solve(right, lower)


def spin_harmonics(band_limit: int, order: int, point: Tensor) -> Tensor:
    """Return the harmonics of fields of an order at points; they are orthonormal on S^2.

    A field with coefficients a and b is the sum of the harmonics times a + i b.

    Args:
        band_limit: Band limit L.
        order: Order n >= 0.
        point: Unit vectors ``(V, 3)``.

    Returns:
        Harmonics ``(V, L^2)``, real for order 0 and complex above.
    """
    theta = torch.atan2(point[:, :2].norm(dim=1), point[:, 2])
    phi = torch.atan2(point[:, 1], point[:, 0])
    complex_ones = spin_weighted_harmonics(band_limit, order, theta, phi) * (-1.0) ** order
    degree, m = degrees_and_orders(band_limit, point.device)
    centre = degree * (degree + 1)
    above = complex_ones[:, centre + m.abs()] * (1.0 - 2.0 * (m % 2))
    below = complex_ones[:, centre - m.abs()]
    waves = torch.where(m < 0, (above - below) / 1j, above + below) / math.sqrt(2.0)
    harmonics = torch.where(m == 0, complex_ones, waves)
    return harmonics if order else harmonics.real.contiguous()
