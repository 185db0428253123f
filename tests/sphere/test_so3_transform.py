"""Functions on SO(3): their transform against sums of Wigner functions."""

import math

import pytest
import torch
from reference_sphere import function_at, random_coefficients, rotations_of

from gaugenet.homogeneous import icosphere
from gaugenet.so3 import random_rotation, rotation_from_euler
from gaugenet.sphere import ScatteredTransform, SO3Transform, SphereGrid, rotated, so3_representation
from gaugenet.sphere.grid import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_inverse_is_the_sum_of_wigner_functions(kind):
    grid = SphereGrid(4, kind)
    transform = SO3Transform(2, grid)
    coefficients = random_coefficients(transform.rep, 4, 3)
    values = transform.inverse(coefficients)
    assert (values - function_at(coefficients, 4, 2, rotations_of(grid))).abs().max() < 1e-13
    assert (transform(values) - coefficients).abs().max() < 1e-13


def test_functions_over_the_vertices_of_an_icosphere():
    points = icosphere(2)
    transform = SO3Transform(2, ScatteredTransform(so3_representation(4, 2), points.pos, points.area, 4))
    coefficients = random_coefficients(transform.rep, 4, 3)
    values = transform.inverse(coefficients)
    theta, phi = points.pos[:, 2].acos(), torch.atan2(points.pos[:, 1], points.pos[:, 0])
    gamma = torch.arange(8, dtype=torch.float64) * math.pi / 4
    rotations = rotation_from_euler(phi[:, None], theta[:, None], gamma)
    assert (values - function_at(coefficients, 4, 2, rotations)).abs().max() < 1e-12
    assert (transform(values) - coefficients).abs().max() < 1e-12


def test_a_rotation_from_the_left():
    grid = SphereGrid(4)
    transform = SO3Transform(1, grid)
    coefficients = random_coefficients(transform.rep, 4)
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    moved = function_at(coefficients, 4, 1, rotation.T @ rotations_of(grid))
    assert (transform(moved) - rotated(coefficients, rotation)).abs().max() < 1e-13


@pytest.mark.parametrize("band_limit", [1, 2, 16])
def test_forward_undoes_inverse(band_limit):
    transform = SO3Transform(2, SphereGrid(band_limit, "legendre"))
    coefficients = random_coefficients(transform.rep, band_limit)
    assert (transform(transform.inverse(coefficients)) - coefficients).abs().max() < 1e-12


def test_gradients():
    transform = SO3Transform(1, SphereGrid(2))
    assert torch.autograd.gradcheck(transform, torch.randn(16, 4, 1, dtype=torch.float64, requires_grad=True))
    assert torch.autograd.gradcheck(transform.inverse, torch.randn(4, 3, dtype=torch.float64, requires_grad=True))


def test_refusals():
    points = icosphere(1)
    with pytest.raises(ValueError, match=r"a transform of 1x0 \+ 1x1, got one of 1x0"):
        SO3Transform(1, ScatteredTransform("1x0", points.pos, points.area, 2))
    with pytest.raises(ValueError, match=r"values on SO\(3\) \(..., 64, 8, 1\), got \(64, 8\)"):
        SO3Transform(1, SphereGrid(4))(torch.zeros(64, 8))
    with pytest.raises(ValueError, match=r"expected real values on SO\(3\), got torch\.int64"):
        SO3Transform(1, SphereGrid(4))(torch.ones(64, 8, 1, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"SO3Transform expects floating point coefficients, got torch\.int64"):
        SO3Transform(1, SphereGrid(4)).inverse(torch.ones(16, 7, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"SO3Transform expects coefficients \(..., 16, 7\)"):
        SO3Transform(1, SphereGrid(4)).inverse(torch.ones(9, 7))


def test_empty_batches_and_low_precision():
    transform = SO3Transform(2, SphereGrid(4))
    assert transform(torch.zeros(0, 64, 8, 2)).shape == (0, 16, 14)
    assert transform.inverse(torch.zeros(2, 0, 16, 14)).shape == (2, 0, 64, 8, 2)
    x = random_coefficients(transform.rep, 4, 2)
    values = transform.inverse(x)
    half = transform.inverse(x.bfloat16())
    assert half.dtype == torch.bfloat16 and (half - values).abs().max() < 0.01 * values.abs().max()
    found = transform(values.bfloat16())
    assert found.dtype == torch.bfloat16 and (found - x).abs().max() < 0.01 * x.abs().max()
    with torch.autocast("cpu", torch.bfloat16):
        found = transform(transform.inverse(x.float()))
    assert found.dtype == torch.float32 and (found - x).abs().max() < 1e-5
