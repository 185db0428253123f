"""Blocks with a pointwise part: equivariant up to aliasing, which falls as the band limit grows; changes of band."""

from itertools import pairwise

import pytest
import torch
from reference_sphere import random_coefficients

from gaugenet.so3 import random_rotation
from gaugenet.sphere import HarmonicTransform, SphericalBlock, fine_grid, rotated, with_band_limit

REP = "4x0 + 3x1 + 2x2"


def test_bands_are_cut_and_padded():
    x = random_coefficients("2x0", 4, 3)
    assert torch.equal(with_band_limit(x, 2), x[:, :4])
    assert torch.equal(with_band_limit(with_band_limit(x, 7), 4), x)
    assert not with_band_limit(x, 5)[:, 16:].any()
    with pytest.raises(ValueError, match=r"coefficients \(..., L\^2, C\), got \(15, 2\)"):
        with_band_limit(x[0, :15], 2)
    for band_limit in (0, 2.0):
        with pytest.raises(ValueError, match=f"with_band_limit expects an integer band limit >= 1, got {band_limit}"):
            with_band_limit(x, band_limit)


@pytest.mark.parametrize("band_limit", [3, 4, 9])
def test_products_of_two_fields_are_known_on_the_fine_grid(band_limit):
    x = random_coefficients("2x0", band_limit)
    coarse, fine = (HarmonicTransform("1x0", fine_grid(size)) for size in (band_limit, 2 * band_limit))
    both = [HarmonicTransform("2x0", one.grid, band_limit).inverse(x).prod(-1, keepdim=True) for one in (coarse, fine)]
    found, wanted = (with_band_limit(one(z), band_limit) for one, z in zip((coarse, fine), both, strict=True))
    assert (found - wanted).abs().max() < 1e-13


def error(band_limit, pointwise):
    """Return by how much a block fails to turn with a smooth field, over the size of what it adds."""
    torch.manual_seed(0)
    block = SphericalBlock(REP, band_limit, pointwise, kernel="local", count=2, radius=0.5).double().eval()
    coefficients = with_band_limit(random_coefficients(REP, 4), band_limit)
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    with torch.no_grad():
        y, moved = block(coefficients), block(rotated(coefficients, rotation))
    return float((moved - rotated(y, rotation)).norm() / (y - coefficients).norm())


def test_blocks_are_equivariant_up_to_aliasing():
    errors = [error(size, "gated") for size in (4, 8, 16, 32)]
    assert all(fine < coarse / 2.5 for coarse, fine in pairwise(errors)) and errors[-1] < 2e-3, errors


def test_what_functions_on_the_frames_alias_does_not_grow_with_the_band():
    errors = [error(size, "regular") for size in (4, 8, 16)]
    assert all(one < 1e-2 for one in errors), errors


def test_another_pointwise_network_is_refused():
    with pytest.raises(ValueError, match='SphericalBlock expects pointwise gated or regular, got "x"'):
        SphericalBlock(REP, 4, "x")


@pytest.mark.parametrize("pointwise", ["regular", "gated"])
def test_a_block_learns_in_single_precision(pointwise):
    torch.manual_seed(0)
    block = SphericalBlock(REP, 6, pointwise, dropout=0.1, kernel="free")
    x = random_coefficients(REP, 6, 3).float()
    block(x).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in block.parameters())
    with pytest.raises(ValueError, match=r"SphericalConv expects coefficients \(..., 36, 14\)"):
        block(x[..., 1:])
