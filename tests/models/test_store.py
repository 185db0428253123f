"""Networks on disk: what comes back, that nothing is unpickled, and errors that say what to do."""

import json

import pytest
import surfaces
import torch

from gaugenet.models import SegmentationNet, load, save, shipped

OPTIONS = {"levels": [60, 20], "neighbours": 8, "rep": "4x0 + 3x1", "blocks": 1}
OPTIONS["fields"] = {"hks": 2, "eigenfunctions": 20, "times": [0.01, 1.0], **surfaces.NEAR}


def network(seed=0, **options):
    torch.manual_seed(seed)
    return SegmentationNet(["arm", "leg"], **{**OPTIONS, **options}).eval()


def test_round_trip(tmp_path):
    """Weights are rounded to half precision, once: saving again changes nothing."""
    net = network()
    save(net, tmp_path / "new" / "mine", {"seed": 3})
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["mine.json", "mine.safetensors"]
    again = load(tmp_path / "new" / "mine")
    assert again.config == net.config and not again.training
    for key, value in net.state_dict().items():
        assert torch.equal(again.state_dict()[key], value.half().float())
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(150)))
    assert torch.allclose(again(data), net(data), atol=0.01)
    save(again, tmp_path / "second")
    twice = load(tmp_path / "second")
    assert torch.equal(twice(data), again(data))
    assert json.loads((tmp_path / "new" / "mine.json").read_text())["about"] == {"seed": 3}


@pytest.mark.parametrize("ending", ["", ".json", ".safetensors"])
def test_any_of_the_names_will_do(ending, tmp_path):
    save(network(), tmp_path / "v1.5")
    assert load(str(tmp_path / f"v1.5{ending}")).label_names == ("arm", "leg")


def test_precision(tmp_path):
    save(network(), tmp_path / "net")
    assert next(load(tmp_path / "net", torch.float64).parameters()).dtype == torch.float64


def test_nothing_in_the_files_is_a_pickle(tmp_path, monkeypatch):
    save(network(), tmp_path / "net")
    weights = (tmp_path / "net.safetensors").read_bytes()
    header = json.loads(weights[8 : 8 + int.from_bytes(weights[:8], "little")])
    assert {entry["dtype"] for key, entry in header.items() if key != "__metadata__"} == {"F16"}
    json.loads((tmp_path / "net.json").read_text())

    def refuse(*args, **kwargs):
        raise AssertionError("unpickled")

    for name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load"):
        monkeypatch.setattr(name, refuse)
    load(tmp_path / "net")


def test_a_pickle_in_place_of_the_weights_is_refused(tmp_path):
    save(network(), tmp_path / "net")
    torch.save(network().state_dict(), tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match=r"net.safetensors: .* not the weights of a network"):
        load(tmp_path / "net")


@pytest.mark.parametrize("missing", ["net.json", "net.safetensors"])
def test_a_missing_file_is_named(missing, tmp_path):
    save(network(), tmp_path / "net")
    (tmp_path / missing).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{missing} does not exist; the networks that ship are"):
        load(tmp_path / "net")


def test_an_unknown_name_lists_those_that_ship():
    with pytest.raises(FileNotFoundError, match='no network "psb-unicorn"'):
        load("psb-unicorn")
    assert shipped() == sorted(shipped())


@pytest.mark.parametrize("name", shipped())
def test_what_ships_loads(name):
    assert load(name).label_names


OTHER_FORMAT = '{"format": 99, "network": "SegmentationNet", "config": {}}'
OTHER_NETWORK = '{"format": 5, "network": "Other"}'
OTHER_SETTING = '{"format": 5, "network": "SegmentationNet", "config": {"label_names": ["a"], "colour": 3}}'


