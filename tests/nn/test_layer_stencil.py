"""What enters layers that look at neighbours: refused in their own name, and looked at once."""

import pytest
import torch
from layer_table import bundle

from gaugenet.nn import DifferentialConv, GaugeAttention, GaugeConv, Laplacian, MessageConv, Raise
from gaugenet.representation import Representation

LAYERS = {
    "GaugeConv": lambda: GaugeConv("1x0", "1x1"),
    "GaugeAttention": lambda: GaugeAttention("1x0", "1x1"),
    "MessageConv": lambda: MessageConv("1x0", "1x1"),
    "DifferentialConv": lambda: DifferentialConv("1x0", "1x1"),
    "Raise": lambda: Raise("1x0"),
    "Laplacian": lambda: Laplacian("1x0"),
}
TABLE = pytest.mark.parametrize("name", LAYERS)


@TABLE
def test_what_does_not_fit_is_refused(name):
    layer = LAYERS[name]()
    with pytest.raises(ValueError, match=rf"{name} expects features of representation 1x0 .*got shape \(150, 2\)"):
        layer(torch.zeros(150, 2), bundle("sphere"))
    with pytest.raises(ValueError, match=rf"{name} expects features \(150, 1\), a row for each vertex, got \(149, 1\)"):
        layer(torch.zeros(149, 1), bundle("sphere"))
    with pytest.raises(ValueError, match=rf"{name} of SO2 cannot run on a bundle of O2"):
        layer(torch.zeros(150, 1), bundle("sphere", "O2"))


@TABLE
def test_everything_has_to_be_on_one_device(name):
    with pytest.raises(ValueError, match=rf"{name} needs weights .*bundle \(on cpu\) and features \(on meta\)"):
        LAYERS[name]()(torch.zeros(150, 1, device="meta"), bundle("sphere"))


@pytest.mark.parametrize("name", ["GaugeConv", "GaugeAttention", "MessageConv", "DifferentialConv"])
def test_weights_have_to_be_there_too(name):
    with pytest.raises(ValueError, match=rf"{name} needs weights \(on meta\), bundle \(on cpu\)"):
        LAYERS[name]().to("meta")(torch.zeros(150, 1), bundle("sphere"))


@pytest.mark.parametrize("name", ["GaugeConv", "DifferentialConv", "Raise", "Laplacian"])
def test_features_are_looked_at_once(name, monkeypatch):
    seen = []
    plain = Representation.check
    monkeypatch.setattr(Representation, "check", lambda rep, x, where: seen.append(where) or plain(rep, x, where))
    LAYERS[name]()(torch.zeros(150, 1), bundle("sphere"))
    assert seen == [name]
