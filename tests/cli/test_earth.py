"""Climate on Earth from the command line, and the script that goes through the continents."""

import json
import runpy
from pathlib import Path

import matplotlib.image
import pytest
from earth_file import write_earth

SETTINGS = {
    "harmonic": ("--bands", "6,3", "--rep", "4x0 + 2x1", "--epochs", 1),
    "gauge": ("--family", "gauge", "--levels", "162,42", "--rep", "4x0 + 2x1", "--epochs", 1),
}
LIMIT = {"harmonic": {"band_limit": 10, "inputs": "4x0"}, "gauge": {"inputs": "4x0", "neighbours": 12, "blocks": 1}}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("gaugenet.train.recipes.earth.USUAL", LIMIT)
    monkeypatch.setattr("gaugenet.train.recipes.earth.COPIES", {"train": 3, "turned": 2})


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_earth(tmp_path_factory.mktemp("earth") / "earth.npz")


@pytest.fixture(scope="module")
def data(file):
    return ("earth", "--root", file)


@pytest.mark.parametrize("family", ["harmonic", "gauge"])
def test_train_and_evaluate(call, data, tmp_path, family):
    run, out = tmp_path / "run", ("--hold-out", "South America")
    words = ("train", *data, *out, "--validation-continent", "Africa", *SETTINGS[family], "-o", run, "--json")
    trained = call(*words)
    assert trained.code == 0, trained.err
    assert trained.json["epochs"] == 1 and 0 <= trained.json["validation_accuracy"] <= 1
    assert call(*words, "--resume").json == trained.json
    model = ("--model", run / "net")
    map_, confusion = tmp_path / "map.png", tmp_path / "confusion.png"
    scored = call("evaluate", *data, *out, *model, "--json", "--picture", map_, "--confusion", confusion)
    assert scored.code == 0, scored.err
    assert scored.json.keys() == {"area_accuracy", "mean_iou", "classes", "hold_out", "rotate_test"}
    assert 0 <= scored.json["mean_iou"] <= scored.json["area_accuracy"] <= 1
    ious = [one["iou"] for one in scored.json["classes"].values()]
    assert scored.json["mean_iou"] == pytest.approx(sum(ious) / len(ious))
    assert all(matplotlib.image.imread(picture).std() > 0.05 for picture in (map_, confusion))
    turned = call("evaluate", *data, *out, *model, "--rotate-test", "yes")
    assert turned.out.splitlines()[-1] == "land of South America, 2 times turned at random"
    validation = call("evaluate", *data, "--hold-out", "Africa", *model, "--json").json
    assert validation["area_accuracy"] == pytest.approx(trained.json["validation_accuracy"])
    known = call("evaluate", *data, "--hold-out", "Asia", *model)
    assert known.code == 2 and "--hold-out can be South America or Africa" in known.messages("error")[0]
    assert call("check", *model, "--json").json["symmetry_error"]["float64"] < 1e-12


def test_refusals(call, data, tmp_path):
    run, out = ("-o", tmp_path / "run"), ("--hold-out", "Asia")
    for arguments, message in {
        ("train", *data, *run): "required: --hold-out",
        ("train", *data, *run, "--hold-out", "Atlantis"): "Antarctica",
        ("train", *data, *run, *out, "--validation-continent", "Asia"): "another one than --hold-out, got Asia",
        ("train", *data, *run, *out, "--validation", 3): "--validation 3; see gaugenet train earth segment --help",
        ("train", "earth", "classify", *data[1:], *run, *out): "invalid choice: 'classify' (choose from",
        ("train", *data, *run, *out, "--remesh"): "unrecognized arguments: --remesh",
        ("train", *data, *run, *out, "--layers", "conv"): "unrecognized arguments: --layers conv",
        ("train", "folder", "--root", tmp_path, *run, *out): "unrecognized arguments: --hold-out Asia",
        ("train", "earth", "--root", tmp_path / "a.npz", *run, *out): "expected the .npz of Earth",
        ("evaluate", *data, *out): "required: --model",
        ("evaluate", *data, *out, "--model", "psb-human"): "expected a network that segments on the sphere, got psb-hu",
        ("evaluate", *data, *out, "--model", "psb-human", "--split", "all"): "unrecognized arguments: --split all",
        ("evaluate", *data, *out, "--model", "psb-human", "--picture", "a.jpg"): "to end in .png, got a.jpg",
    }.items():
        result = call(*arguments)
        assert result.code == 2 and len(result.messages("error")) == 1, arguments
        assert message in result.messages("error")[0], arguments
    assert not (tmp_path / "run").exists()


def test_the_table_and_the_map(file, tmp_path, capsys):
    main = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "earth.py"))["main"]
    picture = tmp_path / "map.png"
    words = ["--data", str(file), "-o", str(tmp_path), "--continents", "Asia", "Africa", "--picture", str(picture)]
    assert main([*words, *map(str, SETTINGS["harmonic"])]) == 0
    rows = json.loads((tmp_path / "earth.json").read_text())
    assert rows.keys() == {"Asia", "Africa", "all land"}
    # Here latitude tells the group.
    assert all(row["latitude, elevation"]["area_accuracy"] > 0.7 for row in rows.values())
    assert all(row["network"]["area_accuracy"] <= 1 for row in rows.values())
    assert capsys.readouterr().out.count("Africa") >= 1
    assert matplotlib.image.imread(picture).std() > 0.05
    assert main([*words, *map(str, SETTINGS["harmonic"])]) == 0  # goes on with the runs that are there
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path / "none.npz"), "-o", str(tmp_path)])
    assert "expected the .npz of Earth" in capsys.readouterr().err
