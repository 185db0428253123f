"""The harmonic transform of functions on SO(3)."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.nn.layer import TensorModule
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.so3.rotation import check_real
from gaugenet.sphere.band import check_coefficients
from gaugenet.sphere.grid import SphereGrid
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.scattered_transform import ScatteredTransform


def so3_representation(band_limit: int, channels: int) -> Representation:
    """Return the representation of functions on SO(3) as fields on S^2: all orders below the band limit.

    At a point x of S^2, f(s(x) R_z(gamma)) as a function of gamma has the frequencies n = 0 .. L - 1 (Gerken et al.
    2021, section 4).

    Args:
        band_limit: Band limit L.
        channels: Number of functions.
    """
    return Representation([(channels, order) for order in range(band_limit)])


class SO3Transform(TensorModule):
    """Transform functions on SO(3) to Wigner functions and back; exact for degrees below the band limit L.

    Functions are sampled at the rotations s(x) R_z(gamma), with s(x) = R_z(phi) R_y(theta) for points x of S^2 and
    gamma = pi k / L, k = 0 .. 2L - 1 (Kostelec & Rockmore 2008). The coefficients are those of ``HarmonicTransform``
    for ``so3_representation``, the input of ``SphericalConv``; f(s(x) R_z(gamma)) = Re sum_n z_n(x) exp(-i n gamma).

    Args:
        channels: Number C of functions.
        at: Points x: a grid of band limit L, or the transform of fields of ``so3_representation(L, C)`` at other
            points, such as the vertices of an icosphere.

    Raises:
        ValueError: If the transform is for another representation.
    """

    def __init__(self, channels: int, at: SphereGrid | ScatteredTransform) -> None:
        super().__init__()
        self.channels, self.band_limit, self.size = channels, at.band_limit, at.size
        self.angles = 2 * at.band_limit
        self.rep = so3_representation(at.band_limit, channels)
        self.transform = HarmonicTransform(self.rep, at) if isinstance(at, SphereGrid) else at
        if self.transform.rep != self.rep:
            raise ValueError(f"SO3Transform expects a transform of {self.rep}, got one of {self.transform.rep}")

    def forward(self, values: Tensor) -> Tensor:
        """Return the coefficients ``(..., L^2, rep.dim)`` of functions with ``values (..., V, 2L, C)``."""
        check_real(values, "values on SO(3)", self.size, self.angles, self.channels)
        if not values.numel():
            return values.new_zeros(*values.shape[:-3], self.band_limit**2, self.rep.dim)
        return full_precision(self._analysed, values)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the functions ``(..., V, 2L, C)`` with ``coefficients (..., L^2, rep.dim)``."""
        check_coefficients(coefficients, self.rep, self.band_limit, "SO3Transform")
        if not coefficients.numel():
            return coefficients.new_zeros(*coefficients.shape[:-2], self.size, self.angles, self.channels)
        return full_precision(self._synthesised, coefficients)

    def _analysed(self, values: Tensor) -> Tensor:
        waves = torch.fft.rfft(values, dim=-2, norm="forward")[..., : self.band_limit, :]
        pairs = torch.stack([2.0 * waves.real, -2.0 * waves.imag], dim=-2)[..., 1:, :, :]  # z_n = 2 conj of the wave
        return self.transform(torch.cat([waves.real[..., 0, :], pairs.flatten(-3)], dim=-1))

    def _synthesised(self, coefficients: Tensor) -> Tensor:
        x = self.transform.inverse(coefficients)
        invariant = x[..., None, : self.channels]
        pairs = x[..., self.channels :].unflatten(-1, (self.band_limit - 1, 2, self.channels)) / 2.0
        waves = torch.complex(pairs[..., 0, :], -pairs[..., 1, :])
        waves = torch.cat([torch.complex(invariant, torch.zeros_like(invariant)), waves], dim=-2)
        return torch.fft.irfft(waves, n=self.angles, dim=-2, norm="forward")
