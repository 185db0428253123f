"""Spherical harmonics: real, complex and spin-weighted.

A band limit L means the degrees l < L. The last dimension holds the L^2 harmonics, (l, m) at entry l^2 + l + m. They
are orthonormal over the sphere.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.so3.rotation import check_real
from gaugenet.so3.wigner import check_band_limit, check_spin, wigner_d_table


def degrees_and_orders(band_limit: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Return the degree and the order of each entry.

    Args:
        band_limit: Band limit L.
        device: Device of the result.

    Returns:
        l and m, ``(L^2,)`` each.
    """
    degree = torch.arange(band_limit, device=device)
    degree = degree.repeat_interleave(2 * degree + 1)
    return degree, torch.arange(band_limit**2, device=device) - degree * (degree + 1)


def real_harmonics(band_limit: int, point: Tensor) -> Tensor:
    """Return real harmonics at unit vectors.

        Y_lm = sqrt(2) N_lm P_l^m(cos theta) cos(m phi) for m > 0, N_l0 P_l(cos theta) for m = 0,
               sqrt(2) N_l|m| P_l^|m|(cos theta) sin(|m| phi) for m < 0,   N_lm^2 = (2 l + 1) (l - m)! / (4 pi (l + m)!)

    about the z axis with P_l^m >= 0 near the pole (no Condon-Shortley phase): Y_1m is sqrt(3 / 4 pi) times y, z, x.
    At other vectors x they are the solid harmonics |x|^l Y_lm(x / |x|). These are homogeneous polynomials, so
    derivatives are correct everywhere, also at the poles. By recurrence in l (Varshalovich et al. 1988, section 5.7).

    Args:
        band_limit: Band limit L >= 1.
        point: Unit vectors ``(..., 3)``; float64 inside.

    Returns:
        Harmonics ``(..., L^2)`` in the precision of the points.

    Raises:
        ValueError: If the band limit is not an integer >= 1, or the points have another shape or are not real.
    """
    return _harmonics(band_limit, point, "real_harmonics").to(point.dtype)


def complex_harmonics(band_limit: int, point: Tensor) -> Tensor:
    """Return complex harmonics with Condon-Shortley phase at unit vectors.

    Y_lm = (-1)^m N_lm P_l^m(cos theta) exp(i m phi) and Y_l,-m = (-1)^m conj(Y_lm), with N and P as in
    ``real_harmonics`` (Varshalovich et al. 1988, section 5.2). Derivatives are correct everywhere.

    Args:
        band_limit: Band limit L >= 1.
        point: Unit vectors ``(..., 3)``; float64 inside.

    Returns:
        Harmonics ``(..., L^2)``, complex in the precision of the points.

    Raises:
        ValueError: If the band limit is not an integer >= 1, or the points have another shape or are not real.
    """
    real = _harmonics(band_limit, point, "complex_harmonics")
    degree, m = degrees_and_orders(band_limit, point.device)
    zero = degree * (degree + 1)
    # For m < 0 it is conj(Y_l|m|); its two signs (-1)^m cancel.
    scale = real.new_ones(len(m)).masked_fill(m != 0, math.sqrt(0.5)).where((m <= 0) | (m % 2 == 0), -math.sqrt(0.5))
    Y = torch.complex(scale * real[..., zero + m.abs()], scale * m.sign() * real[..., zero - m.abs()])
    return Y.to(point.dtype.to_complex())


def spin_weighted_harmonics(band_limit: int, spin: int, theta: Tensor, phi: Tensor) -> Tensor:
    """Return the spin-weighted harmonics sYlm.

    sYlm = (-1)^s sqrt((2 l + 1) / 4 pi) conj D^l_m,-s(phi, theta, 0), hence 0Ylm are the complex harmonics and

        eth sYlm = sqrt((l - s) (l + s + 1)) (s+1)Ylm,
        eth f = -sin(theta)^s (d_theta + i / sin(theta) d_phi) sin(theta)^-s f

    (Goldberg et al. 1967, with the Condon-Shortley phase). They are written in the frame e_theta, e_phi, which is
    undefined at the poles: values there are limits along the meridian phi. Not differentiable.

    Args:
        band_limit: Band limit L > |s|.
        spin: Spin s.
        theta: Polar angle ``(...)`` [rad] in [0, pi]; float64 inside.
        phi: Azimuth ``(...)`` [rad], of a shape that broadcasts with theta.

    Returns:
        Harmonics ``(..., L^2)``, complex in the precision of theta; 0 where l < |s|.

    Raises:
        ValueError: If no degree has the spin, or the angles are out of range or not real.
    """
    check_spin(band_limit, spin, "spin_weighted_harmonics")
    check_real(phi, "angles phi")
    check_real(theta, "angles theta")
    with torch.no_grad():
        table = wigner_d_table(band_limit, -spin, theta.flatten())
        degree, m = degrees_and_orders(band_limit, theta.device)
        scale = (2.0 * degree.double() + 1).mul(0.25 / math.pi).sqrt() * (-1) ** spin
        d = (table[m + band_limit - 1, degree].T * scale).reshape(*theta.shape, -1)
        angle = phi.double()[..., None] * m
        return (d * torch.polar(torch.ones_like(angle), angle)).to(theta.dtype.to_complex())


def _harmonics(band_limit: int, point: Tensor, where: str) -> Tensor:
    """Return the solid harmonics in float64.

    At |m| = l they are the real and imaginary parts of (x + i y)^l. Underflow for small x, y and large m is harmless,
    as in ``wigner_d_table``.
    """
    check_band_limit(band_limit, where)
    check_real(point, "points", 3)
    x, y, z = point.double().movedim(-1, 0)
    square, zero = x * x + y * y + z * z, torch.zeros_like(x)
    new = torch.full_like(x, math.sqrt(0.25 / math.pi))[None]
    cos, sin = new[0] * math.sqrt(2), zero
    last, degrees = new, [new]
    for l in range(1, band_limit):
        cos, sin = (math.sqrt(1 + 0.5 / l) * one for one in (x * cos - y * sin, x * sin + y * cos))
        m = torch.arange(1 - l, l, dtype=x.dtype, device=x.device).reshape(-1, *[1] * x.dim())
        inner = z * new
        if l > 1:
            shrink = (((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1)).sqrt()  # 0 where |m| = l - 1
            inner = inner - shrink * square * torch.cat([zero[None], last, zero[None]])
        inner = ((4 * l * l - 1) / (l * l - m * m)).sqrt() * inner
        last, new = new, torch.cat([sin[None], inner, cos[None]])
        degrees.append(new)
    return torch.cat(degrees).movedim(0, -1).contiguous()
