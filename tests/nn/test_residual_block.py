"""Blocks with layers chosen by name: what they are made of, and what is refused."""

import re

import pytest
import torch
from layer_table import bundle

from gaugenet.nn import Diffusion, GaugeConv, Level, ResidualBlock
from gaugenet.nn.residual_block import LAYERS, layer_names

REP = "4x0 + 3x1 + 2x2"


def features(layer, seed=0):
    return layer.rep.randn(150, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_does_something(name):
    """Its output depends on neighbours: a change at one vertex is seen at another."""
    torch.manual_seed(0)
    data, block = bundle("sphere"), ResidualBlock(REP, layers=name).double()
    x = features(block)
    moved = x.clone()
    moved[0] += 1.0
    change = (block(moved, data) - block(x, data)).detach().abs().amax(1)
    assert (change[1:] > 1e-9).any()


def test_several_layers_stand_beside_each_other():
    torch.manual_seed(0)
    data, block = bundle("sphere"), ResidualBlock(REP, layers="conv + diffusion").double()
    x, level = features(block), Level(data)
    conv, diffusion = block.layers["conv"], block.layers["diffusion"]
    assert isinstance(conv, GaugeConv) and isinstance(diffusion, Diffusion)
    z = block.norm(x)
    y = torch.cat([conv(z, level), diffusion(z, level)], dim=1)
    hidden = block.gate(block.enter(block.mixed_norm(torch.cat([y, block.product(y)], dim=1))))
    assert torch.allclose(block(x, level), x + block.leave(hidden))


@pytest.mark.parametrize("layers", ["", "convolution", "conv + conv", "conv, diffusion", "polynomial", "none"])
def test_other_names_are_refused(layers):
    """A block takes names of layers; words for other blocks are a network's."""
    with pytest.raises(
        ValueError, match=r"must be different ones of conv, .*implicit, joined by \+; got " + re.escape(f'"{layers}"')
    ):
        ResidualBlock(REP, layers=layers)


def test_words_that_stand_alone_are_named():
    assert layer_names("polynomial", ("polynomial",)) == ["polynomial"]
    with pytest.raises(ValueError, match=r"joined by \+, or polynomial, none alone; got"):
        layer_names("polynomial + conv", ("polynomial", "none"))
