"""Networks that are not equivariant: no rotations but turns about an axis; size, learning, storing, refusals."""

import pytest
import torch
from digits import write_digits
from torch_geometric.data import Data

from gaugenet.datasets.spherical_scenes import SphericalScenes
from gaugenet.models import (
    PlainClassificationNet,
    PlainDetectionNet,
    PlainSegmentationNet,
    SphericalClassificationNet,
    SphericalDetectionNet,
    SphericalSegmentationNet,
    check_on_sphere,
    load,
    on_sphere,
    save,
    sphere_sample,
)
from gaugenet.train import Fit, FitSettings, SphericalImages, evaluate

DIGITS = list("0123456789")
NAMES = {"classify": DIGITS, "segment": ["background", *DIGITS], "detect": DIGITS}
BOXES = {"unit": 0.3, "half_turns": (0, 1, 8)}
PLAIN = {"classify": PlainClassificationNet, "segment": PlainSegmentationNet, "detect": PlainDetectionNet}
HARMONIC = {
    "classify": SphericalClassificationNet,
    "segment": SphericalSegmentationNet,
    "detect": SphericalDetectionNet,
}
TASKS = pytest.mark.parametrize("task", list(PLAIN))
SMALL = {"band_limit": 8, "widths": (8, 16, 24), "dropout": 0.0}


def network(task, nets=PLAIN, **settings):
    torch.manual_seed(0)
    return nets[task](NAMES[task], **(BOXES if task == "detect" else {}), **settings)


def field(net, count=1):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count * net.trunk.grid.size, net.rep_in.dim, generator=generator, dtype=torch.float64)


def turned(net, x, columns):
    """Return a field, or scores of whole fields as they are, after a turn about the z axis by some columns."""
    if len(x) != net.trunk.grid.size:
        return x
    return x.unflatten(0, (net.trunk.grid.rings, net.trunk.grid.columns)).roll(columns, dims=1).flatten(0, 1)


@torch.no_grad()
def change_by_turn(net, columns):
    """Return by how much outputs fail to turn with a field, over the largest output."""
    x = field(net)
    wanted = turned(net, net(Data(x=x)), columns)
    return float((net(Data(x=turned(net, x, columns))) - wanted).abs().max() / wanted.abs().max())


@TASKS
def test_turns_by_whole_pixels_of_the_last_level_turn_the_output(task):
    """Fields in the frames too: a turn about the z axis leaves their components as they are."""
    net = network(task, inputs="1x0 + 1x1", **SMALL).double().eval()
    for columns in (4, 8, 12):
        assert change_by_turn(net, columns) < 1e-12
    assert min(change_by_turn(net, columns) for columns in (1, 2)) > 1e-6


@TASKS
def test_no_other_rotation_does(task):
    net = network(task, **SMALL)
    found = check_on_sphere(net, 4, torch.Generator().manual_seed(1))
    same = check_on_sphere(network(task, HARMONIC, band_limit=8, bands=(8, 4)), 4, torch.Generator().manual_seed(1))
    assert found.gauge_error is None and on_sphere(net)
    assert found.rotation_error["float64"] > 0.3 > same.rotation_error["float64"]
    assert found.symmetry_error["float64"] > 1e-2 > 1e-12 > same.symmetry_error["float64"]


@TASKS
def test_they_are_as_large_as_those_on_harmonics(task):
    """With the settings of the command line."""
    finer = {} if task == "classify" else {"bands": (30, 15, 8), "growth": 2.0}
    one, other = (
        sum(parameter.numel() for parameter in net.parameters())
        for net in (network(task), network(task, HARMONIC, **finer))
    )
    assert 0.95 < one / other < 1.05, (one, other)
    assert torch.equal(sphere_sample(network(task)).point, sphere_sample(network(task, HARMONIC)).point)


@TASKS
@pytest.mark.parametrize("widths", [(8,), (8, 16), (8, 8, 16, 24)])
def test_a_batch_has_the_outputs_of_its_fields(task, widths):
    net = network(task, **{**SMALL, "widths": widths}).double().eval()
    x = field(net, 3)
    output = net(Data(x=x))
    rows = 1 if task == "classify" else net.trunk.grid.size
    assert output.shape == (3 * rows, net.rep_out.dim)
    assert torch.allclose(net(Data(x=x[256:512])), output[rows : 2 * rows], atol=1e-12)


@TASKS
def test_every_parameter_has_a_say(task):
    net = network(task, **SMALL).double()
    net(Data(x=field(net))).square().sum().backward()
    assert [name for name, parameter in net.named_parameters() if not parameter.grad.abs().sum() > 0] == []
    assert len(net.trunk.down) == 3 and len(net.trunk.up) == (0 if task == "classify" else 2)


@TASKS
def test_they_learn(task, tmp_path):
    """Fitted and scored as all networks are."""
    scenes = SphericalScenes(write_digits(tmp_path), "train", 8, validation=0)
    net = network(task, **SMALL)
    images = SphericalImages(scenes.digits if task == "classify" else scenes, sphere_sample(net), task=task)
    settings = {"variants": 1, "noise": 0.0, "average": 0.5, "learning_rate": 1e-2, "label_smoothing": 0.0}
    history = Fit(net, images, images, FitSettings(epochs=20, batch=4, **settings)).run()
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert 0 <= history[-1]["validation_accuracy"] <= 1
    if task != "detect":
        assert evaluate(net, images).area_accuracy == pytest.approx(history[-1]["validation_accuracy"])
    data = next(iter(images))
    if task == "classify":
        assert net.classify(data).shape == (40,)
    elif task == "segment":
        assert net.segment(data).shape == (8 * net.trunk.grid.size,)
    else:
        assert len(net.detect(sphere_sample(net).with_field(data.x[: net.trunk.grid.size]), score=0.0)) > 0


@TASKS
def test_they_are_stored(task, tmp_path):
    net = network(task, **SMALL).eval()
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")
    assert again.config == net.config and again.label_names == tuple(NAMES[task])
    data = Data(x=field(net).float())
    assert torch.allclose(again(data), net(data), atol=2e-2)


@TASKS
def test_refusals(task):
    for widths in ((), (8, 12), (0, 8)):
        with pytest.raises(ValueError, match=r"PlainTrunk expects widths that are multiples of 8, got \("):
            network(task, widths=widths)
    with pytest.raises(ValueError, match="halves its grid for every level but the first, got 4 of them for 60 x 60 po"):
        network(task, widths=(8, 8, 8, 8))
    with pytest.raises(ValueError, match=r"needs data.x \(256 B, 1\)"):
        network(task, **SMALL)(Data(x=torch.zeros(255, 1)))
    net, extra = PLAIN[task], BOXES if task == "detect" else {}
    with pytest.raises(TypeError, match=r'Plain.*Net expects a list of label names, got "sea"'):
        net("sea", **extra)
    with pytest.raises(ValueError, match=r"Plain.*Net needs at least one label name, got none"):
        net([], **extra)
    if task == "classify":
        with pytest.raises(ValueError, match="PlainClassificationNet expects hidden >= 1, got 0"):
            network(task, hidden=0)
