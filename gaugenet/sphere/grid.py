"""Grids of rings on the sphere, with quadrature that is exact to a band limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from gaugenet.sphere.band import check_band_limit

KINDS = ("equiangular", "legendre")


@dataclass(frozen=True)
class SphereGrid:
    """Rings of constant colatitude with 2L equally spaced points each: fields of degrees below L are known exactly.

    Points are numbered ring by ring from the north pole (z = 1), on a ring by longitude phi = pi k / L, k = 0..2L-1.
    The rule in the colatitude integrates polynomials in cos(theta) up to degree 2L - 1, hence products of two spin
    fields of degrees below L with the same order m (their half-angle factors have integer powers).

    Args:
        band_limit: L >= 1.
        kind: "equiangular", 2L rings at theta = pi (j + 1/2) / 2L (Driscoll & Healy 1994; the weights are those of
            Fejer's first rule), or "legendre", L rings at the Gauss-Legendre nodes.

    Raises:
        ValueError: for a band limit below 1 or another kind.
    """

    band_limit: int
    kind: str = "equiangular"
    colatitude: Tensor = field(init=False, repr=False, compare=False)
    ring_weight: Tensor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_band_limit(self.band_limit, "SphereGrid")
        if self.kind not in KINDS:
            raise ValueError(f'SphereGrid expects kind {" or ".join(KINDS)}, got "{self.kind}"')
        rule = _fejer(2 * self.band_limit) if self.kind == "equiangular" else _gauss(self.band_limit)
        for name, value in zip(("colatitude", "ring_weight"), rule, strict=True):
            object.__setattr__(self, name, torch.from_numpy(value))

    @property
    def rings(self) -> int:
        return len(self.colatitude)

    @property
    def columns(self) -> int:
        """Points on each ring."""
        return 2 * self.band_limit

    @property
    def size(self) -> int:
        """Number V of points."""
        return self.rings * self.columns

    @property
    def longitude(self) -> Tensor:
        """``(columns,)`` [rad]."""
        return torch.arange(self.columns, dtype=torch.float64, device="cpu") * (math.pi / self.band_limit)

    @property
    def points(self) -> Tensor:
        """Unit vectors ``(V, 3)``; frames are e1 = d/dtheta (south), e2 = d/dphi (east), n outwards."""
        theta, phi = torch.meshgrid(self.colatitude, self.longitude, indexing="ij")
        parts = (theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos())
        return torch.stack(parts, dim=-1).reshape(-1, 3)

    @property
    def weight(self) -> Tensor:
        """Areas ``(V,)`` of the points; their sum is 4 pi."""
        return (self.ring_weight * (math.pi / self.band_limit)).repeat_interleave(self.columns)


def _gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return np.arccos(node[::-1]), weight[::-1].copy()


def _fejer(count: int) -> tuple[np.ndarray, np.ndarray]:
    theta = np.pi * (np.arange(count) + 0.5) / count
    k = np.arange(1, count // 2 + 1)
    waves = np.cos(2.0 * theta[:, None] * k) / (4.0 * k**2 - 1.0)
    return theta, (2.0 - 4.0 * waves.sum(axis=1)) / count
