"""Grids on the sphere: quadrature is exact to the band limit, and not beyond."""

import math

import pytest
import torch

from gaugenet.so3 import real_harmonics
from gaugenet.sphere import SphereGrid
from gaugenet.sphere.grid import KINDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("band_limit", [1, 2, 5, 16])
def test_harmonics_below_the_band_limit_are_orthonormal(kind, band_limit):
    grid = SphereGrid(band_limit, kind)
    harmonics = real_harmonics(band_limit, grid.points)
    gram = harmonics.T @ (harmonics * grid.weight[:, None])
    assert (gram - torch.eye(band_limit**2, dtype=torch.float64)).abs().max() < 1e-13
    assert abs(grid.weight.sum().item() - 4 * math.pi) < 1e-13


@pytest.mark.parametrize("kind", KINDS)
def test_harmonics_at_the_band_limit_are_not(kind):
    grid = SphereGrid(4, kind)
    harmonics = real_harmonics(5, grid.points)
    gram = harmonics.T @ (harmonics * grid.weight[:, None])
    assert (gram - torch.eye(25, dtype=torch.float64)).abs().max() > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_points_go_ring_by_ring_from_the_north_pole(kind):
    grid = SphereGrid(3, kind)
    rings = grid.points.reshape(grid.rings, grid.columns, 3)
    assert (rings.norm(dim=-1) - 1).abs().max() < 1e-15
    assert (rings[:, 0, 2].diff() < 0).all() and (rings[..., 2].std(dim=1) < 1e-15).all()
    turn = torch.atan2(rings[1, :, 1], rings[1, :, 0]) % (2 * math.pi)
    assert torch.allclose(turn, torch.arange(6, dtype=torch.float64) * math.pi / 3)
    assert (grid.points.reshape(rings.shape).flip(0)[..., 2] + rings[..., 2]).abs().max() < 1e-15


def test_two_points_by_hand():
    grid = SphereGrid(1, "legendre")  # the equator, in two points
    assert torch.allclose(grid.points, torch.tensor([[1.0, 0, 0], [-1, 0, 0]], dtype=torch.float64), atol=1e-15)
    assert torch.allclose(grid.weight, torch.full((2,), 2 * math.pi, dtype=torch.float64))


def test_refusals():
    with pytest.raises(ValueError, match="an integer band limit >= 1, got 0"):
        SphereGrid(0)
    with pytest.raises(ValueError, match='equiangular or legendre, got "healpix"'):
        SphereGrid(4, "healpix")
