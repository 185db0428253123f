"""Convolutions of fields on grids: between grids, and how equivariant blocks with pointwise parts are."""

import pytest
import torch
from reference_sphere import field_at, frames_at, random_coefficients, rotated

from gaugenet.so3 import random_rotation
from gaugenet.sphere import GridConv, HarmonicTransform, SphereGrid, SphericalBlock, with_band_limit
from gaugenet.sphere.grid import KINDS

REP = "4x0 + 3x1 + 2x2"


@pytest.mark.parametrize("size_out", [4, 6, 9])
def test_between_grids_it_is_a_convolution_of_coefficients(size_out):
    grid_in, grid_out = SphereGrid(6), SphereGrid(size_out, "legendre")
    layer = GridConv(REP, "2x0 + 1x1", grid_in, grid_out, kernel="smooth", count=3).double()
    coefficients = random_coefficients(REP, 6, 2)
    y = layer(HarmonicTransform(REP, grid_in).inverse(coefficients))
    size = min(6, size_out)
    wanted = layer.conv(with_band_limit(coefficients, size))
    assert (y - field_at(wanted, layer.rep_out, frames_at(grid_out.points))).abs().max() < 1e-12


def test_bands_are_cut_and_padded():
    x = random_coefficients("2x0", 4, 3)
    assert torch.equal(with_band_limit(x, 2), x[:, :4])
    assert torch.equal(with_band_limit(with_band_limit(x, 7), 4), x)
    assert not with_band_limit(x, 5)[:, 16:].any()
    with pytest.raises(ValueError, match=r"coefficients \(..., L\^2, C\), got \(15, 2\)"):
        with_band_limit(x[0, :15], 2)


def error_of_block(band_limit, kind):
    """Return by how much a block fails to turn with a smooth field, over the size of what it adds."""
    torch.manual_seed(0)
    block = SphericalBlock(REP, SphereGrid(16, kind), kernel="local", count=2, radius=0.5)  # the same weights for all
    other = SphericalBlock(REP, SphereGrid(band_limit, kind), kernel="local", count=2, radius=0.5)
    other.load_state_dict(block.state_dict())
    other = other.double().eval()
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    coefficients = with_band_limit(random_coefficients(REP, 4), band_limit)
    transform = HarmonicTransform(REP, SphereGrid(band_limit, kind))
    with torch.no_grad():
        y, moved = (transform(other(transform.inverse(z))) for z in (coefficients, rotated(coefficients, rotation)))
    return float((moved - rotated(y, rotation)).norm() / (y - coefficients).norm())


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_equivariant_up_to_aliasing(kind):
    errors = [error_of_block(size, kind) for size in (8, 16, 32)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2] and errors[2] < 0.01, errors


@pytest.mark.parametrize("kind", KINDS)
def test_without_pointwise_parts_there_is_no_error(kind):
    grid = SphereGrid(8, kind)
    layer = GridConv(REP, REP, grid, grid).double()
    transform, coefficients = HarmonicTransform(REP, grid), random_coefficients(REP, 8)
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    with torch.no_grad():
        y, moved = (transform(layer(transform.inverse(z))) for z in (coefficients, rotated(coefficients, rotation)))
    assert (moved - rotated(y, rotation)).abs().max() < 1e-12


def test_a_block_learns_in_single_precision():
    torch.manual_seed(0)
    block = SphericalBlock(REP, SphereGrid(6), dropout=0.1, kernel="free")
    x = torch.randn(3, 144, block.rep.dim)
    block(x).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in block.parameters())
    with pytest.raises(ValueError, match="SphericalBlock expects features of representation"):
        block(x[..., 1:])
