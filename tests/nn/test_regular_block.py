"""The pointwise network on functions on the group: two matrices that are three layers, and equivariant like them."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from gaugenet.group import Elements
from gaugenet.nn import RegularNonlinearity
from gaugenet.nn.pointwise_network import RegularBlock

REP = "3x0 + 2x1 + 3x3"


def made(rep=REP, **settings):
    torch.manual_seed(0)
    block = RegularBlock(rep, **settings).double().eval()
    for layer in (block.enter, block.leave):
        nn.init.normal_(layer.bias)
    return block, torch.randn(50, block.rep.dim, dtype=torch.float64)


@torch.no_grad()
def error(block, y, angle):
    g = Elements.rotations(angle)
    wanted = block.rep.act(block.update(y), g)
    return float((block.update(block.rep.act(y, g)) - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("rep", [REP, "4x0", "O2: 3x0e + 3x0o + 3x1", "C4: 2x0 + 2x1 + 2x2", "D4: 2xquotient(D1)"])
@pytest.mark.parametrize("expansion", [1, 2])
def test_it_is_three_layers(rep, expansion):
    block, y = made(rep, expansion=expansion)
    samples = None if block.rep.group.rotations else block.samples
    act = RegularNonlinearity(block.rep * expansion, samples, nn.functional.silu)
    assert torch.allclose(block.update(y), block.leave(act(block.enter(y))), atol=1e-13)


def test_rotations_by_the_angle_between_samples_turn_the_update():
    block, y = made()
    assert block.samples == 14
    assert error(block, y, 2 * torch.pi / 14 * torch.arange(50).double()) < 1e-14


def test_under_other_rotations_the_error_falls_with_the_samples():
    angle = 6.28 * torch.rand(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    errors = [error(*made(samples=samples), angle) for samples in (8, 14, 20)]
    assert all(fine < coarse / 2 for coarse, fine in pairwise(errors)), errors
    assert errors[0] < 0.1, errors


def test_functions_are_dropped_whole():
    """What is left of one channel alone is nothing, or twice the update less its constant."""
    block, y = made("1x0 + 1x1", dropout=0.5)
    block.train()
    with torch.no_grad():
        constant = block.leave(block.enter.bias.new_zeros(1, 3))
        whole = block.eval().update(y) - constant
        left = block.train().update(y) - constant
    share = (left * whole).sum(1) / whole.square().sum(1)
    assert torch.allclose(left, share[:, None] * whole, atol=1e-12)
    assert {round(float(one), 9) for one in share} == {0.0, 2.0}


@torch.no_grad()
def test_beside_large_constants_matrices_keep_their_digits():
    """Of the 8 bits that bfloat16 has, none would be left of a number below 1 that 100 is added to."""
    block, y = made()
    for layer in (block.enter, block.leave):
        layer.bias.fill_(100.0)
    block, y = block.float(), 100.0 * y.float()
    wanted = block.update(y)
    for dtype in (torch.bfloat16, torch.float32):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.float32):
            found = block.update(y.to(dtype))
        assert found.dtype == torch.bfloat16 and (found - wanted).abs().max() < 0.03 * wanted.abs().max()
