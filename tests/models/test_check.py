"""The check of whole networks finds exact ones exact, and broken ones broken."""

import pytest
import surfaces
import torch
from torch import nn

from gaugenet.models import SegmentationNet, check


def network(**fields):
    torch.manual_seed(0)
    fields = {"hks": 4, "eigenfunctions": 30, **fields}
    options = {"levels": (200, 50), "neighbours": 10, "rep": "4x0 + 3x1 + 2x2", "blocks": 1, "fields": fields}
    return SegmentationNet(["a", "b"], **options)


def errors(net):
    return check(net, surfaces.data_of(surfaces.biped()), torch.Generator().manual_seed(0))


class ComponentwiseReLU(nn.Module):
    def forward(self, x, at):
        return x.relu()


@pytest.mark.parametrize("output", ["face", "both"])
def test_an_equivariant_network_passes(output):
    net = network()
    net.output = output
    result = errors(net)
    assert result.gauge_error["float64"] < 1e-12 and result.gauge_error["float32"] < 1e-5
    assert result.motion_error["float64"] < 1e-9 and result.motion_error["float32"] < 1e-5


def test_a_broken_block_is_found():
    net = network()
    net.down[0][0] = ComponentwiseReLU()
    result = errors(net)
    assert min(result.gauge_error.values()) > 1e-3


def test_coordinates_as_input_are_found_by_motions_only():
    result = errors(network(coordinates=True))
    assert result.gauge_error["float64"] < 1e-12
    assert result.motion_error["float64"] > 1e-3


def test_the_network_and_the_mesh_stay_as_they_are():
    net, mesh = network().train(), surfaces.data_of(surfaces.biped())
    before = {key: value.clone() for key, value in net.state_dict().items()}
    check(net, mesh)
    assert net.training and all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert next(net.parameters()).dtype == torch.float32
    assert set(mesh.keys()) == {"pos", "face"}
