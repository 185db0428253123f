"""Networks that find objects: equivariance of all heads, learning, storing, refusals."""

import pytest
import surfaces
import torch
from digits import write_digits
from torch_geometric.data import Data

from gaugenet.datasets.spherical_mnist import SphericalMNIST
from gaugenet.datasets.spherical_scenes import SphericalScenes
from gaugenet.detection import Boxes, charts_of
from gaugenet.models import (
    DetectionNet,
    SphericalDetectionNet,
    check,
    check_on_sphere,
    load,
    save,
    set_targets,
    sphere_sample,
)
from gaugenet.so3 import random_rotation
from gaugenet.train import Fit, FitSettings, SphericalImages

NAMES = list("0123456789")


def gauge_net(**settings):
    torch.manual_seed(0)
    usual = {"space": "sphere", "inputs": "1x0", "levels": (162, 42), "neighbours": 12, "rep": "6x0 + 4x1 + 3x2"}
    return DetectionNet(NAMES, 0.3, **{**usual, "half_turns": (0, 1, 8), "blocks": 1, "dropout": 0.0, **settings})


def harmonic_net(**settings):
    torch.manual_seed(0)
    usual = {"band_limit": 12, "bands": (8, 4), "rep": "6x0 + 4x1 + 3x2", "count": 3, "dropout": 0.0}
    return SphericalDetectionNet(NAMES, 0.3, **{**usual, "half_turns": (0, 1, 8), **settings})


def mesh_net(rep="6x0 + 4x1 + 3x2", half_turns=()):
    torch.manual_seed(0)
    fields = {"hks": 4, "eigenfunctions": 30, "rays": False, "distances": False, "wks": 0}
    settings = {"levels": (200, 50), "neighbours": 10, "blocks": 1, "fields": fields}
    return DetectionNet(["a", "b"], 0.1, half_turns, rep=rep, **settings)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return SphericalScenes(write_digits(tmp_path_factory.mktemp("mnist")), "train", 8, validation=0)


def test_targets_are_where_the_data_is():
    data = sphere_sample(gauge_net()).bundle
    one = torch.ones(1, dtype=torch.float64)
    box = Boxes.at_vertices(torch.tensor([5]), one, 0.3 * one[None].repeat(1, 2), torch.tensor([0]))
    elsewhere = set_targets(data.clone().to("meta"), box, charts_of(data))
    for name in ("label", "offset", "angle", "extent"):
        assert (
            elsewhere[f"box_{name}"].device.type == "meta"
            and set_targets(data, box)[f"box_{name}"].device.type == "cpu"
        )


def test_all_heads_turn_with_frames_and_with_the_sphere():
    for net, gauge in ((gauge_net(), True), (harmonic_net(), False)):
        found = check_on_sphere(net, 4, torch.Generator().manual_seed(0))
        assert found.symmetry_error["float64"] < 1e-12 and found.symmetry_error["float32"] < 1e-5
        assert not gauge or (found.gauge_error["float64"] < 1e-12 and found.gauge_error["float32"] < 1e-5)
        assert 1e-6 < found.rotation_error["float64"] < 0.5


@pytest.mark.parametrize("rep", ["6x0 + 4x1 + 3x2", "O2: 5x0e + 1x0o + 4x1 + 3x2"])
def test_all_heads_turn_with_the_frames_of_a_mesh(rep):
    net = mesh_net(rep=rep)
    mesh = surfaces.data_of(surfaces.biped())
    found = check(net, mesh, torch.Generator().manual_seed(0))
    assert found.gauge_error["float64"] < 1e-12 and found.gauge_error["float32"] < 1e-5
    assert found.motion_error["float64"] < 1e-9


def test_boxes_found_on_a_mesh_twice_as_large_are_twice_as_large():
    net = mesh_net("6x0 + 4x1")
    mesh = surfaces.data_of(surfaces.biped())
    large = mesh.clone()
    large.pos = 2 * mesh.pos
    one, two = (net.double().detect(net.transform(data), score=0.0, most=30) for data in (mesh, large))
    assert len(one) and torch.equal(one.vertex, two.vertex)
    assert torch.allclose(2 * one.extent, two.extent, rtol=1e-5) and torch.allclose(2 * one.offset, two.offset, 1e-4)


def moved_by(net, plain, here, found, there, g, shift=0.0):
    """How far boxes found on another surface are from those of this one, moved: their centres, their directions."""
    centre = (there.centre(found) - here.centre(plain) @ g.T - shift).norm(dim=1)
    ahead, seen = here.direction(plain) @ g.T, there.direction(found)
    half = torch.isin(plain.label, torch.tensor(net.code.half_turns))  # of these alone a half turn leaves what is there
    same, turned = (seen - ahead).norm(dim=1), (seen + ahead).norm(dim=1)
    return float(centre.max()), float(torch.where(half, torch.minimum(same, turned), same).max())


