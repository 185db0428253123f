"""What the vibrations of a surface say about a point of it, whichever way it is bent."""

from __future__ import annotations

import numpy as np

# Vertices whose signature is computed at once: 50 MB at 96 eigenfunctions.
_ROWS = 65536
# Energies of the wave kernel signature in units of 1 / area: from the slowest vibrations of a long shape to where the
# 96 slowest of any shape begin to fade. The second number keeps the signature from falling without bound.
_ENERGIES = (4.0, 500.0)
_SOFT = 0.1


def heat_kernel_signature(
    value: np.ndarray, function: np.ndarray, count: int, times: tuple[float, float]
) -> np.ndarray:
    """Return log(4 pi t K_t(v, v)) ``(V, count)`` at times spaced evenly in their logarithm, in units of the area.

    K_t(v, v) = sum_k exp(-lambda_k t) phi_k(v)^2 over the first eigenfunctions (Sun et al. 2009, eq. 4); the factor
    makes a flat plane 0. The sum fades out as 1 - (lambda / lambda_max)^4: cut hard, it would depend on how the solver
    turns equal eigenvalues of a symmetric shape. Vertices without area get 0.

    Args:
        value, function: ``(k,)`` and ``(V, k)``, eigenvalues and eigenfunctions where the area is 1.
    """
    t = np.logspace(np.log10(times[0]), np.log10(times[1]), count)
    heat = _diagonal(function, _fade(value)[:, None] * np.exp(-np.outer(value, t)) * (4 * np.pi * t))
    return np.where(heat > 0, np.log(np.maximum(heat, 1e-6)), 0.0)


def wave_kernel_signature(value: np.ndarray, function: np.ndarray, count: int) -> np.ndarray:
    """Return the wave kernel signature ``(V, count)`` at energies spaced evenly in their logarithm, compressed.

    W_e(v) = sum_k g_ek phi_k(v)^2 / sum_k g_ek with g_ek = exp(-(log e - log lambda_k)^2 / 2 sigma^2) over the first
    eigenfunctions but the constant (Aubry, Schlickewei & Cremers 2011, eq. 9), sigma the spacing of the energies, and
    fading out as the heat kernel signature does. Where heat blurs all scales above its own, a wave sees one alone.

    W is 1 on average over the surface. What is returned, log((W + 1/10) / (1 + 1/10)), is about centred and does not
    fall without bound on nodal lines. Vertices without area get 0.

    Args:
        value, function: ``(k,)`` and ``(V, k)``, eigenvalues and eigenfunctions where the area is 1.
    """
    low, high = np.log(_ENERGIES[0]), np.log(_ENERGIES[1])
    energy = low + (high - low) * (np.arange(count) + 0.5) / max(count, 1)
    sigma = (high - low) / max(count, 1)
    moving = value > 1e-6  # one constant function for each component
    log = np.log(np.where(moving, value, 1.0))
    distance = np.where(moving[:, None], (energy - log[:, None]) ** 2 / (2 * sigma**2), np.inf)
    nearest = distance.min(axis=0, initial=np.inf)
    share = np.exp(np.where(np.isfinite(nearest), nearest, 0.0) - distance) * _fade(value)[:, None]
    share /= np.maximum(share.sum(axis=0), np.finfo(float).tiny)
    alive = (function != 0).any(axis=1, keepdims=True)
    return np.where(alive, np.log((_diagonal(function, share) + _SOFT) / (1 + _SOFT)), 0.0)


def _fade(value: np.ndarray) -> np.ndarray:
    return 1.0 - (value / max(value[-1], np.finfo(float).tiny)) ** 4


def _diagonal(function: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return sum_k share_ke phi_k(v)^2 ``(V, e)``."""
    out = np.empty((len(function), share.shape[1]))
    for rows in np.array_split(np.arange(len(function)), 1 + len(function) // _ROWS):
        out[rows] = function[rows] ** 2 @ share
    return out
