"""Grids of rings on the sphere, with quadrature that is exact up to a band limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from gaugenet.so3.wigner import check_band_limit

KINDS = ("equiangular", "legendre")
_CHEAP = 20  # grids up to this band limit cost little


@dataclass(frozen=True)
class SphereGrid:
    """Rings of constant colatitude with 2L equally spaced points each, which determine fields of degrees below L.

    Points are numbered ring by ring from the north pole (z = 1), on a ring by longitude phi = pi k / L, k = 0..2L-1.
    The quadrature in the colatitude is exact for polynomials in cos(theta) up to degree 2L - 1, hence for products of
    two spin fields of degrees below L with the same order m (their half-angle factors have integer powers).

    Args:
        band_limit: Band limit L >= 1.
        kind: "equiangular", 2L rings at theta = pi (j + 1/2) / 2L with the weights of Fejer's first rule (Driscoll &
            Healy 1994), or "legendre", L rings at the Gauss-Legendre nodes.

    Attributes:
        colatitude: Angle theta of each ring ``(rings,)`` [rad].
        ring_weight: Quadrature weight of each ring ``(rings,)``; their sum is 2.

    Raises:
        ValueError: If the band limit is not an integer >= 1, or the kind is unknown.
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
        """Number of rings."""
        return len(self.colatitude)

    @property
    def columns(self) -> int:
        """Number of points on each ring."""
        return 2 * self.band_limit

    @property
    def size(self) -> int:
        """Number V of points."""
        return self.rings * self.columns

    @property
    def longitude(self) -> Tensor:
        """Longitude of each column ``(columns,)`` [rad]."""
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


def fine_grid(band_limit: int) -> SphereGrid:
    """Return the Legendre grid that determines products of two fields up to their band limit.

    At low band limits, where aliasing is largest and a finer grid costs little, also products of three fields.

    Args:
        band_limit: Band limit of the fields.
    """
    return SphereGrid(max((3 * band_limit + 1) // 2, min(2 * band_limit, _CHEAP)), "legendre")


def _gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return np.arccos(node[::-1]), weight[::-1].copy()


def _fejer(count: int) -> tuple[np.ndarray, np.ndarray]:
    theta = np.pi * (np.arange(count) + 0.5) / count
    k = np.arange(1, count // 2 + 1)
    waves = np.cos(2.0 * theta[:, None] * k) / (4.0 * k**2 - 1.0)
    return theta, (2.0 - 4.0 * waves.sum(axis=1)) / count
