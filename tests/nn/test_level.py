"""The level that data carry: built once, and not used for another bundle."""

import copy

import pytest
import surfaces
import torch
from torch_geometric.data import Batch

from gaugenet.models.unet import UNet
from gaugenet.nn import Level
from gaugenet.nn import level as module
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge


@pytest.fixture
def bundle():
    return FrameBundle(levels=(40, 12), level_neighbours=8)(surfaces.data_of(surfaces.uneven_sphere(90)))


def network():
    torch.manual_seed(0)
    return UNet("4x0 + 2x1", 2, 1, 1.5, 1, True, 2, 0.0, "conv").double().eval()


def test_it_is_made_once(bundle, monkeypatch):
    made = []
    for kind in (module.Stencil, module.LevelMap):
        count = lambda *args, kind=kind: made.append(kind) or kind(*args)  # noqa: E731
        monkeypatch.setattr(module, kind.__name__, count)
    net, x = network(), torch.randn(40, 8, dtype=torch.float64)
    expected = net(x, bundle)
    assert len(made) == 3
    data = copy.copy(bundle)
    data.level = Level(bundle)
    for _ in range(3):
        assert torch.equal(net(x, data), expected)
    assert len(made) == 6


def test_gradients_are_the_same(bundle):
    """With what was made without gradients first."""
    net, x = network(), torch.randn(40, 8, dtype=torch.float64)
    data = copy.copy(bundle)
    data.level = Level(bundle)
    with torch.no_grad():
        net(x, data)
    found = []
    for one in (bundle, data, data):
        found.append(torch.autograd.grad(net(x, one).square().sum(), list(net.parameters())))
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_it_counts_for_its_own_bundle_alone(bundle):
    data = copy.copy(bundle)
    kept = data.level = Level(bundle)
    assert Level.of(data) is kept and Level.of(copy.copy(data)) is kept and Level.of(bundle) is not kept
    data.x = torch.zeros(90, 1)
    assert Level.of(data) is kept
    turned = change_gauge(data, torch.ones(90, dtype=torch.float64))
    more = copy.copy(data)
    more.eigenvalue_0_1 = torch.ones(3)
    for other in (turned, data.clone(), data.to("meta"), more):
        assert Level.of(other) is not kept
    batch = Batch.from_data_list([bundle, bundle])
    batch.level = kept
    assert Level.of(batch) is not kept
