"""Multipliers: the dependence of kernels on the degree.

A kind of multipliers gives P functions m_p(l; n, q) of the degree l < L for each pair of spins, n in and q out, as
``(P, L)`` in float64. They are 0 in degrees below |n| or |q|, where fields have no harmonics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gaugenet.kernel import radial_profiles
from gaugenet.so3 import wigner_d_table


@dataclass(frozen=True)
class Free:
    """One function for each degree: all linear equivariant maps of band-limited fields, with kernels as wide as S^2.

    Attributes:
        band_limit: Band limit L.
    """

    band_limit: int

    def __call__(self, spin_in: int, spin_out: int) -> Tensor:
        table = torch.eye(self.band_limit, dtype=torch.float64, device="cpu")
        table[:, : max(abs(spin_in), abs(spin_out))] = 0.0
        return table


@dataclass(frozen=True)
class Smooth:
    """Functions that are linear between equally spaced degrees from max(|n|, |q|) to L - 1: kernels that decay.

    The number of parameters does not grow with the band limit (Esteves et al. 2018, section 5.3). If there are fewer
    degrees than functions, the functions are wider, so that none is 0.

    Attributes:
        band_limit: Band limit L.
        count: Number P of functions.

    Raises:
        ValueError: If ``count`` is below 2.
    """

    band_limit: int
    count: int

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ValueError(f"smooth multipliers need count >= 2, got {self.count}: use kernel free or local")

    def __call__(self, spin_in: int, spin_out: int) -> Tensor:
        low = max(abs(spin_in), abs(spin_out))
        degrees = self.band_limit - low
        position = torch.linspace(0.0, self.count - 1.0, degrees, dtype=torch.float64, device="cpu")
        width = max(1.0, self.count / degrees)
        hats = 1.0 - (position - torch.arange(self.count, device="cpu")[:, None]).abs() / width
        return torch.nn.functional.pad(hats.clamp_min(0.0), (low, 0))


@dataclass(frozen=True)
class Local:
    """Multipliers of kernels in a geodesic disc: the limit of a gauge-equivariant convolution under mesh refinement.

    A kernel b(r) exp(i (q - n) theta), averaged over the disc of radius R, takes spin n to q and multiplies degree l by

        m(l; n, q) = integral over r < R of b(r) d^l_nq(r) sin(r) dr / (1 - cos R),

    with the ``radial_profiles`` b of ``GaugeConv``.

    Attributes:
        band_limit: Band limit L.
        count: Number P of radial profiles.
        radius: Radius R of the disc [rad].

    Raises:
        ValueError: If ``count`` is below 1 or ``radius`` is not in (0, pi].
    """

    band_limit: int
    count: int
    radius: float

    def __post_init__(self) -> None:
        if self.count < 1 or not 0.0 < self.radius <= math.pi:
            raise ValueError(
                f"local multipliers need count >= 1 and a radius in (0, pi] [rad], got {self.count} and {self.radius}"
            )

    def __call__(self, spin_in: int, spin_out: int) -> Tensor:
        node, weight = self._nodes()
        profile = radial_profiles(node / self.radius, self.count)
        profile *= (weight * node.sin() / (2.0 * math.sin(0.5 * self.radius) ** 2))[:, None]  # 1 - cos R
        found = torch.zeros(self.count, self.band_limit, dtype=torch.float64, device="cpu")
        for some, b in zip(node.split(64), profile.split(64), strict=True):
            table = wigner_d_table(self.band_limit, spin_out, some)[self.band_limit - 1 + spin_in]  # (L, radii)
            found += (table @ b).T
        return found

    def _nodes(self) -> tuple[Tensor, Tensor]:
        """Return Gauss-Legendre nodes and weights on the intervals between the kinks of the profiles."""
        kinks = [math.sqrt((k + 0.5) / self.count) for k in range(self.count)] if self.count > 1 else []
        ends = np.array([0.0, *kinks, 1.0]) * self.radius
        half = np.diff(ends) / 2.0
        node, weight = np.polynomial.legendre.leggauss(12 + math.ceil(self.band_limit * float(half.max())))
        nodes, weights = (ends[:-1] + half)[:, None] + half[:, None] * node, half[:, None] * weight
        return torch.from_numpy(nodes.ravel()), torch.from_numpy(weights.ravel())


Multipliers = Free | Smooth | Local
