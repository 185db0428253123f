"""Nonlinear messages against the slow ones, and what no convolution can do: products of both ends."""

import layer_table
import pytest
import torch
from reference_edges import PAIRS, both, reference_messages, small

from gaugenet.group import Group
from gaugenet.nn import GaugeAttention, GaugeConv, MessageConv
from gaugenet.nn.edge_frame import EdgeFrame
from gaugenet.transforms.gauge import change_gauge


def layer_of(rep_in, rep_out, **options):
    torch.manual_seed(0)
    return MessageConv(rep_in, rep_out, **options).double()


@pytest.mark.parametrize(("rep_in", "rep_out"), PAIRS, ids=str)
def test_it_is_the_reference(rep_in, rep_out):
    """Output, input and parameter gradients."""
    layer = layer_of(rep_in, rep_out, hidden=3)
    for ours, reference in both(layer, reference_messages, small(layer.rep_in.group)):
        assert (ours - reference).abs().max() < 1e-12 * reference.abs().max()


@pytest.mark.parametrize("layer", [MessageConv, GaugeConv])
def test_both_ends_act_together(layer):
    """The mixed difference of what a vertex makes of changes at both ends of an edge: 0 for what is linear."""
    torch.manual_seed(0)
    data = layer_table.bundle("sphere")
    rep = "2x0 + 2x1"
    module = layer(rep, rep).double()
    x = module.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    j, i = data.edge_index_0[:, 0].tolist()
    here, there = torch.zeros_like(x), torch.zeros_like(x)
    here[i], there[j] = 1.0, 1.0
    mixed = module(x + here + there, data) - module(x + here, data) - module(x + there, data) + module(x, data)
    assert (mixed[i].abs().max() > 1e-3) == (layer is MessageConv)
    assert layer is MessageConv or mixed.abs().max() < 1e-13


def test_a_product_of_both_ends_by_hand():
    """sum_j w_ij x_i x_j from four messages, up to order 2: silu(h) + silu(-h) = h^2 / 2 - h^4 / 24 + ..."""
    data = layer_table.bundle("disc")
    layer = MessageConv("1x0", "1x0", hidden=4, profiles=1, bias=False).double()
    reading = layer.edge_frame.readings[0]
    x = torch.linspace(-1, 2, len(data.area_0), dtype=torch.float64)[:, None]
    source, target = data.edge_index_0
    product = x[target] * x[source] * data.weight_0[:, None]
    expected = torch.zeros_like(x).index_add_(0, target, product)
    errors = []
    for t in (2e-2, 1e-2):
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.zero_()
            reading.here.weight["0_0"].copy_(t * torch.tensor([1.0, -1.0, 1.0, -1.0]))
            reading.there.weight["0_0"].copy_(t * torch.tensor([1.0, -1.0, -1.0, 1.0]))
            layer.kernels.weight["0_0"][0, 0, :, 0] = torch.tensor([1.0, 1.0, -1.0, -1.0]) / (2 * t**2)
        errors.append(float((layer(x, data) - expected).detach().abs().max()))
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)


def oddly(frame, x, at):
    """Broken: an activation that is not odd on odd numbers."""
    return [torch.nn.functional.silu(reading(x, at)) for reading in frame.readings]


@pytest.mark.parametrize("group", ["O2", "D4", "D1"])
@pytest.mark.parametrize("broken", [False, True])
def test_odd_messages_stay_odd(group, broken, monkeypatch):
    if broken:
        monkeypatch.setattr(EdgeFrame, "forward", oddly)
    layer = layer_of(f"{group}: 2x0e + 1x0o", "1x0e + 2x0o")
    data = layer_table.bundle("moebius", group)
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = Group(group).random(len(x), generator=torch.Generator().manual_seed(0))
    turned = layer(layer.rep_in.act(x, at.inverse()), change_gauge(data, at, fields={}))
    error = float((turned - layer.rep_out.act(layer(x, data), at.inverse())).detach().abs().max())
    assert error > 0.01 if broken else error < 1e-12


@pytest.mark.parametrize("layer", [MessageConv, GaugeAttention])
def test_empty_representations(layer):
    data = layer_table.bundle("sphere")
    x = torch.ones(len(data.area_0), 2)
    assert layer("2x0", "0x0")(x, data).shape == (len(x), 0)
    assert (layer("0x0", "2x0", bias=False)(x[:, :0], data).abs().max() > 0) == (layer is MessageConv)


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="messages need >= 1 hidden channels, got 0"):
        MessageConv("1x0", "1x0", hidden=0)
    for profiles in (0, -1):
        with pytest.raises(ValueError, match=f"profiles must be >= 1, got {profiles}"):
            MessageConv("1x0", "1x0", profiles=profiles)
    with pytest.raises(ValueError, match=r"MessageConv expects features \(150, 1\), a row for each vertex"):
        MessageConv("1x0", "1x0")(torch.zeros(149, 1), layer_table.bundle("sphere"))
