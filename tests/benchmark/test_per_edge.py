"""The plain formulation computes the same family of maps: it is as equivariant, and has as many parameters."""

import math

import layer_table
import torch

from gaugenet.benchmark.convolution import PerEdgeConv
from gaugenet.nn import GaugeConv
from gaugenet.transforms.gauge import change_gauge

REP = "3x0 + 2x1 + 1x2"


def applied(layer, x, data):
    return layer(x, data.edge_index_0, data.log_0, data.transport_0, data.weight_0, data.radius_0)


def test_gauge_equivariance():
    data, layer = layer_table.bundle("sphere"), PerEdgeConv(REP).double()
    generator = torch.Generator().manual_seed(0)
    angle = 2 * math.pi * torch.rand(150, generator=generator, dtype=torch.float64)
    layer.self_interaction.data.zero_()  # one matrix for all vertices commutes with no rotation
    x = layer.rep.randn(150, generator=generator, dtype=torch.float64)
    turned = applied(layer, layer.rep.act(x, -angle), change_gauge(data, angle, fields={}))
    expected = layer.rep.act(applied(layer, x, data), -angle)
    assert (turned - expected).abs().max() < 1e-13 * expected.abs().max()


def test_as_many_parameters_of_kernels():
    ours = sum(weight.numel() for weight in GaugeConv(REP, REP).kernel.weight.values())
    assert PerEdgeConv(REP).kernel.numel() == ours
