"""Constants that no change of precision rounds and no empty memory loses."""

import copy

import pytest
import torch
from torch import nn

from gaugenet.nn import GaugeConv, Lift, TensorProduct
from gaugenet.nn.exact_buffer import ExactBuffer

VALUE = torch.tensor([[1 / 3, 2.0], [-0.1, 0.0]], dtype=torch.float64)


def moved(layer, how):
    return {
        "half": lambda: layer.half().double(),
        "float": lambda: layer.float(),
        "empty": lambda: layer.to("meta").to_empty(device="cpu"),
        "copied": lambda: copy.deepcopy(layer.bfloat16()),
    }[how]()


@pytest.mark.parametrize("how", ["half", "float", "empty", "copied"])
def test_it_stays_exact(how):
    layer = moved(nn.Sequential(ExactBuffer(VALUE)), how)[0]
    assert torch.equal(layer(torch.float64), VALUE)
    assert torch.equal(layer(torch.float32), VALUE.float())
    assert torch.equal(layer.value, VALUE)


def test_it_goes_along_and_is_no_state():
    layer = nn.Sequential(ExactBuffer(VALUE))
    assert layer.to("meta")[0].value.device.type == "meta"
    assert layer.state_dict() == {}


@pytest.mark.parametrize(
    "make",
    [lambda: Lift("symmetric", 2, "D1"), lambda: TensorProduct("1x0 + 1x1", "1x1"), lambda: GaugeConv("1x0", "1x1")],
)
def test_layers_may_begin_without_memory(make):
    """Their constants are those of layers that did not."""
    with torch.device("meta"):
        late = make()
    late = late.to_empty(device="cpu").half().double()
    expected, found = (dict(layer.named_buffers()) for layer in (make().double(), late))
    assert expected.keys() == found.keys() and expected
    assert all(torch.equal(found[name], value) for name, value in expected.items())
