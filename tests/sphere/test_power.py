"""Norms and power spectra in harmonics: exactly equivariant and invariant, and what they are on the grid."""

import math

import pytest
import torch
from reference_sphere import random_coefficients

from gaugenet.so3 import random_rotation
from gaugenet.sphere import HarmonicNorm, HarmonicTransform, PowerSpectrum, SphereGrid, degrees, rotated

REP = "3x0 + 2x1 + 1x2"


@pytest.fixture
def rotation():
    return random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]


def test_the_norm_turns_with_the_sphere(rotation):
    norm, x = HarmonicNorm(REP).double(), random_coefficients(REP, 6, 2)
    with torch.no_grad():
        norm.scale.copy_(torch.rand(6))
    assert (norm(rotated(x, rotation)) - rotated(norm(x), rotation)).abs().max() < 1e-13


def test_the_mean_square_on_the_grid_is_one_whatever_the_contrast():
    norm, grid = HarmonicNorm(REP, eps=0.0).double(), SphereGrid(8, "legendre")
    x = random_coefficients(REP, 6, 2) * torch.tensor([1e-3, 50.0])[:, None, None]
    values = HarmonicTransform(REP, grid, 6).inverse(norm(x))
    for block in norm.rep:
        power = values[..., block.columns].square().sum(-1) / block.multiplicity
        assert torch.allclose(power @ grid.weight / (4 * math.pi), torch.ones(2, dtype=torch.float64))


def test_of_nothing_the_norm_makes_nothing():
    x = torch.zeros(1, 36, 9, requires_grad=True)
    y = HarmonicNorm(REP)(x)
    y.sum().backward()
    assert not y.any() and bool(x.grad.isfinite().all())


def test_the_spectrum_does_not_turn(rotation):
    spectrum, x = PowerSpectrum(REP, 6), random_coefficients(REP, 6, 2)
    found = spectrum(x)
    assert found.shape == (2, spectrum.numbers) == (2, 36)
    assert (spectrum(rotated(x, rotation)) - found).abs().max() < 1e-13
    assert (spectrum(x.roll(1, dims=1)) - found).abs().max() > 1e-2  # mixes degrees


def test_the_spectrum_by_hand():
    x = torch.zeros(16, 9, dtype=torch.float64)
    x[0, 0], x[1:4, 1], x[4:9, 3], x[4:9, 5] = -2.0, 3.0, 1.0, 2.0  # the last two are both parts of one vector field
    found = PowerSpectrum(REP, 4, eps=0.0)(x).view(4, 6)
    expected = torch.zeros(4, 6, dtype=torch.float64)
    expected[0, 0], expected[1, 1], expected[2, 3] = -2.0, 3.0, 5.0**0.5
    assert torch.allclose(found, expected) and degrees(4)[4:9].eq(2).all()


def test_gradients_and_refusals():
    x = random_coefficients(REP, 4, 1).requires_grad_()
    assert torch.autograd.gradcheck(PowerSpectrum(REP, 4), x)
    assert torch.autograd.gradcheck(HarmonicNorm(REP).double(), x)
    with pytest.raises(ValueError, match="PowerSpectrum expects coefficients"):
        PowerSpectrum(REP, 4)(torch.zeros(9, 9))
    with pytest.raises(ValueError, match=r"expected coefficients \(..., L\^2, C\)"):
        HarmonicNorm(REP)(torch.zeros(5, 9))
    with pytest.raises(ValueError, match="HarmonicNorm expects a representation of SO2, got C4: 2x1"):
        HarmonicNorm("C4: 2x1")
    for rep in ("O2: 1x1", "1x4"):
        message = f"PowerSpectrum expects a representation of SO2 with orders below the band limit 4, got {rep}"
        with pytest.raises(ValueError, match=message):
            PowerSpectrum(rep, 4)
