"""Scores from the command line, against ones computed here."""

import shutil

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from gaugenet import PSB, LabelledFolder, load, save
from gaugenet.train.metrics import area_accuracy, face_areas
from gaugenet.transforms.perturbation import KINDS


def accuracy(network, shapes) -> float:
    net = load(network)
    each = [area_accuracy(net.segment(d.clone()), d.face_label, face_areas(d.pos, d.face)) for d in shapes]
    return sum(each) / len(each)


def test_a_folder(call, shapes, network, tmp_path):
    arguments = ["evaluate", "--data", "folder", "--root", shapes, "--model", network, "--test", "shape2", "shape4"]
    result = call(*arguments, "--confusion", tmp_path / "c.png", "--picture", tmp_path / "p.png", "--json")
    assert result.code == 0 and result.err == ""
    scores = result.json
    assert list(scores) == ["area_accuracy", "mean_iou", "accuracies", "classes", "shapes", "split", "perturb"]
    assert scores["shapes"] == ["shape2", "shape4"] and (scores["split"], scores["perturb"]) == ("test", None)
    assert sum(scores["accuracies"]) / 2 == pytest.approx(scores["area_accuracy"])
    assert scores["area_accuracy"] == pytest.approx(
        accuracy(network, LabelledFolder(shapes, "test", test=["shape2", "shape4"])), abs=1e-9
    )
    assert list(scores["classes"]) == ["head", "torso"]
    assert all(list(one) == ["iou", "accuracy"] for one in scores["classes"].values())
    assert scores["mean_iou"] == pytest.approx(sum(one["iou"] for one in scores["classes"].values()) / 2)
    assert imread(tmp_path / "c.png").ndim == 3 and imread(tmp_path / "p.png").ndim == 3
    text = call(*arguments)
    assert f"{100 * scores['area_accuracy']:.2f} %" in text.out
    worst_first = sorted(zip(scores["accuracies"], scores["shapes"]))
    assert [line.split() for line in text.out.splitlines()[-3:]] == [
        ["2", "shapes", "of", "the", "test", "split,", "the", "worst", "first:"],
        *([name, f"{100 * accuracy:.2f}", "%"] for accuracy, name in worst_first),
    ]
    parts = {split: call(*arguments, "--split", split, "--json").json["area_accuracy"] for split in ("train", "all")}
    assert 5 * parts["all"] == pytest.approx(3 * parts["train"] + 2 * scores["area_accuracy"])


def test_labels_are_matched_by_name(call, shapes, network, tmp_path):
    """A network that knows the labels in another order, and one more, scores as it should."""
    net = load(network)
    config = {**net.config, "label_names": ["torso", "tail", "head"]}
    other = type(net)(**config)
    state = net.state_dict()
    for key in ("readout.head.2.weight", "readout.head.2.bias"):
        state[key] = torch.stack([state[key][1], torch.full_like(state[key][0], -1e3), state[key][0]])
    state["readout.head.2.weight"][1] = 0
    other.load_state_dict(state)
    save(other, tmp_path / "other")
    one, two = (
        call("evaluate", "--data", "folder", "--root", shapes, "--model", model, "--json").json
        for model in (network, tmp_path / "other")
    )
    assert (
        one["area_accuracy"] == pytest.approx(two["area_accuracy"]) and one["classes"]["head"] == two["classes"]["head"]
    )


