"""Every task on every trunk: made, evaluated, learned, saved and loaded; arguments, types and networks of the past."""

import inspect
import json
from typing import get_args, get_type_hints

import pytest
import safetensors.torch
import surfaces
import torch
from torch.optim.swa_utils import AveragedModel

import gaugenet
from gaugenet.models import (
    ClassificationNet,
    CorrespondenceNet,
    DetectionNet,
    GaugeTrunk,
    HarmonicTrunk,
    PlainClassificationNet,
    PlainTrunk,
    SegmentationNet,
    SphericalClassificationNet,
    SphericalSegmentationNet,
    TangentFieldNet,
    load,
    save,
    shipped,
    sphere_sample,
    store,
)
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.harmonic_trunk import HarmonicSettings
from gaugenet.models.plain_trunk import PlainSettings
from gaugenet.train import shape_loss

GAUGE = {"space": "sphere", "inputs": "1x0", "levels": (42, 12), "neighbours": 8, "rep": "4x0 + 2x1", "blocks": 1}
HARMONIC = {"band_limit": 8, "bands": (6, 3), "rep": "4x0 + 2x1", "count": 2}
TRUNKS_OF = {
    "gauge": lambda: GaugeTrunk(**GAUGE),
    "harmonic": lambda: HarmonicTrunk(**HARMONIC),
    "plain": lambda: PlainTrunk(band_limit=8, widths=(8, 16)),
}
TASKS = {
    "segment": lambda trunk: SegmentationNet(["sea", "land"], trunk=trunk),
    "classify": lambda trunk: ClassificationNet(["sea", "land"], trunk=trunk),
    "correspond": lambda trunk: CorrespondenceNet(7, 5, trunk=trunk),
    "field": lambda trunk: TangentFieldNet("1x0 + 1x1", trunk=trunk),
    "detect": lambda trunk: DetectionNet(["a", "b"], 0.3, trunk=trunk),
}


def network(task, trunk):
    torch.manual_seed(0)
    return TASKS[task](TRUNKS_OF[trunk]()).eval()


@pytest.mark.parametrize("trunk", TRUNKS_OF)
@pytest.mark.parametrize("task", TASKS)
def test_every_task_runs_on_every_trunk(task, trunk, tmp_path):
    net = network(task, trunk).half().float()
    sample = sphere_sample(net)
    data = sample.with_field(sample.point[:, 2:].float())
    output = net.evaluated(data)
    rows = 1 if task == "classify" else data.face.shape[1] if (task, trunk) == ("segment", "gauge") else len(data.x)
    assert output.shape == (rows, net.rep_out.dim)
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")
    assert type(again) is type(net) and type(again.trunk) is type(net.trunk) and again.config == net.config
    assert torch.equal(again.evaluated(data), output)
    assert ("trunk" in net.config) == (trunk != "gauge")


@pytest.mark.parametrize("trunk", ["harmonic", "plain"])
def test_points_of_a_grid_count_by_area_for_every_task(trunk):
    net = network("field", trunk)
    sample = sphere_sample(net)
    data = sample.with_field(sample.point[:, 2:].float())
    data.field = torch.randn(len(data.x), 3)
    loss, score = shape_loss(net, data)
    area = sample.weight[:, None].float()
    expected = (area * (net(data) - data.field).square()).sum() / (area * data.field.square()).sum()
    assert torch.allclose(loss, expected) and score == pytest.approx(1 - float(expected.detach()))
    net = network("correspond", trunk)
    data.vertex_label = torch.arange(len(data.x)) % 7
    assert shape_loss(net, data)[0].isfinite() and net.describe(data).shape == (len(data.x), 5)


def test_a_trunk_serves_two_tasks():
    trunk = TRUNKS_OF["harmonic"]()
    one, two = ClassificationNet(["a"], trunk=trunk), SegmentationNet(["a"], trunk=trunk)
    assert len(trunk.up) == 1 and one.trunk is two.trunk
    assert "readout.head.0.weight" in two.state_dict() and "trunk.up.0.norm" not in str(one.readout)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(TypeError, match="takes a trunk or arguments of GaugeTrunk, got a trunk and blocks: giv"):
        SegmentationNet(["a"], trunk=TRUNKS_OF["plain"](), blocks=3)
    with pytest.raises(ValueError, match='points of a grid have no faces, got output="face": use output="vertex"'):
        SegmentationNet(["a"], "face", trunk=TRUNKS_OF["plain"]())
    with pytest.raises(ValueError, match="whole shapes are described by norms, which are no polynomials"):
        ClassificationNet(["a"], layers="polynomial")
    for make in (
        lambda **settings: CorrespondenceNet(3, **settings),
        lambda **settings: DetectionNet(["a"], 1, **settings),
    ):
        with pytest.raises(ValueError, match="Net takes norms, which are no polynomials: choose other layers"):
            make(layers="polynomial")


