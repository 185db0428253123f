"""The demo: in full only among the slow tests, as it takes minutes."""

import importlib.util
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

from gaugenet import load, read_mesh

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(monkeypatch):
    spec = importlib.util.spec_from_file_location("run_demo", ROOT / "scripts" / "run_demo.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    return script


def test_one_epoch_is_too_few(demo, tmp_path, capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(demo, "VARIANTS", 1)
    monkeypatch.setattr(demo, "segmentation_picture", lambda path, panels, names, **_: drawn.extend(panels))
    assert demo.main(["--epochs", "1", "-o", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert "mean" in output.out and output.err.endswith("error: expected at least 90%\n")
    assert sorted(path.stem for path in tmp_path.glob("*.ply")) == demo.TEST
    assert [panel.title.split(":")[0] for panel in drawn] == [name for name in demo.TEST for _ in range(2)]
    truth = read_mesh(ROOT / "meshes" / "creatures" / "biped_08.ply")
    assert read_mesh(tmp_path / "biped_08.ply").face_label.shape == (truth.face.size(1),)
    assert load(tmp_path / "net").label_names == ("arm", "foot", "hand", "head", "leg", "tail", "torso")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_succeeds(demo, tmp_path):
    assert demo.main(["-o", str(tmp_path)]) == 0
    assert imread(tmp_path / "prediction_and_truth.png").ndim == 3
