"""The Princeton benchmark: its splits, names and files; transforms of a data set."""

import os
import zipfile

import numpy as np
import pytest
import torch
from torch_geometric.loader import DataLoader

from gaugenet.datasets.psb import PSB, psb_categories

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def fake_psb(folder):
    """A benchmark of tetrahedra of growing size, in the layout of the real one, with ids that do not sort as text."""
    for category, first in (("Human", 1), ("Ant", 81)):
        (folder / category).mkdir(parents=True)
        for number in range(first, first + 20):
            rows = "".join(f"{x} {y} {z}\r\n" for x, y, z in CORNERS * number)
            faces = "".join(f"3 {a} {b} {c}\r\n" for a, b, c in TETRAHEDRON)
            (folder / category / f"{number}.off").write_bytes(f"OFF\r\n4 4 6\r\n{rows}{faces}".encode())
            text = "torso\n1 2 4 \nhead\n3 \n" if number % 2 else "torso\n1 2 3 4 \n"
            (folder / category / f"{number}_labels.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def psb(tmp_path_factory):
    return fake_psb(tmp_path_factory.mktemp("psb") / "LabeledDB_new")


def test_psb_follows_its_protocol(psb):
    train, test = PSB(psb, "Human"), PSB(psb, "Human", "test")
    assert train.names == [str(i) for i in range(1, 13)] and test.names == [str(i) for i in range(13, 21)]
    assert len(train) == 12 and train.num_classes == 2 and train.label_names == ["head", "torso"]
    assert [data.pos.max().item() for data in test] == list(range(13, 21))
    assert train[0].face_label.tolist() == [1, 1, 0, 1] and train[1].face_label.tolist() == [1, 1, 1, 1]
    assert train[1].label_names == ["head", "torso"]
    kept = PSB(psb, "Human", "train", validation=3), PSB(psb, "Human", "validation", validation=3)
    assert [part.names for part in kept] == [[str(i) for i in range(1, 10)], ["10", "11", "12"]]
    assert psb_categories(psb) == ["Ant", "Human"]


def test_psb_is_found_in_a_folder_or_an_archive_and_nothing_is_written(psb, tmp_path):
    with zipfile.ZipFile(tmp_path / "LabeledDB_new.zip", "w") as archive:
        for path in sorted(psb.rglob("*.*")):
            archive.write(path, f"LabeledDB_new/{path.relative_to(psb)}")
    expected = PSB(psb, "Ant", "test")
    for root in (psb.parent, tmp_path, str(tmp_path / "LabeledDB_new.zip")):
        found = PSB(root, "Ant", "test")
        assert found.names == expected.names and torch.equal(found[3].pos, expected[3].pos)
        assert psb_categories(root) == ["Ant", "Human"]
    assert [path.name for path in tmp_path.iterdir()] == ["LabeledDB_new.zip"]


def test_psb_names_a_damaged_archive(psb, tmp_path):
    path = tmp_path / "LabeledDB_new.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(psb.rglob("*.*")):
            archive.write(file, f"LabeledDB_new/{file.relative_to(psb)}")
    content = path.read_bytes()
    name = b"LabeledDB_new/Ant/81_labels.txt"
    place = content.index(name) + len(name)
    path.write_bytes(content[:place] + b"?" + content[place + 1 :])
    with pytest.raises(ValueError, match=r"81_labels.txt is damaged .*; get the archive again"):
        PSB(path, "Ant")


def test_transforms_run_once_before_and_at_every_access(psb):
    calls = {"pre": 0, "at access": 0}

    def pre_transform(data):
        calls["pre"] += 1
        data.scale = torch.ones(1)
        return data

    def transform(data):
        calls["at access"] += 1
        data.scale = data.scale * 2
        return data

    data = PSB(psb, "Ant", transform=transform, pre_transform=pre_transform)
    assert calls["pre"] == 0
    for _ in range(2):
        batch = next(iter(DataLoader(data[2:6], batch_size=4)))
        assert batch.scale.tolist() == [2.0] * 4 and batch.label_names == [["head", "torso"]] * 4
    assert calls == {"pre": 4, "at access": 8}
    assert data[2:6].names == ["83", "84", "85", "86"]


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"category": "Dog"}, "category must be one of Ant, Human; got 'Dog'"),
        ({"split": "val"}, "split must be train, test or"),
        ({"split": "validation"}, "with validation > 0"),
        ({"validation": 12}, "0 to 11"),
    ],
)
def test_psb_refuses_what_it_has_not(psb, arguments, match):
    with pytest.raises(ValueError, match=match):
        PSB(psb, **{"category": "Human", **arguments})


def test_psb_says_where_to_get_it(tmp_path):
    for ask in (lambda: PSB(tmp_path, "Human"), lambda: psb_categories(tmp_path / "no")):
        with pytest.raises(FileNotFoundError, match=r"labeledDb.7z from https.* put its folder LabeledDB_new into"):
            ask()


def test_psb_names_broken_files(tmp_path):
    root = fake_psb(tmp_path / "LabeledDB_new")
    (root / "Human" / "4_labels.txt").write_text("torso\n1 2\n")
    with pytest.raises(ValueError, match=r"Human/4_labels.txt: 2 of 4 faces have no label"):
        PSB(root, "Human")
    (root / "Human" / "3.off").write_text("OFF\n4 4 6\n0 0 0\n")
    with pytest.raises(ValueError, match=r"Human/3.off: is truncated"):
        PSB(root, "Human")
    (root / "Human" / "9_labels.txt").unlink()
    with pytest.raises(ValueError, match="shapes without labels"):
        PSB(root, "Human")
    (root / "Human" / "3.off").unlink()
    with pytest.raises(ValueError, match="Human has 19 shapes, expected 20"):
        PSB(root, "Human")


@pytest.mark.skipif("GAUGENET_PSB" not in os.environ, reason="GAUGENET_PSB does not name the benchmark's folder")
def test_the_real_psb_is_complete():
    root = os.environ["GAUGENET_PSB"]
    for category in psb_categories(root):
        for split in ("train", "test"):
            for data in PSB(root, category, split):
                assert (data.face_label >= 0).all() and data.face_label.max() < len(data.label_names)
