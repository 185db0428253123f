"""Parts of shapes as objects, from the command line."""

import json
import shutil

import matplotlib.image
import pytest
from labelled_shapes import write_shapes

from gaugenet import load

SMALL = ("--epochs", 2, "--variants", 2, "--levels", "48,12", "--rep", "4x0 + 2x1 + 2x2", "--fields", "rays=0")


@pytest.fixture(scope="module")
def run(shapes, tmp_path_factory):
    from gaugenet.cli import main

    folder = tmp_path_factory.mktemp("parts") / "run"
    words = ["train", "folder", "detect", "--root", shapes, "--objects", "head", *SMALL]
    assert main([str(word) for word in [*words, "--validation", 1, "-o", folder]]) == 0
    return folder


def test_a_run_knows_its_objects(run):
    net = load(run / "net")
    assert net.label_names == ("head",) and net.code.half_turns == (0,) and 0.1 < net.code.unit < 0.5
    about = json.loads((run / "net.json").read_text())["about"]
    assert about["task"] == "detect" and about["validation"] == ["shape4"]


def test_evaluate_and_detect(call, shapes, run, tmp_path):
    data = ("evaluate", "folder", "detect", "--root", shapes, "--model", run / "net")
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


def test_all_categories(call, psb, run, tmp_path, monkeypatch):
    arguments = ("evaluate", "psb", "detect", "--root", psb, "--json")
    result = call(*arguments, "--category", "all", "--model", run / "net").json
    assert list(result) == ["ap50", "ap", "categories"] and list(result["categories"]) == ["Ant", "Human"]
    human = call(*arguments, "--category", "Human", "--model", run / "net").json
    assert result["categories"]["Human"] == human
    assert result["ap"] == pytest.approx(sum(one["ap"] for one in result["categories"].values()) / 2)
    for suffix in (".json", ".safetensors"):
        shutil.copy(run / f"net{suffix}", tmp_path / f"psb-ant-parts{suffix}")
    (tmp_path / "psb-human.json").write_text("{}")
    monkeypatch.setattr("gaugenet.models.location.WEIGHTS", tmp_path)
    assert list(call(*arguments, "--category", "all").json["categories"]) == ["Ant"]


def test_without_names_all_labels_are_objects(call, tmp_path):
    shapes = write_shapes(tmp_path / "data", ["a", "b"], ".txt")
    data = ("folder", "detect", "--root", shapes)
    result = call("train", *data, *SMALL, "-o", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    assert load(tmp_path / "run" / "net").label_names == ("head", "torso")


def test_refusals(call, shapes, psb, run, network, tmp_path, monkeypatch):
    monkeypatch.setattr("gaugenet.cli.evaluate.shipped", lambda: ["psb-human"])
    folder = ("folder", "detect", "--root", shapes)
    benchmark = ("psb", "detect", "--root", psb, "--category")
    out = ("-o", tmp_path / "run")
    known = "their labels are head, torso: name some of them as objects (--objects) in training"
    other = write_shapes(tmp_path / "other", ["a", "b"])
    for path in other.glob("*_labels.txt"):
        path.write_text(path.read_text().replace("head", "top"))
    for arguments, message in {
        ("train", *folder, "--objects", "wing,head", *out): f"have no label 'wing'; {known}",
        ("train", *benchmark, "Ant", *out): f"have no label 'leg'; {known}",
        (
            "train",
            "folder",
            "segment",
            *folder[2:],
            "--objects",
            "head",
            *out,
        ): "unrecognized arguments: --objects head",
        ("train", *folder, "--objects", "head,head", *out): "expected different names such as",
        ("train", *benchmark[:-1], *out): "required: --category",
        ("evaluate", *benchmark, "all"): "no network for any category ships",
        ("evaluate", *folder, "--model", network): "expected a network that finds objects on meshes",
        ("evaluate", "folder", *folder[2:], "--model", run / "net"): "expected a network that segments on meshes",
        (
            *("evaluate", *folder, "--model", run / "net"),
            *("--confusion", tmp_path / "a.png"),
        ): "unrecognized arguments: --confusion",
        (
            *("evaluate", "folder", "detect", "--root", other, "--model", run / "net"),
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
    data = ("folder", "detect", "--root", shapes, "--test", "a", "--objects", "top")
    result = call("train", *data, *SMALL, "-o", tmp_path / "run")
    assert result.code == 2 and "regions of the labels that are objects, got none" in result.messages("error")[0]


def test_shapes_without_labels_are_refused(call, tmp_path):
    shapes = write_shapes(tmp_path / "data", ["a", "b"])
    (shapes / "a_labels.txt").unlink()
    result = call("train", "folder", "detect", "--root", shapes, "-o", tmp_path / "run")
    assert result.code == 2 and "a.off: no labels; expected a_labels.txt" in result.messages("error")[0]