def test_all_categories(call, psb, network, tmp_path, monkeypatch):
    for category in ("ant", "human"):
        for suffix in (".json", ".safetensors"):
            shutil.copy(network.with_suffix(suffix), tmp_path / f"psb-{category}{suffix}")
    arguments = ["evaluate", "--data", "psb", "--root", psb]
    model = tmp_path / "psb-{category}"
    result = call(*arguments, "--category", "all", "--model", model, "--confusion", tmp_path / "c.png", "--json").json
    assert list(result) == ["area_accuracy", "mean_iou", "categories"] and list(result["categories"]) == [
        "Ant",
        "Human",
    ]
    human = call(*arguments, "--category", "Human", "--model", tmp_path / "psb-human", "--json").json
    assert result["categories"]["Human"] == human
    assert human["area_accuracy"] == pytest.approx(accuracy(network, PSB(psb, "Human", "test")), abs=1e-9)
    for key in ("area_accuracy", "mean_iou"):
        assert result[key] == pytest.approx(sum(one[key] for one in result["categories"].values()) / 2)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["c-ant.png", "c-human.png"]

    monkeypatch.setattr("gaugenet.cli.shape_scores.shipped", lambda: ["psb-human"])
    monkeypatch.setattr("gaugenet.cli.shape_scores.load", lambda name: load(tmp_path / name))
    shipped = call(*arguments, "--category", "all", "--json").json
    assert shipped["categories"] == {"Human": human}
    assert call(*arguments, "--category", "all").out.endswith("\n8 shapes of the test split\n")
    monkeypatch.setattr("gaugenet.cli.shape_scores.shipped", lambda: [])
    assert "no network for any category ships" in call(*arguments, "--category", "all").err


def test_a_shape_that_cannot_be_read_by_the_network_is_named(call, shapes, network, tmp_path):
    shutil.copytree(shapes, tmp_path / "data")
    lines = (tmp_path / "data" / "shape3.off").read_text().splitlines()
    number = next(k for k, line in enumerate(lines) if len(line.split()) == 3 and k > 2)
    lines[number] = "nan 0 0"
    (tmp_path / "data" / "shape3.off").write_text("\n".join(lines))
    result = call("evaluate", "--data", "folder", "--root", tmp_path / "data", "--model", network)
    assert result.code == 2 and result.messages("error")[0].startswith("shape3: mesh has 1 vertex with NaN")


def test_shapes_of_the_training_are_not_scored_unawares(call, shapes, network, tmp_path):
    """Where one forgets the --test of the training; whoever asks for training shapes gets them."""
    about = {"data": "folder", "task": "segment", "train": ["shape1", "shape3"], "validation": []}
    save(load(network), tmp_path / "net", about)
    words = ["evaluate", "--data", "folder", "--root", shapes, "--model", tmp_path / "net"]
    result = call(*words)  # by default shape3 is for testing
    assert result.code == 2
    assert "1 of 1 shapes to test on have names that the network was trained on (e.g. shape3)" in result.err
    assert "give the --test, --train-shapes and --split-seed of its training, or --split all" in result.err
    for more in (["--test", "shape2", "shape4"], ["--split", "all"], ["--split", "train"]):
        assert call(*words, *more).code == 0
    for held_back, complaint in {
        (): "whose training held some back, by --validation",
        ("shape1", "other"): "1 of 2 shapes that the training held back (e.g. other) are not for training in",
    }.items():
        save(load(network), tmp_path / "net", {**about, "validation": list(held_back)})
        assert complaint in call(*words, "--split", "validation").err
    save(load(network), tmp_path / "net", {**about, "validation": 50})  # of images
    assert "whose training held some back, by --validation" in call(*words, "--split", "validation").err
    save(load(network), tmp_path / "net", {**about, "task": "classify"})
    assert call(*words).code == 0


def test_what_is_said_of_a_perturbed_copy_is_not_said_of_the_shape(call, shapes, network, monkeypatch):
    monkeypatch.setattr(
        "gaugenet.transforms.perturbation.KINDS", {**KINDS, "holes": KINDS["holes"]._replace(change=_turned)}
    )
    result = call("evaluate", "--data", "folder", "--root", shapes, "--model", network, "--perturb", "holes")
    assert result.code == 0 and "1 shape of the test split (perturbed: holes), the worst first:" in result.out
    assert result.messages("warning")[0].startswith("shape3 (perturbed: holes): mesh cleaned: 1 face re-oriented")


def _turned(pos, face, *_):
    return pos, np.concatenate([face[:1, ::-1], face[1:]])


def test_up_goes_with_a_picture(call, shapes, network, tmp_path):
    words = ["evaluate", "--data", "folder", "--root", shapes, "--model", network, "--up", "z"]
    assert "--up goes with --picture" in call(*words).err
    assert call(*words, "--picture", tmp_path / "p.png").code == 0