@pytest.mark.parametrize("half_turns", [(), (0, 1)])
def test_boxes_found_on_a_mesh_moved_and_renumbered_move_along(half_turns):
    net = mesh_net(half_turns=half_turns).double()
    mesh, generator = surfaces.data_of(surfaces.biped()), torch.Generator().manual_seed(0)
    g, shift = random_rotation(1, generator=generator)[0], torch.tensor([0.3, -2.0, 1.0], dtype=torch.float64)
    number = torch.randperm(len(mesh.pos), generator=generator)
    other = mesh.clone()
    other.pos = torch.empty_like(mesh.pos)
    other.pos[number] = mesh.pos @ g.T + shift
    other.face = number[mesh.face][:, torch.randperm(mesh.face.shape[1], generator=generator)]
    data = [net.transform(one) for one in (mesh, other)]
    here, there = (charts_of(one) for one in data)
    plain, found = (net.detect(one, at, score=0.0, most=60) for one, at in zip(data, (here, there), strict=True))
    assert len(plain) == len(found) > 5
    assert torch.equal(number[plain.vertex], found.vertex) and torch.equal(plain.label, found.label)
    assert torch.allclose(plain.extent, found.extent) and torch.allclose(plain.score, found.score)
    assert max(moved_by(net, plain, here, found, there, g, shift)) < 1e-6
    assert min(moved_by(net, plain, here, found, there, g.T, shift)) > 0.1


@pytest.mark.parametrize("half_turns", [(), (0, 1, 8)])
def test_detections_of_a_turned_sphere_are_the_turned_detections(scenes, half_turns):
    """Under symmetries of the sample, exactly."""
    for net in (gauge_net(half_turns=half_turns), harmonic_net(half_turns=half_turns)):
        sample = sphere_sample(net)
        surface = charts_of(sample.bundle)
        g = sample.symmetries[2]
        plain, moved = (
            net.double().detect(sample.with_field(scenes.at(torch.tensor([0]), sample.point, turn).T), surface)
            for turn in (None, g[None])
        )
        assert len(plain) == len(moved) > 0
        assert max(moved_by(net, plain, surface, moved, surface, g)) < 1e-6
        assert torch.isin(plain.label, torch.tensor(half_turns)).any() == bool(half_turns)
        assert torch.equal(plain.label, moved.label) and torch.allclose(plain.score, moved.score)


@pytest.mark.parametrize("make", [gauge_net, harmonic_net])
def test_they_learn(scenes, make):
    net = make()
    train = SphericalImages(scenes, sphere_sample(net), task="detect")
    history = Fit(
        net, train, train, FitSettings(epochs=12, batch=4, variants=1, noise=0.0, average=0.5, learning_rate=1e-2)
    ).run()
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert 0 <= history[-1]["validation_accuracy"] <= 1


def test_they_are_stored(tmp_path, scenes):
    for net in (gauge_net(), harmonic_net()):
        save(net, tmp_path / "net")
        again = load(tmp_path / "net")
        assert again.config == net.config and again.code.half_turns == (0, 1, 8) and again.code.unit == 0.3
        sample = sphere_sample(net)
        data = sample.with_field(scenes.at(torch.tensor([0]), sample.point.float()).T)
        assert torch.allclose(again(data), net.eval()(data), atol=5e-2)


def test_refusals(scenes):
    net = gauge_net()
    sample = sphere_sample(net)
    data = sample.with_field(torch.zeros(len(sample.point), 1))
    with pytest.raises(ValueError, match=r"no boxes to learn \(box_label\): apply set_targets"):
        net.loss(data)
    one = torch.ones(1, 2, dtype=torch.float64)
    boxes = Boxes.at_vertices(torch.tensor([3]), one[:, 0], 0.2 * one, torch.tensor([4]))
    loss, _ = net.loss(set_targets(data, boxes))
    assert bool(loss.isfinite()) and "box_label" not in data
    with pytest.raises(ValueError, match="half_turns among the labels"):
        DetectionNet(["a"], 0.3, (1,), inputs="1x0")
    with pytest.raises(ValueError, match='got single digits, to classify or segment, with task "detect"'):
        SphericalImages(scenes.digits, sample, task="detect")
    with pytest.raises(ValueError, match='got scenes, to segment or detect, with task "classify"'):
        SphericalImages(scenes, sample)
    assert isinstance(scenes.digits, SphericalMNIST) and isinstance(data, Data)
