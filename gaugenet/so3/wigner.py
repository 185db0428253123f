"""Wigner matrices: the irreducible representations of SO(3).

The convention is that of quantum mechanics, with rows and columns m = -l .. l (Varshalovich et al. 1988, chapter 4):
D^l_mn = <l m| exp(-i alpha J_z) exp(-i beta J_y) exp(-i gamma J_z) |l n> at R = Rz(alpha) Ry(beta) Rz(gamma).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gaugenet.so3.rotation import check_real, euler_from_rotation

_SMALLEST = -690.0  # exp of less is set to 0: arithmetic with denormal numbers is slow
_HIGHEST = 800  # the largest band limit for which _SMALLEST is small enough
_ROUNDING = 1e-6  # [rad] the float32 nearest to pi is larger than pi


def wigner_d(degree: int, beta: Tensor) -> Tensor:
    """Return d^l(beta) = exp(-i beta J_y), real orthogonal matrices.

    J_y is J_x after a quarter turn about z, and J_x = W diag(k) W^T with k = -l .. l and W real orthogonal, so

        d^l_mn(beta) = Re[(-i)^(m - n) sum_k W_mk exp(-i k beta) W_nk]

    (with W = d(pi/2) up to signs: Varshalovich et al. 1988, section 4.5; Risbo 1996). Differentiable. Absolute errors
    are about 1e-14 up to l = 255; ``wigner_d_table`` also has small relative errors in tiny entries.

    Args:
        degree: Degree l >= 0.
        beta: ``(...)`` [rad], any angle; float64 inside.

    Returns:
        Matrices ``(..., 2 l + 1, 2 l + 1)`` in the precision of beta.

    Raises:
        ValueError: If the degree is negative or not an integer, or the angles are not real.
    """
    check_degree(degree)
    check_real(beta, "angles beta")
    vectors = torch.tensor(_eigenvectors(degree), device=beta.device)
    order = torch.arange(-degree, degree + 1, device=beta.device)
    phase = (order[:, None] - order) % 4  # the exponent of (-i)^(m - n)
    angle = beta.double()[..., None, None] * order
    cos, sin = ((vectors * wave) @ vectors.T for wave in (angle.cos(), angle.sin()))
    # Exactly one of the two is nonzero by symmetry. Masking the other drops its rounding errors.
    even = ((phase == 0).double() - (phase == 2).double()) * cos
    odd = ((phase == 3).double() - (phase == 1).double()) * sin
    return (even + odd).to(beta.dtype)


@lru_cache(maxsize=256)
def _eigenvectors(degree: int) -> np.ndarray:
    """Return the eigenvectors of J_x in the basis |l m> as columns; the eigenvalues are -l .. l in this order."""
    m = np.arange(-degree, degree, dtype=np.float64)
    ladder = np.diag(np.sqrt((degree - m) * (degree + m + 1)) / 2, 1)
    return np.linalg.eigh(ladder + ladder.T).eigenvectors


def wigner_D(degree: int, rotation: Tensor) -> Tensor:
    """Return the unitary matrices D^l_mn = exp(-i m alpha) d^l_mn(beta) exp(-i n gamma).

    D(g h) = D(g) D(h). Rotating a function f = sum_m a_m Y_lm by g maps its coefficients a to D a, and harmonics have
    Y(R x) = conj(D) Y(x). Differentiable along the rotations, also at beta = 0 and pi.

    Args:
        degree: Degree l >= 0.
        rotation: Matrices ``(..., 3, 3)``; float64 inside.

    Returns:
        Matrices ``(..., 2 l + 1, 2 l + 1)``, complex in the precision of the rotations.

    Raises:
        ValueError: If the degree is negative or not an integer, or the shape is wrong.
    """
    check_degree(degree)
    check_real(rotation, "rotation matrices", 3, 3)
    exact = rotation.double()
    # Euler angles have no derivative at beta = 0 or pi. There D(R) = D(Q)^T D(Q R) with a quarter turn Q about y.
    pole = exact[..., 2, 2].detach().abs()[..., None, None] > 0.9
    turned = torch.stack([exact[..., 2, :], exact[..., 1, :], -exact[..., 0, :]], -2)
    alpha, beta, gamma = euler_from_rotation(torch.where(pole, turned, exact))
    order = torch.arange(-degree, degree + 1, device=rotation.device)
    quarter = wigner_d(degree, beta.new_full((), math.pi / 2))
    angle = alpha[..., None, None] * order[:, None] + gamma[..., None, None] * order
    D = torch.polar(torch.ones_like(angle), -angle) * wigner_d(degree, beta)
    D = torch.where(pole, quarter.T.to(D.dtype) @ D, D)
    return D.to(rotation.dtype.to_complex())


def real_basis(degree: int) -> Tensor:
    """Return the unitary matrix U from complex to real harmonics, Y_real = U Y.

    For m > 0, row m is sqrt(2) (-1)^m times the real part of Y_lm, and row -m the same times its imaginary part.
    Coefficients of functions change by conj(U).

    Args:
        degree: Degree l >= 0.

    Returns:
        Matrix ``(2 l + 1, 2 l + 1)``, complex128.

    Raises:
        ValueError: If the degree is negative or not an integer.
    """
    check_degree(degree)
    U = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=np.complex128)
    U[degree, degree] = 1
    for m in range(1, degree + 1):
        sign, plus, minus = (-1) ** m, degree + m, degree - m
        U[plus, plus], U[plus, minus] = sign / math.sqrt(2), 1 / math.sqrt(2)
        U[minus, plus], U[minus, minus] = -1j * sign / math.sqrt(2), 1j / math.sqrt(2)
    return torch.from_numpy(U)


def real_wigner_D(degree: int, rotation: Tensor) -> Tensor:
    """Return D in the real basis, the orthogonal matrices conj(U) D U^T.

    Real harmonics have Y(R x) = D(R) Y(x), and rotating a function by R multiplies its coefficients by D(R). At l = 1
    D is R in the order y, z, x. Differentiable everywhere.

    Args:
        degree: Degree l >= 0.
        rotation: Matrices ``(..., 3, 3)``; float64 inside.

    Returns:
        Matrices ``(..., 2 l + 1, 2 l + 1)`` in the precision of the rotations.

    Raises:
        ValueError: If the degree is negative or not an integer, or the shape is wrong.
    """
    U = real_basis(degree).to(rotation.device)
    check_real(rotation, "rotation matrices", 3, 3)
    return (U.conj() @ wigner_D(degree, rotation.double()) @ U.T).real.to(rotation.dtype)


@torch.no_grad()
def wigner_d_table(band_limit: int, spin: int, beta: Tensor) -> Tensor:
    """Return d^l_mn(beta) of one spin n for all m and l below a band limit L.

    Computed by recurrence in l from l = max(|m|, |n|), for all m and beta at once (Varshalovich et al. 1988, section
    4.8):

        A_(l+1) d^(l+1) = (2 l + 1) (cos(beta) - m n / (l (l + 1))) d^l - A_l d^(l-1),
        A_l = sqrt((l^2 - m^2) (l^2 - n^2)) / l

    The recurrence is stable: towards higher l, d^l is the growing solution, until it oscillates. Not differentiable in
    beta; ``wigner_d`` is.

    Args:
        band_limit: Band limit L, 1 to 800.
        spin: Spin n, of either sign, |n| < L.
        beta: ``(B,)`` [rad] in [0, pi].

    Returns:
        Entries [m + L - 1, l, b] of ``(2 L - 1, L, B)``, float64, on the device of beta; 0 where l < max(|m|, |n|).

    Raises:
        ValueError: If the band limit is out of range, no degree has the spin, or the angles are out of range or have
            another shape.
    """
    check_spin(band_limit, spin, "wigner_d_table")
    if band_limit > _HIGHEST:
        raise ValueError(f"expected a band limit <= {_HIGHEST}, got {band_limit}: values underflow above; lower it")
    check_real(beta, "angles beta")
    if beta.dim() != 1:
        raise ValueError(f"expected angles beta (B,), got {tuple(beta.shape)}: pass beta.flatten()")
    if not bool(((beta >= -_ROUNDING) & (beta <= math.pi + _ROUNDING)).all()):
        raise ValueError(
            f"expected angles beta in [0, pi], got {float(beta.min()):g} to {float(beta.max()):g}: pass polar angles"
        )
    beta = beta.double().clamp(0.0, math.pi)
    m = torch.arange(1 - band_limit, band_limit, dtype=torch.float64, device=beta.device)[:, None]
    table = beta.new_zeros(2 * band_limit - 1, band_limit, len(beta))
    start, cos = _start(band_limit, spin, beta), beta.cos()
    first = abs(spin)
    table[band_limit - 1 - first : band_limit + first, first] = start[band_limit - 1 - first : band_limit + first]
    for l in range(first + 1, band_limit):
        ends = [band_limit - 1 - l, band_limit - 1 + l]  # m = -l and l start at this degree
        table[ends, l] = start[ends]
        known = slice(band_limit - l, band_limit + l - 1)  # |m| < l
        order, scale = m[known], _scale(l, m[known], spin)
        shift = order * (spin / max(l * (l - 1), 1))  # where l - 1 is 0, so is the spin
        table[known, l] = (cos - shift) * table[known, l - 1] * ((2 * l - 1) / scale)
        if l > 1:
            table[known, l] -= (_scale(l - 1, order, spin) / scale) * table[known, l - 2]
    return table


def _scale(l: int, m: Tensor, n: int) -> Tensor:
    return ((l - m) * (l + m) * ((l - n) * (l + n))).sqrt() / l


def _start(band_limit: int, n: int, beta: Tensor) -> Tensor:
    """Return d^l_mn(beta) at l = max(|m|, |n|) as ``(2 L - 1, B)``.

    (-1)^max(0, m - n) sqrt(binomial(2 l, |m - n|)) cos(beta / 2)^|m + n| sin(beta / 2)^|m - n|, from logarithms.

    A value below exp(-690) = 1e-300 becomes 0, and so does its function at all l. This is harmless: every function that
    reaches 1e-10 at some l < 512 starts above 1e-190, and at some l < 800 above 1e-300.
    """
    m = range(1 - band_limit, band_limit)
    # From integers: lgamma would lose three digits in differences of large numbers.
    binomial = [math.log(math.comb(2 * max(abs(k), abs(n)), abs(k - n))) / 2 for k in m]
    columns = [binomial, [abs(k + n) for k in m], [abs(k - n) for k in m], [(-1) ** max(0, k - n) for k in m]]
    log, cos_power, sin_power, sign = torch.tensor(columns, dtype=beta.dtype, device=beta.device)[..., None]
    # xlogy gives 0 log 0 = 0, the correct limit at beta = 0 and pi.
    log = log + torch.xlogy(cos_power, (beta / 2).cos()) + torch.xlogy(sin_power, (beta / 2).sin())
    return sign * log.exp().masked_fill(log < _SMALLEST, 0.0)


def check_degree(degree: int, name: str = "degree") -> None:
    """Check a degree.

    Args:
        degree: Degree l.
        name: Its name in the message.

    Raises:
        ValueError: If it is not an integer >= 0.
    """
    if not isinstance(degree, int) or degree < 0:
        raise ValueError(
            f"expected an integer {name} >= 0, got {degree!r}: SO(3) has one irrep for each l = 0, 1, 2, ..."
        )


def check_band_limit(band_limit: int, where: str) -> None:
    """Check a band limit.

    Args:
        band_limit: Band limit L; degrees are 0 to L - 1.
        where: Name of the caller, for the message.

    Raises:
        ValueError: If it is not an integer >= 1.
    """
    if not isinstance(band_limit, int) or band_limit < 1:
        raise ValueError(
            f"{where} expects an integer band limit >= 1, got {band_limit!r}: degrees are 0 to band limit - 1"
        )


def check_spin(band_limit: int, spin: int, where: str) -> None:
    """Check that some degrees l have ``|spin| <= l < band_limit``.

    Args:
        band_limit: Band limit L.
        spin: Spin.
        where: Name of the caller, for the message.

    Raises:
        ValueError: If the band limit is not an integer >= 1, or the spin is not an integer below it.
    """
    check_band_limit(band_limit, where)
    if not isinstance(spin, int) or abs(spin) >= band_limit:
        raise ValueError(
            f"{where} expects an integer spin with |spin| < {band_limit}, got {spin!r}: use a band limit above |spin|"
        )
