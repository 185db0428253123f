"""The check of networks on the sphere: symmetries are exact, rotations in the limit, and broken networks are found."""

import pytest
import torch
from torch import nn

from gaugenet.models import (
    ClassificationNet,
    SegmentationNet,
    SphericalClassificationNet,
    SphericalSegmentationNet,
    check_on_sphere,
    sphere_sample,
)
from gaugenet.nn import GroupPool
from gaugenet.nn.regular_block import RegularBlock
from gaugenet.sphere import SphericalBlock
from gaugenet.sphere.spherical_block import POINTWISE


def harmonic(**options):
    torch.manual_seed(0)
    usual = {"band_limit": 16, "bands": (12, 6), "rep": "4x0 + 2x1", "growth": 1.5, "kernel": "local", "count": 2}
    return SphericalClassificationNet(["a", "b", "c"], **{**usual, "radius": 0.6, "hidden": 8, **options})


def errors(net, band_limit=None):
    return check_on_sphere(net, band_limit, torch.Generator().manual_seed(0))


class OfThePoles(nn.Module):
    """Tells the north from the south."""

    def __init__(self, transform):
        super().__init__()
        self.transform = transform

    def forward(self, x):
        return self.transform(x * torch.linspace(1, 5, x.shape[-2], dtype=x.dtype)[:, None])


@pytest.mark.parametrize("pointwise", POINTWISE)
@pytest.mark.parametrize("inputs", ["1x0", "1x0 + 2x1"])
def test_harmonic_networks_pass(inputs, pointwise):
    found = errors(harmonic(inputs=inputs, pointwise=pointwise))
    assert found.gauge_error is None and found.band_limit == 6
    assert found.symmetry_error["float64"] < 1e-12 and found.symmetry_error["float32"] < 1e-5
    assert 1e-6 < found.rotation_error["float64"] < 0.1


def gauge_net(rep_in="1x0 + 1x1", levels=(162, 42)):
    torch.manual_seed(0)
    settings = {"space": "sphere", "inputs": rep_in, "levels": levels, "neighbours": 12, "rep": "4x0 + 3x1 + 1x2"}
    return SegmentationNet(["a", "b"], output="vertex", **settings)


def test_gauge_equivariant_networks_pass():
    for net in (gauge_net(), ClassificationNet(["a", "b"], space="sphere", inputs="2x0", layers="conv", levels=(162,))):
        found = errors(net)
        for error in (found.gauge_error, found.symmetry_error):
            assert error["float64"] < 1e-12 and error["float32"] < 1e-5
        assert found.rotation_error["float64"] > 1e-6  # 12 neighbours know no rotations but those of the icosahedron


@pytest.mark.parametrize(
    ("make", "band_limit"),
    [
        (lambda: gauge_net("1x0", (42, 12)), 2),  # a field of degree 0 alone would be constant
        (lambda: gauge_net("1x0 + 1x1", (42, 12)), 3),
        (lambda: harmonic(inputs="1x0 + 1x3", bands=(4, 2)), 5),
        (lambda: harmonic(inputs="1x3", band_limit=4, bands=(4, 2)), 4),  # all that the grid knows
    ],
)
def test_the_usual_field_has_degrees_of_every_order(make, band_limit):
    found = errors(make())
    assert found.band_limit == band_limit
    assert found.symmetry_error["float64"] < 1e-12 and found.rotation_error["float64"] > 1e-6


def test_a_network_that_reads_frames_is_found():
    net = gauge_net()
    enter = net.trunk.enter
    net.trunk.enter = nn.Linear(enter.rep_in.dim, enter.rep_out.dim)
    found = errors(net)
    assert min(found.gauge_error["float64"], found.rotation_error["float64"]) > 1e-3


class Pattern(nn.Module):
    """Adds a pattern that does not turn, of one high degree, to scores (B, V, L) at points."""

    def __init__(self, net, degree):
        super().__init__()
        wave = torch.view_as_complex(sphere_sample(net).point[:, :2].contiguous()) ** degree
        self.pattern = wave.real[:, None]

    def forward(self, scores):
        return scores + 3 * self.pattern.to(scores)


