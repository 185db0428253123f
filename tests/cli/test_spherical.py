"""Images on the sphere from the command line."""

import os

import digits
import matplotlib.image
import pytest

SMALL = ("--bands", "6,3", "--rep", "4x0 + 2x1", "--epochs", 2)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return digits.write_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(root):
    return ("digits", "classify", "--root", root)


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
    held = call("evaluate", *data, *model, "--split", "validation", "--rotate-test", "yes", "--json").json
    # Weights on disk are rounded.
    assert held["images"] == 10 and held["accuracy"] == pytest.approx(result.json["validation_accuracy"], abs=0.11)
    other = call("train", *data, *SMALL, "--rotate-train", "yes", "--validation", 10, "-o", run, "--resume")
    assert other.code == 2 and "rotate_train" in other.messages("error")[0]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif("GAUGENET_MNIST" not in os.environ, reason="GAUGENET_MNIST does not name the folder of MNIST")
@pytest.mark.parametrize(("turned", "least"), [("no", 0.985), ("yes", 0.98)])
def test_the_network_that_ships_reads_the_test_images(call, turned, least):
    data = ("digits", "classify", "--root", os.environ["GAUGENET_MNIST"], "--rotate-test", turned)
    result = call("evaluate", *data, "--model", "spherical-mnist", "--json")
    assert result.code == 0, result.err
    assert result.json["images"] == 10_000 and result.json["accuracy"] >= least


SETTINGS = {  # what makes small networks of all families
    "harmonic": SMALL,
    "gauge": ("--family", "gauge", "--levels", "162,42", "--rep", "4x0 + 2x1", "--epochs", 1),
    "plain": ("--family", "plain", "--widths", "8,16", "--epochs", 1),
}


@pytest.mark.parametrize("family", list(SETTINGS))
def test_all_families_find_and_segment_in_scenes(call, root, tmp_path, family, monkeypatch):
    monkeypatch.setattr("gaugenet.train.recipes.images.SCENES", {"train": 6, "test": 4})
    for task in ("detect", "segment"):
        data = ("scenes", task, "--root", root)
        run = tmp_path / task
        trained = call("train", *data, *SETTINGS[family], "--validation", 3, "-o", run, "--json")
        assert trained.code == 0, trained.err
        scored = call("evaluate", *data, "--model", run / "net", "--rotate-test", "yes", "--json")
        assert scored.code == 0 and scored.json["images"] == 4
        if task == "segment":
            assert 0 <= scored.json["mean_iou"] <= 1
            continue
        assert {"ap50", "ap", "centre_error", "angle_error", "classes"} < scored.json.keys()
        assert 0 <= scored.json["ap"] <= scored.json["ap50"] <= 1
        text = call("evaluate", *data, "--model", run / "net").out.splitlines()
        assert text[-2].startswith("AP50 ") and text[-2].endswith("of 4 images of the test split")
        refused = call("evaluate", *data, "--model", run / "net", "--confusion", tmp_path / "a.png")
        assert refused.code == 2 and "unrecognized arguments: --confusion" in refused.messages("error")[0]


@pytest.mark.parametrize(
    ("family", "task"),
    [("gauge", "classify"), ("plain", "classify"), ("harmonic", "segment"), ("gauge", "segment"), ("plain", "segment")],
)
def test_all_families_classify_and_segment(call, root, tmp_path, family, task):
    arguments = ("digits", task, "--root", root)
    trained = call("train", *arguments, *SETTINGS[family], "-o", tmp_path / "run", "--json")
    assert trained.code == 0, trained.err
    model = ("--model", tmp_path / "run" / "net")
    scored = call("evaluate", *arguments, *model, "--rotate-test", "yes", "--json")
    assert scored.code == 0 and scored.json["images"] == 40 and 0 <= scored.json["accuracy"] <= 1
    assert ("mean_iou" in scored.json) == (task == "segment")
    if task == "segment":
        digits_of = [one["iou"] for name, one in scored.json["classes"].items() if name != "background"]
        assert scored.json["mean_iou"] == pytest.approx(sum(digits_of) / len(digits_of))
    checked = call("check", *model, "--json").json
    if family == "plain":
        assert checked["rotation_error"]["float64"] > 0.1
    else:
        assert checked["symmetry_error"]["float64"] < 1e-12
    assert (checked["gauge_error"] is None) == (family != "gauge")
    if family == "gauge":
        assert checked["gauge_error"]["float64"] < 1e-12
    other = {"classify": "segment", "segment": "classify"}[task]
    refused = call("evaluate", "digits", other, "--root", root, *model)
    assert refused.code == 2 and f"expected a network that {other[:7]}" in refused.messages("error")[0]


def test_refusals(call, root, data, tmp_path):
    run = ("-o", tmp_path / "run")
    for arguments, message in {
        ("train", "digits", "detect", "--root", root, *run): "invalid choice: 'detect' (choose from",
        ("train", *data, *run, "--layers", "conv"): "unrecognized arguments: --layers conv",
        ("train", *data, *run, "--family", "plain", "--rep", "8x0"): "unrecognized arguments: --rep 8x0",
        ("train", *data, *run, "--family", "plain", "--layers", "conv"): "unrecognized arguments: --layers conv",
        ("train", *data, *run, "--family", "plain", "--widths", "8,9"): "expects widths that are multiples of 8",
        ("train", *data, *run, "--family", "none"): "invalid choice: 'none'",
        ("train", "folder", "--root", tmp_path, *run, "--family", "gauge"): "unrecognized arguments: --family gauge",
        ("train", *data, *run, "--remesh"): "unrecognized arguments: --remesh",
        ("train", *data, *run, "--category", "Human"): "unrecognized arguments: --category Human",
        ("train", *data, *run, "--bands", "40"): "falling bands from 1 to 30",
        ("train", *data, *run, "--validation", 40): "validation must leave one of the 40 images",
        ("train", "digits", "--root", tmp_path, *run): "name the folder of the four files of MNIST",
        ("evaluate", *data): "required: --model",
        ("evaluate", *data, "--model", "psb-human", "--split", "validation"): "whose training held some back",
        ("evaluate", *data, "--model", "psb-human"): "expected a network that classifies on the sphere, got psb-human",
        ("evaluate", *data, "--model", "psb-human", "--perturb", "noise"): "unrecognized arguments: --perturb noise",
    }.items():
        result = call(*arguments)
        assert result.code == 2 and len(result.messages("error")) == 1, arguments
        assert message in result.messages("error")[0], arguments
    assert not (tmp_path / "run").exists()
