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

from gaugenet.so3.arguments import check_degree, check_real
from gaugenet.so3.rotation import euler_from_rotation


def wigner_d(degree: int, beta: Tensor) -> Tensor:
    """Return d^l(beta) = exp(-i beta J_y), real orthogonal matrices ``(..., 2 l + 1, 2 l + 1)``.

    J_y is J_x turned by a quarter about z, and J_x = W diag(k) W^T with k = -l .. l and W real orthogonal, so

        d^l_mn(beta) = Re[(-i)^(m - n) sum_k W_mk exp(-i k beta) W_nk]

    (with W = d(pi/2) up to signs: Varshalovich et al. 1988, section 4.5; Risbo 1996). Differentiable. Absolute errors
    are some 1e-14 up to l = 255; ``wigner_d_table`` also has the digits of tiny entries.

    Args:
        degree: l >= 0. beta: ``(...)`` [rad], any angle; float64 inside, the result has the precision of beta.

    Raises:
        ValueError: for a degree that is negative or not an integer, or angles that are not real.
    """
    check_degree(degree)
    check_real(beta, "angles beta")
    vectors = torch.tensor(_eigenvectors(degree), device=beta.device)
    order = torch.arange(-degree, degree + 1, device=beta.device)
    phase = (order[:, None] - order) % 4  # of (-i)^(m - n)
    angle = beta.double()[..., None, None] * order
    cos, sin = ((vectors * wave) @ vectors.T for wave in (angle.cos(), angle.sin()))
    # One of the two is 0 by symmetry, so that rounding errors of neither spoil the other.
    even = ((phase == 0).double() - (phase == 2).double()) * cos
    odd = ((phase == 3).double() - (phase == 1).double()) * sin
    return (even + odd).to(beta.dtype)


@lru_cache(maxsize=256)
def _eigenvectors(degree: int) -> np.ndarray:
    """Return the eigenvectors of J_x in the basis |l m>, columns by ascending eigenvalue, which are -l .. l exactly."""
    m = np.arange(-degree, degree, dtype=np.float64)
    ladder = np.diag(np.sqrt((degree - m) * (degree + m + 1)) / 2, 1)
    return np.linalg.eigh(ladder + ladder.T).eigenvectors


def wigner_D(degree: int, rotation: Tensor) -> Tensor:
    """Return D^l_mn = exp(-i m alpha) d^l_mn(beta) exp(-i n gamma), unitary ``(..., 2 l + 1, 2 l + 1)``.

    D(g h) = D(g) D(h); coefficients a of a function f = sum_m a_m Y_lm become D a when f turns with g, and harmonics
    have Y(R x) = conj(D) Y(x). Differentiable along the rotations, at beta = 0 and pi too.

    Args:
        degree: l >= 0. rotation: ``(..., 3, 3)``; float64 inside, the result is complex in its precision.

    Raises:
        ValueError: for a degree that is negative or not an integer, or another shape.
    """
    check_degree(degree)
    check_real(rotation, "rotation matrices", 3, 3)
    exact = rotation.double()
    # Euler angles have no derivative where beta is 0 or pi. There a quarter turn Q about y leads away from it, and
    # D(R) = D(Q)^T D(Q R).
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
    """Return the unitary matrix U ``(2 l + 1, 2 l + 1)`` from complex to real harmonics: Y_real = U Y, in complex128.

    sqrt(2) (-1)^m times the real part of Y_lm for m > 0 and, in row -m, its imaginary part. Coefficients of functions
    change by conj(U).

    Raises:
        ValueError: for a degree that is negative or not an integer.
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
    """Return D in the real basis, orthogonal matrices ``(..., 2 l + 1, 2 l + 1)``: conj(U) D U^T.

    Real harmonics of the degree have Y(R x) = D(R) Y(x), and so do coefficients of functions that turn with R. At l = 1
    it is R in the order y, z, x. Differentiable everywhere.

    Args:
        degree: l >= 0. rotation: ``(..., 3, 3)``; float64 inside, the result has the precision of the rotation.

    Raises:
        ValueError: for a degree that is negative or not an integer, or another shape.
    """
    check_degree(degree)
    check_real(rotation, "rotation matrices", 3, 3)
    U = real_basis(degree).to(rotation.device)
    return (U.conj() @ wigner_D(degree, rotation.double()) @ U.T).real.to(rotation.dtype)