def test_high_degrees_count():
    torch.manual_seed(0)
    net = SphericalSegmentationNet(["a", "b"], band_limit=16, bands=(12, 6), rep="4x0 + 2x1", count=2)
    plain = errors(net)
    net.readout.head = nn.Sequential(net.readout.head, Pattern(net, 11))
    found = errors(net)
    assert plain.symmetry_error["float64"] < 1e-12 < 1e-2 < found.symmetry_error["float64"]
    assert found.rotation_error["float64"] > 3 * plain.rotation_error["float64"]


def test_an_offset_of_all_scores_hides_nothing():
    net = harmonic()
    plain = errors(net)
    with torch.no_grad():
        net.head[-1].bias += 1000
    assert errors(net).rotation_error["float64"] == pytest.approx(plain.rotation_error["float64"], rel=1e-3)


def test_errors_fall_with_the_band_limit():
    coarse, fine = errors(harmonic(), 4), errors(harmonic(band_limit=32, bands=(24, 12)), 4)
    assert fine.rotation_error["float64"] < coarse.rotation_error["float64"] / 2


def of_circles(task, samples=None):
    """A network on functions on the circle of frames, with the default number of angles or another one."""
    torch.manual_seed(0)
    settings = {"rep": "4x0 + 2x1 + 2x2", "pointwise": "regular", "count": 2}
    if task == "segment":
        net = SphericalSegmentationNet(["a", "b"], band_limit=16, bands=(12, 6), **settings)
    else:
        net = harmonic(band_limit=32, bands=(24, 12), **settings)
    if samples is None:
        return net
    for block in [one for one in net.modules() if isinstance(one, SphericalBlock)]:
        other = RegularBlock(block.rep, samples=samples)
        other.load_state_dict(block.pointwise.state_dict())
        block.pointwise = other
    if task == "classify":
        net.readout.largest = GroupPool(net.trunk.reps[-1], "max", samples)
    return net


@pytest.mark.parametrize(("task", "factor"), [("segment", 5), ("classify", 1.5)])
def test_few_angles_on_the_circle_are_worse_than_the_default(task, factor):
    """Six is the fewest even number of angles that tells orders up to 2 apart; largest values want more than blocks."""
    coarse, usual, fine = (errors(of_circles(task, samples), 4) for samples in (6, None, 64))
    for found in (coarse, usual, fine):
        assert found.symmetry_error["float64"] < 1e-12 and found.symmetry_error["float32"] < 1e-5
    coarse, usual, fine = (found.rotation_error["float64"] for found in (coarse, usual, fine))
    assert usual < coarse / factor and fine < coarse / 5, (coarse, usual, fine)


@pytest.mark.parametrize("pointwise", POINTWISE)
def test_a_broken_network_is_found(pointwise):
    net = harmonic(pointwise=pointwise)
    net.trunk.analysis = OfThePoles(net.trunk.analysis)
    found = errors(net)
    assert min(found.symmetry_error["float64"], found.rotation_error["float64"]) > 1e-4


def test_the_network_stays_as_it_was():
    net = harmonic().train()
    before = [parameter.clone() for parameter in net.parameters()]
    errors(net)
    assert net.training and all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_refusals():
    with pytest.raises(ValueError, match=r"expected a network on the sphere, got one on meshes"):
        sphere_sample(SegmentationNet(["a"]))
    with pytest.raises(ValueError, match="reads fields on its own grid, got level 3"):
        sphere_sample(harmonic(), 3)
    with pytest.raises(ValueError, match="orders below the band limit 1"):
        errors(harmonic(inputs="1x1"), 1)
    for limit in (0, 17):
        with pytest.raises(ValueError, match=f"from 1 to 16 of this network, got {limit}"):
            errors(harmonic(), limit)
