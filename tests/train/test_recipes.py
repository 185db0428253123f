"""Training from Python: the same networks as from the command line, in a folder or in memory."""

import json

import digits
import pytest
import torch
from earth_file import write_earth
from labelled_shapes import write_shapes

from gaugenet import LabelledFolder, load
from gaugenet.cli import main
from gaugenet.datasets.earth import Earth
from gaugenet.datasets.spherical_mnist import SphericalMNIST
from gaugenet.detection import average_precision
from gaugenet.train import FitSettings, scoring
from gaugenet.train.recipes import RunFolder, earth, images, shapes

SMALL = {"levels": (48, 12), "rep": "2x0 + 1x1"}
SETTINGS = FitSettings(epochs=2, variants=2)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("shapes") / "data", [f"shape{k}" for k in range(1, 6)])


def state_of(net):
    return torch.cat([value.flatten().double() for value in net.state_dict().values()])


def command(folder, *words):
    assert main([*map(str, words), "-o", str(folder)]) == 0
    return json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_shapes(root, tmp_path, task):
    def job():
        train, validation = shapes.hold_back(LabelledFolder(root, "train"), 1)
        return getattr(shapes, task)(train, validation, settings=SETTINGS, **SMALL)

    word = {"segmentation": "segment", "detection": "detect"}[task]
    options = ("--epochs", 2, "--variants", 2, "--levels", "48,12", "--rep", "2x0 + 1x1", "--validation", 1)
    record = command(tmp_path / "a", "train", "folder", word, "--root", root, *options)
    mine, memory = job(), job()
    history = mine.run(tmp_path / "b")
    assert json.loads((tmp_path / "b" / "run.json").read_text()) == record
    assert (
        RunFolder(tmp_path / "b").network.with_suffix(".safetensors").read_bytes()
        == (tmp_path / "a" / "net.safetensors").read_bytes()
    )
    assert memory.fit() == history and torch.equal(state_of(memory.net), state_of(mine.net))
    with pytest.raises(ValueError, match="holds a run; go on with --resume"):
        job().run(tmp_path / "b")
    again = job()
    assert again.run(tmp_path / "b", resume=True) == history
    assert torch.equal(state_of(again.net), state_of(mine.net))


def test_digits(tmp_path):
    data = digits.write_digits(tmp_path)
    record = command(tmp_path / "a", "train", "digits", "--root", data, "--bands", "6,3", "--rep", "4x0", "--epochs", 1)
    family = images.harmonic(bands=(6, 3), rep="4x0")
    settings = FitSettings(**{**vars(images.DIGITS), "epochs": 1})
    job = images.digits(SphericalMNIST(data, "train"), family=family, settings=settings)
    job.run(tmp_path / "b")
    assert json.loads((tmp_path / "b" / "run.json").read_text()) == record
    assert (tmp_path / "b" / "net.safetensors").read_bytes() == (tmp_path / "a" / "net.safetensors").read_bytes()
    with pytest.raises(ValueError, match='expected the task "classify" or "segment", got "none"'):
        images.digits(SphericalMNIST(data, "train"), task="none", family=family, settings=settings)


def test_earth_needs_two_continents(tmp_path):
    with pytest.raises(ValueError, match="expected two different continents of Africa"):
        earth.segmentation(Earth(write_earth(tmp_path / "earth.npz")), "Asia", "Asia")


def test_scores_from_python(root, tmp_path):
    train = LabelledFolder(root, "train")
    for recipe, options in ((shapes.segmentation, {}), (shapes.detection, {"objects": ["head"]})):
        recipe(train, settings=SETTINGS, **SMALL, **options).run(tmp_path / recipe.__name__)
    test, net = LabelledFolder(root, "test"), load(tmp_path / "segmentation" / "net")
    scores = scoring.score_shapes(net, test)
    assert 0 <= scores.area_accuracy <= 1 and len(scores.accuracies) == len(test)
    assert scoring.score_shapes(net, test, perturb="noise").accuracies != scores.accuracies
    finder = load(tmp_path / "detection" / "net")
    scenes = scoring.find_parts(finder, test)
    assert [len(scene.true) for scene in scenes] == [1]
    found, expected = scoring.precision(finder, scenes), average_precision(scenes, 1, half_turns=(0,))
    assert torch.equal(found.ap, expected.ap)
    with pytest.raises(ValueError, match="expected a network that segments on meshes, got net, a DetectionNet"):
        scoring.check_task(finder, "segment", "net")
