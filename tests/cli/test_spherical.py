"""Images on the sphere from the command line."""

import digits
import matplotlib.image
import pytest

SMALL = ("--levels", "6,3", "--rep", "4x0 + 2x1", "--epochs", 2)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return digits.write_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(root):
    return ("--data", "spherical-mnist", "--root", root)


def test_train_and_evaluate(call, data, tmp_path):
    run = tmp_path / "run"
    rotations = ("--rotate-train", "no", "--rotate-test", "yes")
    result = call("train", *data, *SMALL, *rotations, "--validation", 10, "-o", run, "--json")
    assert result.code == 0 and result.json["epochs"] == 2 and 0 <= result.json["validation_accuracy"] <= 1
    again = call("train", *data, *SMALL, *rotations, "--validation", 10, "-o", run, "--resume", "--json")
    assert again.json == result.json
    picture = tmp_path / "confusion.png"
    model = ("--model", run / "net")
    upright = call("evaluate", *data, *model, "--json", "--confusion", picture)
    turned = call("evaluate", *data, *model, "--rotate-test", "yes", "--json")
    assert upright.json.keys() == {"accuracy", "classes", "images", "split", "rotate_test"}
    assert upright.json["images"] == 40 and upright.json["rotate_test"] == "no" and turned.json["rotate_test"] == "yes"
    assert matplotlib.image.imread(picture).std() > 0.05
    text = call("evaluate", *data, *model, "--rotate-test", "yes").out.splitlines()
    assert text[-1] == f"{100 * turned.json['accuracy']:.2f} % of 40 images of the test split, turned at random"
    other = call("train", *data, *SMALL, "--rotate-train", "yes", "--validation", 10, "-o", run, "--resume")
    assert other.code == 2 and "rotate_train" in other.messages("error")[0]


def test_refusals(call, data, tmp_path):
    run = ("-o", tmp_path / "run")
    for arguments, message in {
        ("train", *data, *run, "--task", "segment"): "--data spherical-mnist goes with --task classify",
        ("train", *data, *run, "--remesh"): "--remesh is about meshes",
        ("train", *data, *run, "--one-sided"): "--one-sided is about meshes",
        ("train", *data, *run, "--category", "Human"): "--category goes with --task segment",
        ("train", *data, *run, "--levels", "40"): "falling bands of at most 30",
        ("train", *data, *run, "--validation", 40): "validation must leave one of the 40 images",
        ("train", "--data", "spherical-mnist", "--root", tmp_path, *run): "name the folder of the four files of MNIST",
        ("train", "--data", "folder", "--root", tmp_path, *run, "--rotate-train", "yes"): "--rotate-train goes with",
        ("evaluate", *data): "evaluate needs --model",
        ("evaluate", *data, "--model", "psb-human"): "needs a SphericalClassificationNet, got psb-human, a Segment",
        ("evaluate", *data, "--model", "psb-human", "--perturb", "noise"): "--perturb and --split all are about meshes",
    }.items():
        result = call(*arguments)
        assert result.code == 2 and len(result.messages("error")) == 1, arguments
        assert message in result.messages("error")[0]
    assert not (tmp_path / "run").exists()
