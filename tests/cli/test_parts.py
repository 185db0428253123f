"""Parts of shapes as objects, from the command line."""

import json

import matplotlib.image
import pytest
from labelled_shapes import write_shapes

from gaugenet import load

SMALL = ("--epochs", 2, "--variants", 2, "--levels", "48,12", "--rep", "4x0 + 2x1 + 2x2", "--fields", "rays=0")


@pytest.fixture(scope="module")
def run(shapes, tmp_path_factory):
    from gaugenet.cli import main

    folder = tmp_path_factory.mktemp("parts") / "run"
    words = ["train", "--data", "folder", "--root", shapes, "--task", "detect", "--objects", "head", *SMALL]
    assert main([str(word) for word in [*words, "--validation", 1, "-o", folder]]) == 0
    return folder


def test_a_run_knows_its_objects(run):
    net = load(run / "net")
    assert net.label_names == ("head",) and net.code.half_turns == (0,) and 0.1 < net.code.unit < 0.5
    about = json.loads((run / "net.json").read_text())["about"]
    assert about["task"] == "detect" and about["validation"] == ["shape4"]


def test_evaluate_and_detect(call, shapes, run, tmp_path):
    data = ("evaluate", "--data", "folder", "--root", shapes, "--task", "detect", "--model", run / "net")
    result = call(*data, "--split", "all", "--json", "--picture", tmp_path / "parts.png")
    assert result.code == 0, result.err
    names = {"ap50", "ap", "centre_error", "angle_error", "classes", "objects", "shapes", "split", "perturb"}
    assert result.json.keys() == names
    assert result.json["objects"] == 5 and 0 <= result.json["ap"] <= result.json["ap50"] <= 1
    assert result.json["classes"] == {"head": {"ap50": result.json["ap50"]}}
    assert matplotlib.image.imread(tmp_path / "parts-shape1.png").std() > 0.05
    assert call(*data, "--split", "validation", "--json").json["shapes"] == ["shape4"]
    text = call(*data, "--perturb", "noise").out.splitlines()
    assert text[-2].endswith("1 object on 1 shape of the test split (perturbed: noise)")
    found = call("detect", shapes / "shape1.off", "--model", run / "net", "-o", tmp_path / "a.json", "--score", 0)
    assert found.code == 0 and {one["label"] for one in json.loads((tmp_path / "a.json").read_text())["objects"]} == {
        "head"
    }


def test_all_categories(call, psb, run, monkeypatch):
    arguments = ("evaluate", "--data", "psb", "--root", psb, "--task", "detect", "--json")
    result = call(*arguments, "--category", "all", "--model", run / "net").json
    assert list(result) == ["ap50", "ap", "categories"] and list(result["categories"]) == ["Ant", "Human"]
    human = call(*arguments, "--category", "Human", "--model", run / "net").json
    assert result["categories"]["Human"] == human
    assert result["ap"] == pytest.approx(sum(one["ap"] for one in result["categories"].values()) / 2)
    monkeypatch.setattr("gaugenet.cli.shape_scores.shipped", lambda: ["psb-human", "psb-ant-parts"])
    monkeypatch.setattr("gaugenet.cli.shape_scores.load", lambda name: load(run / "net"))
    monkeypatch.setattr("gaugenet.cli.shape_scores.recorded", lambda name: {})
    assert list(call(*arguments, "--category", "all").json["categories"]) == ["Ant"]


def test_without_names_all_labels_are_objects(call, tmp_path):
    shapes = write_shapes(tmp_path / "data", ["a", "b"], ".txt")
    data = ("--data", "folder", "--root", shapes, "--task", "detect")
    result = call("train", *data, *SMALL, "-o", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    assert load(tmp_path / "run" / "net").label_names == ("head", "torso")


def test_refusals(call, shapes, psb, run, network, tmp_path, monkeypatch):
    monkeypatch.setattr("gaugenet.cli.shape_scores.shipped", lambda: ["psb-human"])
    folder = ("--data", "folder", "--root", shapes)
    benchmark = ("--data", "psb", "--root", psb, "--task", "detect", "--category")
    out = ("-o", tmp_path / "run")
    known = "their labels are head, torso: name some of them to --objects in training"
    other = write_shapes(tmp_path / "other", ["a", "b"])
    for path in other.glob("*_labels.txt"):
        path.write_text(path.read_text().replace("head", "top"))
    for arguments, message in {
        ("train", *folder, "--task", "detect", "--objects", "wing,head", *out): f"have no label 'wing'; {known}",
        ("train", *benchmark, "Ant", *out): f"have no label 'leg'; {known}",
        ("train", *folder, "--objects", "head", *out): "--objects goes with --task detect",
        ("train", *folder, "--task", "detect", "--objects", "head,head", *out): "expected different names such as",
        ("train", *folder, "--task", "detect", "--output", "face", *out): "--output face goes with --task segment",
        ("train", *benchmark[:-1], *out): "--data psb needs --category",
        ("evaluate", *benchmark, "all"): "no network for any category ships",
        ("evaluate", *folder, "--task", "detect", "--model", network): "--task detect needs a DetectionNet",
        ("evaluate", *folder, "--model", run / "net"): "--task segment needs a SegmentationNet",
        (
            *("evaluate", *folder, "--task", "detect", "--model", run / "net"),
            *("--confusion", tmp_path / "a.png"),
        ): "--confusion goes with",
        (
            *("evaluate", "--data", "folder", "--root", other, "--task", "detect", "--model", run / "net"),
            *("--split", "all"),
        ): "the data have no label 'head'; their labels are top, torso",
    }.items():
        result = call(*arguments)
        assert result.code == 2 and len(result.err.splitlines()) >= 1, arguments
        assert message in result.err, arguments
    assert not (tmp_path / "run").exists()


def test_labels_that_no_training_shape_has_are_refused(call, tmp_path):
    shapes = write_shapes(tmp_path / "data", ["a", "b"])
    path = shapes / "a_labels.txt"
    path.write_text(path.read_text().replace("head", "top"))
    data = ("--data", "folder", "--root", shapes, "--test", "a", "--task", "detect", "--objects", "top")
    result = call("train", *data, *SMALL, "-o", tmp_path / "run")
    assert result.code == 2 and "regions of the labels that are objects, got none" in result.messages("error")[0]


def test_shapes_without_labels_are_refused(call, tmp_path):
    shapes = write_shapes(tmp_path / "data", ["a", "b"])
    (shapes / "a_labels.txt").unlink()
    result = call("train", "--data", "folder", "--root", shapes, "--task", "detect", "-o", tmp_path / "run")
    assert result.code == 2 and "a.off: no labels; expected a_labels.txt" in result.messages("error")[0]