class MyTrunk(PlainTrunk):
    """A trunk of a user."""


def test_trunks_that_could_not_be_loaded_are_not_saved(tmp_path):
    with pytest.raises(TypeError, match=r"save writes networks and trunks of .*, got a MyTrunk, which load"):
        save(SegmentationNet(["a"], trunk=MyTrunk(band_limit=8, widths=(8,))), tmp_path / "net")


@pytest.mark.parametrize(
    ("settings", "trunk"), [(GaugeSettings, GaugeTrunk), (HarmonicSettings, HarmonicTrunk), (PlainSettings, PlainTrunk)]
)
def test_settings_are_the_arguments_of_the_trunk(settings, trunk):
    expected = get_type_hints(trunk.__init__)
    del expected["return"]
    assert get_type_hints(settings) == expected
    assert list(settings.__annotations__) == list(inspect.signature(trunk).parameters)


def test_signatures_show_the_arguments_of_the_trunk():
    found = inspect.signature(ClassificationNet).parameters
    assert found["levels"].default == (1024, 256, 64) and found["growth"].default == 1.5 and "settings" not in found
    assert inspect.signature(SegmentationNet).parameters["levels"].default == (2048, 512, 128)
    assert inspect.signature(SphericalClassificationNet).parameters["rep"].default == HarmonicTrunk().config["rep"]
    assert inspect.signature(PlainClassificationNet).parameters["widths"].default == (40, 72, 128)
    assert PlainClassificationNet(["a"]).config["widths"] == [40, 72, 128]
    assert SphericalClassificationNet(["a"]).trunk.config == HarmonicTrunk().config


def test_type_checkers_know_the_networks_that_ship():
    named = [name for kind in (store.Segments, store.Detects, store.SegmentsSphere) for name in get_args(kind)]
    assert sorted([*named, "spherical-mnist", "spherical-scenes-detect"]) == shipped()
    assert isinstance(SegmentationNet.load("psb-hand"), SegmentationNet)
    assert all(type(load(name)) is DetectionNet for name in get_args(store.Detects))
    assert all(isinstance(load(name), SphericalSegmentationNet) for name in get_args(store.SegmentsSphere))
    with pytest.raises(TypeError, match=r"psb-hand holds a SegmentationNet, not a DetectionNet: use gaugenet\.load"):
        DetectionNet.load("psb-hand")


def older(key):
    """Return the name of a weight of a SegmentationNet in format 4."""
    return key.replace("trunk.", "").replace("readout.", "")


def test_networks_of_the_last_release_are_read_with_a_warning(tmp_path):
    fields = {"hks": 2, "eigenfunctions": 20, **surfaces.NEAR}
    net = SegmentationNet(["a", "b"], levels=(40,), neighbours=8, rep="4x0 + 3x1", blocks=1, fields=fields)
    save(net, tmp_path / "net")
    state = safetensors.torch.load_file(tmp_path / "net.safetensors")
    safetensors.torch.save_file({older(key): value for key, value in state.items()}, tmp_path / "net.safetensors")
    content = json.loads((tmp_path / "net.json").read_text())
    del content["sha256"]
    (tmp_path / "net.json").write_text(json.dumps(content | {"format": 4}))
    with pytest.warns(DeprecationWarning, match=r"format of an earlier release \(4, now 5\): write it again by"):
        again = gaugenet.load(tmp_path / "net")
    assert all(torch.equal(again.state_dict()[key], value.float()) for key, value in state.items())
    averaged = AveragedModel(net)
    averaged.load_state_dict(
        {"n_averaged": torch.tensor(3), **{f"module.{older(key)}": value + 1 for key, value in state.items()}}
    )
    assert all(torch.equal(averaged.module.state_dict()[key], (value + 1).float()) for key, value in state.items())


def test_the_grid_of_a_network_is_that_of_its_trunk_for_one_more_release():
    net = SphericalSegmentationNet(["a"], **HARMONIC)
    with pytest.warns(DeprecationWarning, match=r"net\.grid is deprecated: use net\.trunk\.grid"):
        assert net.grid is net.trunk.grid
    with pytest.warns(DeprecationWarning):
        assert not hasattr(SegmentationNet(["a"], trunk=TRUNKS_OF["gauge"]()), "grid")
