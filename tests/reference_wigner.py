"""Wigner's sum for d^l_mn(beta) in integers, at angles whose half has a rational sine and cosine."""

import math
from fractions import Fraction

import numpy as np


class PythagoreanAngle:
    """The angle beta with cos(beta / 2) = p / r and sin(beta / 2) = q / r."""

    def __init__(self, p, q):
        self.p, self.q, self.r = p, q, math.isqrt(p * p + q * q)
        assert self.r**2 == p * p + q * q
        self.beta = 2 * math.atan2(q, p)

    def d(self, l, m, n):
        """d^l_mn to the last digit.

        sqrt((l+m)! (l-m)! / ((l+n)! (l-n)!)) sum_k (-1)^(m-n+k) C(l+n, k) C(l-n, l-m-k) c^(2l+n-m-2k) s^(m-n+2k)
        """
        total = 0
        for k in range(max(0, n - m), min(l + n, l - m) + 1):
            term = math.comb(l + n, k) * math.comb(l - n, l - m - k)
            total += (-1) ** (m - n + k) * term * self.p ** (2 * l + n - m - 2 * k) * self.q ** (m - n + 2 * k)
        f = math.factorial
        square = Fraction(total**2 * f(l + m) * f(l - m), self.r ** (4 * l) * f(l + n) * f(l - n))
        return math.copysign(root(square), 1 if total > 0 else -1)


def root(square):
    """The square root of a Fraction, which may be too small for a float."""
    shift = 64 + (square.denominator.bit_length() - square.numerator.bit_length()) // 2
    return math.ldexp(math.isqrt(int(square * Fraction(4) ** shift)), -shift)


ANGLES = [PythagoreanAngle(*pq) for pq in ((4, 3), (3, 4), (12, 5), (399, 40), (40, 399))]


def gauss_legendre(count):
    """Nodes beta and weights for the integral of sin(beta) over [0, pi]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return np.arccos(nodes), weights