@pytest.mark.parametrize("content", ["", "[]", "{", "{}", OTHER_FORMAT, OTHER_NETWORK, OTHER_SETTING, "\xff"])
def test_a_damaged_configuration_is_refused(content, tmp_path):
    save(network(), tmp_path / "net")
    (tmp_path / "net.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"net.json: not a network of gaugenet .* name the .json that gaugenet wrote"):
        load(tmp_path / "net")


@pytest.mark.parametrize("damage", [lambda blob: blob[:-50], lambda blob: b"", lambda blob: b"x" * 300])
def test_damaged_weights_are_refused(damage, tmp_path):
    save(network(), tmp_path / "net")
    blob = (tmp_path / "net.safetensors").read_bytes()
    (tmp_path / "net.safetensors").write_bytes(damage(blob))
    with pytest.raises(
        ValueError, match=r"net.safetensors: truncated, or not the weights .* copy it again, or train again"
    ):
        load(tmp_path / "net")


def test_a_file_of_another_kind_is_no_network(tmp_path):
    (tmp_path / "hand.off").write_text("OFF")
    with pytest.raises(
        ValueError, match=r"hand.off: not a network; expected a path such as runs/mine/net, or one"
    ) as error:
        load(tmp_path / "hand.off")
    assert len(str(error.value)) < 120 + len(str(tmp_path))


@pytest.mark.parametrize("other", [{"rep": "5x0 + 3x1"}, {"blocks": 2}, {"levels": [60, 20, 5]}], ids=str)
def test_files_of_two_networks_are_refused(other, tmp_path):
    save(network(), tmp_path / "one")
    save(network(**other), tmp_path / "two")
    (tmp_path / "two.json").replace(tmp_path / "one.json")
    with pytest.raises(ValueError, match=r"weights do not fit one.json; keep the two files of a network together"):
        load(tmp_path / "one")


@pytest.mark.parametrize("other", [{}, {"neighbours": 9}], ids=str)
def test_files_of_two_networks_of_one_shape_are_refused(other, tmp_path):
    """The configuration holds a hash of its weights."""
    save(network(), tmp_path / "one")
    save(network(seed=1, **other), tmp_path / "two")
    (tmp_path / "two.json").replace(tmp_path / "one.json")
    with pytest.raises(ValueError, match="keep the two files of a network together"):
        load(tmp_path / "one")


def test_saving_replaces_the_files_whole(tmp_path):
    save(network(), tmp_path / "net")
    save(network(seed=5), tmp_path / "net.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.safetensors"]
    assert torch.equal(load(tmp_path / "net").state_dict()["readout.head.0.bias"],
                       network(seed=5).state_dict()["readout.head.0.bias"].half().float())  # fmt: skip


def test_the_folder_of_a_run_is_not_the_network(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"is a folder; a training run keeps its network at .*net"):
        load(tmp_path)


def test_networks_of_the_past_are_refused(tmp_path):
    save(network(), tmp_path / "net")
    path = tmp_path / "net.json"
    path.write_text(path.read_text().replace('"format": 5', '"format": 2'))
    with pytest.raises(ValueError, match=r"net.json: written by an older gaugenet \(format 2, now 5\); train it again"):
        load(tmp_path / "net")


class Mine(SegmentationNet):
    """A network of a user."""


def test_networks_that_could_not_be_loaded_are_not_saved(tmp_path):
    with pytest.raises(TypeError, match=r"save writes networks .*, got a Mine, .* keep its state_dict\(\) with"):
        save(Mine(["arm", "leg"], **OPTIONS), tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_parameters_beyond_half_precision_are_kept(tmp_path):
    """Large ones in full, small ones to 3e-8."""
    net = network()
    with torch.no_grad():
        net.readout.head[0].weight[0, 0], net.readout.head[2].weight[0, 0] = 1e5, 3e-6
    save(net, tmp_path / "net")
    state = load(tmp_path / "net").state_dict()
    assert torch.equal(state["readout.head.0.weight"], net.readout.head[0].weight)
    assert (state["readout.head.2.weight"][0, 0] - 3e-6).abs() < 3e-8
    weights = (tmp_path / "net.safetensors").read_bytes()
    header = json.loads(weights[8 : 8 + int.from_bytes(weights[:8], "little")])
    assert [key for key, entry in header.items() if entry["dtype"] == "F32"] == ["readout.head.0.weight"]
