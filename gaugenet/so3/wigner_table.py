"""All d^l_mn(beta) of one spin n, for harmonic transforms."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.so3.arguments import check_band, check_real

# exp of less is rounded to 0, so that no arithmetic is done with denormal numbers, which is slow.
_SMALLEST = -690.0
_HIGHEST = 800  # band limit for which that is small enough
_ROUNDING = 1e-6  # [rad] the float32 nearest to pi is larger than pi


@torch.no_grad()
def wigner_d_table(band_limit: int, spin: int, beta: Tensor) -> Tensor:
    """Return d^l_mn(beta) for n = ``spin`` and all m and l below a band limit L, as ``(2 L - 1, L, B)``.

    Entry [m + L - 1, l, b]; 0 where l < max(|m|, |n|). By recurrence in l from l = max(|m|, |n|), for all m and beta at
    once (Varshalovich et al. 1988, section 4.8):

        A_(l+1) d^(l+1) = (2 l + 1) (cos(beta) - m n / (l (l + 1))) d^l - A_l d^(l-1),
        A_l = sqrt((l^2 - m^2) (l^2 - n^2)) / l

    It is stable: towards higher l, d^l is the solution that grows, until it oscillates. Not differentiable in beta;
    ``wigner_d`` is.

    Args:
        band_limit: L, 1 to 800. spin: n, of either sign, |n| < L. beta: ``(B,)`` [rad] in [0, pi].

    Returns:
        float64, on the device of beta.

    Raises:
        ValueError: for another band limit, a spin without degrees, or angles out of range or in another shape.
    """
    check_band(band_limit, spin)
    if band_limit > _HIGHEST:
        raise ValueError(f"expected a band limit <= {_HIGHEST}, got {band_limit}: beyond, values underflow; lower it")
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
        ends = [band_limit - 1 - l, band_limit - 1 + l]  # m = -l and l begin here
        table[ends, l] = start[ends]
        known = slice(band_limit - l, band_limit + l - 1)  # |m| < l
        order, scale = m[known], _scale(l, m[known], spin)
        shift = order * (spin / max(l * (l - 1), 1))  # spin is 0 where l - 1 is
        table[known, l] = (cos - shift) * table[known, l - 1] * ((2 * l - 1) / scale)
        if l > 1:
            table[known, l] -= (_scale(l - 1, order, spin) / scale) * table[known, l - 2]
    return table


def _scale(l: int, m: Tensor, n: int) -> Tensor:
    return ((l - m) * (l + m) * ((l - n) * (l + n))).sqrt() / l


def _start(band_limit: int, n: int, beta: Tensor) -> Tensor:
    """Return d^l_mn(beta) at l = max(|m|, |n|) as ``(2 L - 1, B)``.

    (-1)^max(0, m - n) sqrt(binomial(2 l, |m - n|)) cos(beta / 2)^|m + n| sin(beta / 2)^|m - n|, in logarithms.

    Values below exp(-690) = 1e-300 become 0, and with them the function at all l. That is harmless: all functions that
    reach 1e-10 below L = 512 start above 1e-190, those below L = 800 above 1e-300.
    """
    m = range(1 - band_limit, band_limit)
    # From integers: lgamma would lose three digits in differences of large numbers.
    binomial = [math.log(math.comb(2 * max(abs(k), abs(n)), abs(k - n))) / 2 for k in m]
    columns = [binomial, [abs(k + n) for k in m], [abs(k - n) for k in m], [(-1) ** max(0, k - n) for k in m]]
    log, cos_power, sin_power, sign = torch.tensor(columns, dtype=beta.dtype, device=beta.device)[..., None]
    # xlogy makes 0 log 0 = 0, which is right at beta = 0 and pi.
    log = log + torch.xlogy(cos_power, (beta / 2).cos()) + torch.xlogy(sin_power, (beta / 2).sin())
    return sign * log.exp().masked_fill(log < _SMALLEST, 0.0)
