"""Clebsch-Gordan coefficients: the irreps of SO(3) in a product of two irreps."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gaugenet.so3.wigner import check_degree, real_basis


def clebsch_gordan(l1: int, l2: int, l: int) -> Tensor:
    """Return the coefficients <l1 m1 l2 m2 | l m> with Condon-Shortley phases.

    |l m> = sum <l1 m1 l2 m2 | l m> |l1 m1> |l2 m2> (Varshalovich et al. 1988, section 8.1; Edmonds 1957, section 3.3).
    They are 0 unless m1 + m2 = m. Errors are below 1e-13 up to l1 = l2 = 64.

    Args:
        l1: Degree of the first factor.
        l2: Degree of the second factor.
        l: Degree in the product, |l1 - l2| <= l <= l1 + l2.

    Returns:
        Coefficients ``(2 l1 + 1, 2 l2 + 1, 2 l + 1)``, float64, on the CPU.

    Raises:
        ValueError: If a degree is negative or not an integer, or the triangle rule is violated.
    """
    for name, degree in (("l1", l1), ("l2", l2), ("l", l)):
        check_degree(degree, name)
    if not abs(l1 - l2) <= l <= l1 + l2:
        raise ValueError(
            f"expected |l1 - l2| <= l <= l1 + l2, got l1 = {l1}, l2 = {l2}, l = {l}: "
            f"products of these degrees have degrees {abs(l1 - l2)} to {l1 + l2}"
        )
    m1, m = np.arange(-l1, l1 + 1)[:, None], np.arange(-l, l + 1)
    m2 = m - m1
    valid = np.nonzero(abs(m2) <= l2)
    out = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l + 1))
    out[valid[0], (m2 + l2)[valid], valid[1]] = _coefficients(l1, l2, l)[valid]
    return torch.from_numpy(out)


@lru_cache(maxsize=256)
def _coefficients(l1: int, l2: int, l: int) -> np.ndarray:
    """Return <l1 m1 l2 (m - m1) | l m> as ``(2 l1 + 1, 2 l + 1)``.

    For each m they are an eigenvector of J^2, which is tridiagonal in m1 (Edmonds 1957, section 3.7):

        b(m1) C(m1 - 1) + a(m1) C(m1) + b(m1 + 1) C(m1 + 1) = l (l + 1) C(m1)

    The recurrence is stable where C grows: from both ends up to the middle of the range in which C oscillates.
    """
    m1, m = np.arange(-l1, l1 + 1, dtype=np.float64)[:, None], np.arange(-l, l + 1, dtype=np.float64)
    m2 = m - m1
    valid = abs(m2) <= l2
    b = np.zeros((2 * l1 + 2, 2 * l + 1))  # b[i] couples m1 - 1 and m1 = i - l1; 0 at both ends
    b[1:-1] = np.sqrt(((l1 - m1 + 1) * (l1 + m1) * (l2 + m2 + 1) * (l2 - m2))[1:].clip(0))
    rest = l * (l + 1) - l1 * (l1 + 1) - l2 * (l2 + 1) - 2 * m1 * m2
    up, down = _sweep(rest, b, valid), _sweep(rest[::-1], b[::-1], valid[::-1])[::-1]
    # By Gershgorin, C oscillates only where |rest| <= b(m1) + b(m1 + 1). Both sweeps are accurate where this holds by
    # the largest margin, and of two neighbours there at least one is not near 0.
    middle = np.where(valid, b[:-1] + b[1:] - abs(rest), -np.inf).argmax(0)
    row = np.arange(2 * l1 + 1)[:, None]
    pair = ((row == middle) | (row == middle + 1)) & valid
    scale = (up * down).sum(0, where=pair) / (up * up).sum(0, where=pair)
    out = np.where(row <= middle, scale * up, down)
    # The phase is positive at the largest m1, where `down` starts from 1.
    return out / np.sqrt((out * out).sum(0))


def _sweep(rest: np.ndarray, b: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Run the recurrence down the rows, starting from 1 in the first valid row of each column."""
    out = valid.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # past the middle, where values are not used
        for i in range(1, len(out)):
            step = rest[i - 1] * out[i - 1] - (b[i - 1] * out[i - 2] if i > 1 else 0.0)
            np.divide(step, b[i], out=out[i], where=b[i] > 0)
    return out


def wigner_3j(l1: int, l2: int, l3: int) -> Tensor:
    """Return the 3j symbols (l1 l2 l3; m1 m2 m3), the invariant of norm 1 in the product of three irreps.

    (-1)^(l1 - l2 - m3) / sqrt(2 l3 + 1) <l1 m1 l2 m2 | l3 -m3> (Edmonds 1957, equation 3.7.3).

    Args:
        l1: Degree of the first irrep.
        l2: Degree of the second irrep.
        l3: Degree of the third irrep, |l1 - l2| <= l3 <= l1 + l2.

    Returns:
        Symbols ``(2 l1 + 1, 2 l2 + 1, 2 l3 + 1)``, float64, on the CPU.

    Raises:
        ValueError: If a degree is negative or not an integer, or the triangle rule is violated.
    """
    coupled = clebsch_gordan(l1, l2, l3).flip(-1)
    sign = (-1.0) ** (l1 - l2 - torch.arange(-l3, l3 + 1, dtype=coupled.dtype, device=coupled.device))
    return coupled * sign / math.sqrt(2 * l3 + 1)


def real_clebsch_gordan(l1: int, l2: int, l: int) -> Tensor:
    """Return the Clebsch-Gordan coefficients Q of real irreps.

    sum_ij Q_ijk (D1 u)_i (D2 v)_j = sum_n D_kn sum_ij Q_ijn u_i v_j with D from ``real_wigner_D``. Unique up to sign:

        Q = (1 or i) sum_m1,m2,m <l1 m1 l2 m2 | l m> U1_i,m1 U2_j,m2 conj(U_k,m)

    with 1 if l1 + l2 + l is even and i if it is odd, and U from ``real_basis``. Two vectors give -u.v / sqrt(3) at
    l = 0 and the cross product u x v / sqrt(2) at l = 1. Orthonormal: sum_ij Q_ijk Q_ijn is 1 for k = n, else 0.

    Args:
        l1: Degree of the first factor.
        l2: Degree of the second factor.
        l: Degree in the product, |l1 - l2| <= l <= l1 + l2.

    Returns:
        Coefficients ``(2 l1 + 1, 2 l2 + 1, 2 l + 1)``, float64, on the CPU.

    Raises:
        ValueError: If a degree is negative or not an integer, or the triangle rule is violated.
    """
    Q = clebsch_gordan(l1, l2, l).to(torch.complex128)
    for basis in (real_basis(l1), real_basis(l2), real_basis(l).conj()):
        Q = torch.tensordot(Q, basis, dims=([0], [1]))  # the first index moves to the end
    return -Q.imag if (l1 + l2 + l) % 2 else Q.real.clone()
