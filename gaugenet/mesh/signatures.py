"""Spectral signatures of points, which do not change when the surface is bent without stretching."""

from __future__ import annotations

import numpy as np

# Vertices in a block: 50 MB at 96 eigenfunctions.
_ROWS = 65536
# Energies of the wave kernel signature relative to 1 / area: from the slowest vibrations of a long shape to where the
# 96 slowest ones of any shape start to fade. The other constant bounds the signature from below.
_ENERGIES = (4.0, 500.0)
_SOFT = 0.1


def heat_kernel_signature(
    value: np.ndarray, function: np.ndarray, count: int, times: tuple[float, float]
) -> np.ndarray:
    """Return the logarithm of the heat kernel signature, times 4 pi t, at times spaced evenly in their logarithm.

        K_t(v, v) = sum_k exp(-lambda_k t) phi_k(v)^2

    over the first eigenfunctions (Sun et al. 2009, eq. 4); the factor 4 pi t makes log(4 pi t K_t(v, v)) = 0 on a
    plane. The sum is tapered by 1 - (lambda / lambda_max)^4: with a sharp cut-off it would depend on the basis that the
    solver chose for equal eigenvalues of a symmetric shape. Vertices without area get 0.

    Args:
        value: (k,), eigenvalues of the surface scaled to area 1.
        function: (V, k), its eigenfunctions.
        count: Number of times.
        times: First and last time, relative to the area.

    Returns:
        Signatures (V, count).
    """
    t = np.logspace(np.log10(times[0]), np.log10(times[1]), count)
    heat = _diagonal(function, _fade(value)[:, None] * np.exp(-np.outer(value, t)) * (4 * np.pi * t))
    return np.where(heat > 0, np.log(np.maximum(heat, 1e-6)), 0.0)


def wave_kernel_signature(value: np.ndarray, function: np.ndarray, count: int) -> np.ndarray:
    """Return the logarithm of the wave kernel signature at energies spaced evenly in their logarithm.

        W_e(v) = sum_k g_ek phi_k(v)^2 / sum_k g_ek,   g_ek = exp(-(log e - log lambda_k)^2 / 2 sigma^2)

    over the first eigenfunctions except constants (Aubry, Schlickewei & Cremers 2011, eq. 9), with the spacing sigma of
    the energies, tapered like the heat kernel signature. Heat mixes all scales above its own; a wave shows one scale.

    W is 1 on average over the surface. The returned log((W + 1/10) / (1 + 1/10)) is about centred, and bounded on nodal
    lines. Vertices without area get 0.

    Args:
        value: (k,), eigenvalues of the surface scaled to area 1.
        function: (V, k), its eigenfunctions.
        count: Number of energies.

    Returns:
        Signatures (V, count).
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
    """Return sum_k share_ke phi_k(v)^2, (V, e)."""
    out = np.empty((len(function), share.shape[1]))
    for rows in np.array_split(np.arange(len(function)), 1 + len(function) // _ROWS):
        out[rows] = function[rows] ** 2 @ share
    return out
