"""Whole shapes told apart from the command line."""

import numpy as np
import pytest
import surfaces
import torch
import trimesh

from gaugenet import ClassificationNet, load, save
from gaugenet.datasets.folder import ClassFolder
from gaugenet.datasets.psb import PSBShapes

SMALL = ["--variants", "2"]
CONV = ["--layers", "conv", "--levels", "48,12", "--rep", "8x0 + 4x1"]


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Six long and six flat ellipsoids of different proportions, a folder each."""
    root = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(0)
    for name, scale in (("flat", 0.3), ("long", 3.0)):
        (root / name).mkdir()
        for number in range(6):
            mesh = trimesh.creation.icosphere(2)
            mesh.vertices *= np.array([1, 1, scale]) * rng.uniform(0.8, 1.25, 3)
            mesh.export(root / name / f"{number}.off")
    return root


@pytest.mark.parametrize("layers", [[], CONV], ids=["none", "conv"])
def test_it_learns_to_tell_them_apart(call, classes, tmp_path, layers):
    data = ["folder", "classify", "--root", classes]
    trained = call("train", *data, "-o", tmp_path / "run", *SMALL, *layers, "--epochs", 30, "--validation", 1, "--json")
    assert trained.code == 0
    assert trained.json["validation_accuracy"] == 1.0
    held = call("evaluate", *data, "--model", tmp_path / "run" / "net", "--split", "validation", "--json").json
    assert held["accuracy"] == 1.0 and held["split"] == "validation"
    scored = call("evaluate", *data, "--model", tmp_path / "run" / "net", "--confusion", tmp_path / "c.png", "--json")
    assert scored.json["accuracy"] == 1.0 and scored.json["wrong"] == []
    assert set(scored.json["classes"]) == {"flat", "long"} and (tmp_path / "c.png").is_file()
    text = call("evaluate", *data, "--model", tmp_path / "run" / "net", "--perturb", "noise").out
    assert "% of 2 shapes of the test split (perturbed: noise); wrong: " in text


def test_splits_of_a_folder(classes):
    parts = {split: ClassFolder(classes, split, validation=1).names for split in ("train", "validation", "test", "all")}
    assert [len(names) for names in parts.values()] == [8, 2, 2, 12]
    assert sorted(parts["train"] + parts["validation"] + parts["test"]) == sorted(parts["all"])
    data = ClassFolder(classes, "all")
    assert [int(shape.y) for shape in data] == 6 * [0] + 6 * [1] and data.label_names == ["flat", "long"]


@pytest.mark.parametrize("split", ["train", "all"])
@pytest.mark.parametrize("validation", [-2, 5, 7])
def test_numbers_held_back_are_checked_whatever_the_split(classes, split, validation):
    complaint = f"flat: 6 shapes cannot be split into 5 for training, {validation} of them held back"
    with pytest.raises(ValueError, match=complaint):
        ClassFolder(classes, split, validation=validation)


def test_splits_of_the_benchmark(psb):
    """Drawn by the seed, disjoint, and bare of the labels of faces."""
    parts = [PSBShapes(psb, split, train=7, validation=2).names for split in ("train", "validation", "test")]
    assert [len(names) for names in parts] == [10, 4, 26]
    assert len({name for names in parts for name in names}) == 40 and parts[0][0].startswith("Ant/")
    assert PSBShapes(psb, "test", train=7, seed=1).names != parts[2]
    shape = PSBShapes(psb, "test")[0]
    assert shape.y.tolist() == [0] and "face_label" not in shape


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--category", "Human"], "unrecognized arguments: --category Human"),
        (["--test", "a"], "unrecognized arguments: --test a"),
        (["--split-seed", "1"], "unrecognized arguments: --split-seed 1"),
        (["--levels", "48"], "levels (--levels) needs layers (--layers), and classification has none"),
        (["--rep", "8x0 + 4x1"], "rep (--rep) needs layers (--layers), and classification has none by default"),
        (["--one-sided"], 'oriented=False) needs a group with reflections, got SO2: use "O2"'),
        (["--layers", "polynomial"], "described by norms, which are no polynomials"),
        (["--output", "face"], "unrecognized arguments: --output face"),
        (["--validation", "5"], "flat: 6 shapes cannot be split into 5 for training, 5 of them held back"),
    ],
)
def test_arguments_that_do_not_go_together(call, classes, tmp_path, words, complaint):
    result = call("train", "folder", "classify", "--root", classes, "-o", tmp_path, *SMALL, *words)
    assert result.code == 2
    assert complaint in result.messages("error")[0]


def test_what_is_no_set_of_classes_is_refused(call, shapes, classes, network, tmp_path):
    evaluate = ["evaluate", "folder", "classify", "--root", classes, "--model", network]
    assert "expected a network that classifies on meshes" in call(*evaluate).messages("error")[0]
    assert "unrecognized arguments: --picture p.png" in call(*evaluate, "--picture", "p.png").messages("error")[0]
    with pytest.raises(ValueError, match="two classes or more, got 0"):
        ClassFolder(shapes)
    with pytest.raises(FileNotFoundError, match="no such folder; expected one with a folder of meshes"):
        ClassFolder(tmp_path / "none")
    with pytest.raises(ValueError, match="split must be train, validation, test, all; got 'dev'"):
        ClassFolder(classes, "dev")


def test_folders_without_enough_meshes_are_refused(classes, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "0.off").write_bytes((classes / "flat" / "0.off").read_bytes())
    with pytest.raises(ValueError, match="holds no mesh"):
        ClassFolder(tmp_path)
    (tmp_path / "a" / "0.off").write_bytes((classes / "long" / "0.off").read_bytes())
    with pytest.raises(ValueError, match="a: 1 shapes cannot be split into 0 for training"):
        ClassFolder(tmp_path)
    assert ClassFolder(tmp_path, "all").names == ["a/0", "b/0"]
    with pytest.raises(ValueError, match=r"test_fraction must be between 0 and 1, got 1.5"):
        ClassFolder(classes, test_fraction=1.5)


def test_a_class_with_too_few_shapes_is_refused(psb):
    with pytest.raises(ValueError, match="Ant: 20 shapes cannot be split into 20 for training, 0 of them held back"):
        PSBShapes(psb, train=20)


def test_without_layers_a_representation_says_the_group(call, classes, tmp_path):
    words = ["folder", "classify", "--root", classes, "-o", tmp_path, *SMALL, "--epochs", 1]
    assert call("train", *words, "--rep", "O2: 1x0e", "--one-sided").code == 0
    net = load(tmp_path / "net")
    assert str(net.rep_in.group) == "O2" and not net.field_transform.oriented


def test_another_draw_is_not_scored_unawares(call, psb, tmp_path):
    """The split of the benchmark is drawn at evaluation: the same options, or the network has seen the shapes."""
    names = PSBShapes(psb, "train", train=7, seed=1).names
    torch.manual_seed(0)
    about = {"data": "psb", "task": "classify", "train": names, "validation": []}
    save(ClassificationNet(["Ant", "Human"], fields=surfaces.NEAR), tmp_path / "net", about)
    words = ["evaluate", "psb", "classify", "--root", psb, "--model", tmp_path / "net"]
    result = call(*words, "--train-shapes", 7)
    assert result.code == 2 and "have names that the network was trained on" in result.err
    assert call(*words, "--split-seed", 1, "--train-shapes", 7).code == 0
