"""Training from the command line: what it writes, and that a killed run ends with the same numbers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from labelled_shapes import write_shapes
from matplotlib.image import imread

from gaugenet import load, read_mesh, write_mesh
from gaugenet.io.label_file import write_labels
from gaugenet.train import FitSettings

ROOT = Path(__file__).parents[2]
MESHES = ROOT / "meshes"
EPOCHS = 12
SMALL = ["--epochs", EPOCHS, "--variants", 2, "--levels", "48,12", "--rep", "2x0 + 1x1"]


def arguments(shapes, output, *more):
    return ["train", "folder", "segment", "--root", shapes, "-o", output, *more]


@pytest.fixture(scope="module")
def straight(shapes, tmp_path_factory):
    """A run that nothing interrupts."""
    from gaugenet.cli import main

    folder = tmp_path_factory.mktemp("run")
    assert main([str(word) for word in arguments(shapes, folder, *SMALL, "--validation", 1)]) == 0
    return folder


def test_a_run_leaves_network_history_and_curves(straight):
    expected = {"net.safetensors", "net.json", "history.json", "curves.png", "checkpoint.pt", "run.json", "bundles"}
    assert {path.name for path in straight.iterdir()} == expected
    history = json.loads((straight / "history.json").read_text())
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))
    assert {"loss", "accuracy", "validation_accuracy"} <= set(history[-1])
    assert imread(straight / "curves.png").ndim == 3
    net = load(straight / "net")
    assert net.label_names == ("head", "torso") and net.config["levels"] == [48, 12] and net.output == "face"
    about = json.loads((straight / "net.json").read_text())["about"]
    assert about["train"] == ["shape1", "shape2", "shape5"] and about["validation"] == ["shape4"]
    assert about["settings"]["epochs"] == EPOCHS
    assert str(straight) not in (straight / "net.json").read_text()


def test_a_killed_run_resumes_to_the_same_numbers(call, shapes, straight, tmp_path):
    words = [str(word) for word in arguments(shapes, tmp_path / "run", *SMALL, "--validation", 1)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if torch.get_num_threads() == 1:
        environment["OMP_NUM_THREADS"] = "1"
    process = subprocess.Popen([sys.executable, "-m", "gaugenet", *words], env=environment, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    deadline = time.monotonic() + 200
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert 1 <= len(torch.load(checkpoint, weights_only=True)["history"]) < EPOCHS

    refused = call(*words)
    assert refused.code == 2 and "holds a run; go on with --resume" in refused.err
    result = call(*words, "--resume", "--json")
    assert result.code == 0 and result.json["epochs"] == EPOCHS
    for name in ("history.json", "net.json", "net.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (straight / name).read_bytes()
    one, two = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (straight, tmp_path / "run"))
    assert all(torch.equal(one["net"][key], two["net"][key]) for key in one["net"])


def test_a_run_is_resumed_with_its_own_arguments_only(call, shapes, straight, tmp_path):
    def refusal(*more):
        result = call(*arguments(shapes, straight, *more, "--resume"))
        assert result.code == 2 and len(result.err.splitlines()) == 1
        return result.err

    assert "another train (['shape1', 'shape2', 'shape5'], now ['shape1', 'shape2', 'shape4', " in refusal(*SMALL)
    assert "another epochs (12, now 13)" in refusal(*SMALL, "--validation", 1, "--epochs", 13)
    assert "another seed (0, now 1)" in refusal(*SMALL, "--validation", 1, "--seed", 1)
    assert "another rep (2x0 + 1x1, now 4x0)" in refusal(*SMALL, "--validation", 1, "--rep", "4x0")
    assert "another wks (16, now 0)" in refusal(*SMALL, "--validation", 1, "--fields", "wks=0")


def test_records_that_know_no_settings_leave_them_to_the_checkpoint(call, shapes, straight, tmp_path):
    shutil.copytree(straight, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({key: record[key] for key in ("data", "task", "train")}))
    result = call(*arguments(shapes, tmp_path / "run", *SMALL, "--validation", 1, "--epochs", 13, "--resume"))
    assert result.code == 2 and "epochs=12, now 13" in result.err


def test_seed_decides_and_a_run_killed_before_its_first_epoch_starts_again(call, shapes, straight, tmp_path):
    result = call(*arguments(shapes, tmp_path, *SMALL, "--validation", 1, "--seed", 1))
    assert result.code == 0 and "network: " in result.out and result.err == ""
    assert (tmp_path / "history.json").read_text() != (straight / "history.json").read_text()
    (tmp_path / "checkpoint.pt").unlink()
    first = (tmp_path / "history.json").read_text()
    other = call(*arguments(shapes, tmp_path, *SMALL, "--validation", 1, "--seed", 2, "--resume"))
    assert other.code == 2 and "another seed (1, now 2)" in other.err
    notice = f"{tmp_path}: the run here ended before its first epoch did, so it starts from the beginning"
    for missing in (("checkpoint.pt",), ("checkpoint.pt", "run.json")):  # while it trained, and while geometry was made
        for name in missing:
            (tmp_path / name).unlink(missing_ok=True)
        again = call(*arguments(shapes, tmp_path, *SMALL, "--validation", 1, "--seed", 1, "--resume"))
        assert again.code == 0 and again.messages("warning") == [notice]
        assert (tmp_path / "history.json").read_text() == first
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    damaged = call(*arguments(shapes, tmp_path, *SMALL, "--validation", 1, "--seed", 1, "--resume"))
    assert damaged.code == 2 and "damaged checkpoint" in damaged.messages("error")[0]


def test_labels_of_vertices_and_workers(call, tmp_path):
    write_shapes(tmp_path / "data", ["a", "b"], ".txt")
    result = call(*arguments(tmp_path / "data", tmp_path / "run", *SMALL[2:], "--epochs", 1, "--workers", 2, "--test"))
    assert result.code == 0 and load(tmp_path / "run" / "net").output == "vertex"
    assert json.loads((tmp_path / "run" / "run.json").read_text())["train"] == ["a", "b"]
    face = call(*arguments(tmp_path / "data", tmp_path / "other", *SMALL, "--output", "face", "--test"))
    assert face.code == 2 and "(--output face) needs labels of faces; the data label vertices" in face.err


def test_psb_names_the_category(call, psb, tmp_path):
    data = ["psb", "segment", "--root", psb, "--category", "Ant"]
    options = ["--epochs", 1, "--variants", 1, *SMALL[4:], "--validation", 9]
    assert call("train", *data, *options, "-o", tmp_path).code == 0
    about = json.loads((tmp_path / "net.json").read_text())["about"]
    assert about["category"] == "Ant" and about["train"] == ["81", "82", "83"] and len(about["validation"]) == 9


def test_a_shape_that_warns_or_fails_is_named(call, tmp_path):
    for source, name in (("broken/flipped_faces.ply", "flipped"), ("known/klein.off", "one_sided")):
        mesh = read_mesh(MESHES / source)
        write_mesh(tmp_path / f"{name}.ply", mesh.pos.numpy(), mesh.face.numpy().T)
        write_labels(tmp_path / f"{name}_labels.txt", np.zeros(mesh.face.size(1), dtype=np.int64), ["all"])
    result = call(*arguments(tmp_path, tmp_path / "run", *SMALL, "--test"))
    assert result.code == 2 and result.messages("error")[0].startswith("one_sided: mesh is not orientable")
    assert result.messages("warning")[0].startswith("flipped: mesh cleaned: 6 faces re-oriented")


def test_what_fails_before_the_first_epoch_leaves_no_run(call, shapes, tmp_path):
    shutil.copytree(shapes, tmp_path / "data")
    path = tmp_path / "data" / "shape1.off"
    header, counts, _, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, counts, "nan 0 0", *lines]))
    result = call(*arguments(tmp_path / "data", tmp_path / "run", *SMALL, "--test"))
    assert result.code == 2 and result.messages("error")[0].startswith("shape1: mesh has 1 vertex with NaN")
    assert not (tmp_path / "run").exists()


def test_an_interrupted_run_says_how_to_go_on(call, shapes, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gaugenet.train.fit.shape_loss", interrupt)
    result = call(*arguments(shapes, tmp_path, *SMALL))
    assert result.code == 130
    assert result.messages("error") == ["interrupted after epoch 0; the same command with --resume goes on"]


def test_layers_by_name_and_geometry_that_runs_share(call, shapes, tmp_path):
    settings = [
        "--epochs",
        1,
        "--variants",
        1,
        "--levels",
        "48,12",
        "--rep",
        "4x0 + 2x1",
        "--cache",
        tmp_path / "cache",
    ]
    for name in ("one", "two"):
        words = arguments(shapes, tmp_path / name, *settings, "--layers", "differential + diffusion")
        assert call(*words).code == 0
    assert load(tmp_path / "two" / "net").config["layers"] == "differential + diffusion"
    assert len(list((tmp_path / "cache").iterdir())) == 4 and not (tmp_path / "one" / "bundles").exists()
    (tmp_path / "file").write_text("")
    result = call(*arguments(shapes, tmp_path / "four", *settings[:-2], "--cache", tmp_path / "file"))
    assert result.code == 2 and "file: is a file, expected a folder to write to" in result.messages("error")[0]
    result = call(*arguments(shapes, tmp_path / "three", *settings, "--layers", "convolution"))
    assert result.code == 2 and "layers must be different ones of conv, attention" in result.messages("error")[0]


def test_fields_and_copies_are_those_that_were_asked_for(call, shapes, tmp_path):
    settings = ["--epochs", 1, "--variants", 2, "--levels", "48,12", "--rep", "2x0 + 1x1", "--remesh"]
    words = arguments(shapes, tmp_path / "run", *settings, "--fields", "wks=0,rays=0, hks=3,coordinates=1")
    assert call(*words).code == 0
    content = json.loads((tmp_path / "run" / "net.json").read_text())
    expected = {"wks": 0, "rays": False, "hks": 3, "coordinates": True, "distances": True, "eigenfunctions": 96}
    assert content["config"]["fields"].items() >= expected.items()
    assert content["about"]["settings"]["remesh"] is True
    for wrong in ("rays", "rays=2", "colour=1", "wks=-1", ""):
        result = call(*words[:-1], wrong)
        assert result.code == 2
        text = " ".join(result.err.split())
        assert "expected settings of input fields, as of hks=16," in text and f"got '{wrong}'" in text


def test_defaults_are_those_of_the_library(call):
    text = " ".join(call("train", "folder", "segment", "--help").out.split())
    for name in ("epochs", "variants", "seed"):
        assert f"(default: {getattr(FitSettings(), name)})" in text


@pytest.mark.parametrize(
    ("rep", "options"),
    [("O2: 2x0e + 1x0o + 1x1", ["--one-sided"]), ("C4: 2xregular", ["--field", "curvature"]), ("D3: 2x0e + 1x1", [])],
)
def test_every_group_from_training_to_checking(call, shapes, tmp_path, rep, options):
    settings = ["--epochs", 1, "--variants", 1, "--levels", "48,12", "--rep", rep, *options]
    assert call(*arguments(shapes, tmp_path / "run", *settings)).code == 0
    assert str(load(tmp_path / "run" / "net").rep_in.group) == rep.partition(":")[0]
    result = call("check", "--model", tmp_path / "run" / "net", shapes / "shape3.off", "--json")
    assert result.json["gauge_error"]["float64"] <= 1e-12
    klein = [MESHES / "known" / "klein.off", "--model", tmp_path / "run" / "net", "-o", tmp_path / "out"]
    assert call("segment", *klein).code == (0 if "--one-sided" in options else 2)
