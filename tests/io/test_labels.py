"""Labels come back as they were written, in every layout; what does not fit its mesh is refused with both counts."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from gaugenet.io.label_file import read_labels, write_labels
from gaugenet.io.labels import LABEL_COLUMNS, Labels, corner_majority, unify_names
from gaugenet.io.ply import write_ply

V, F = 4, 6
NAMES = ["upper arm", "hand", "10", "9"]
LABEL = np.array([1, 0, 0, 3, 1, 2])


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return read_labels(path, V, F)


def words(labels):
    return [labels.names[k] if k >= 0 else None for k in labels.label.tolist()]


@pytest.mark.parametrize("suffix", ["_labels.txt", ".txt", ".npy"])
def test_names_round_trip(tmp_path, suffix):
    write_labels(tmp_path / f"a{suffix}", LABEL, NAMES)
    labels = read_labels(tmp_path / f"a{suffix}", V, F)
    assert labels.where == "face" and labels.label.dtype == np.int64
    assert words(labels) == [NAMES[k] for k in LABEL] and labels.names == sorted(NAMES)


@pytest.mark.parametrize("suffix", [".txt", ".npy", ".seg"])
@pytest.mark.parametrize("names", [None, ["7", "3", "11", "100"]])
def test_integers_round_trip_at_vertices_with_unlabelled_ones(tmp_path, suffix, names):
    label = np.array([2, -1, 0, 3])
    write_labels(tmp_path / f"a{suffix}", label, names)
    labels = read_labels(tmp_path / f"a{suffix}", V, F)
    assert labels.where == "vertex"
    assert words(labels) == (["2", None, "0", "3"] if names is None else ["11", None, "7", "100"])
    assert labels.names == sorted(labels.names, key=int)


def test_names_with_unlabelled_ones_round_trip(tmp_path):
    for suffix in (".txt", ".npy"):
        write_labels(tmp_path / f"a{suffix}", np.array([0, -1, 1, 0]), ["b", "a"])
        assert words(read_labels(tmp_path / f"a{suffix}", V, F)) == ["b", None, "a", "b"]


LAYOUTS = {
    "psb": ("1_labels.txt", b"head\n1 3 \nbody\n2 4 5 6 \n", "face", ["head", "body", "head", "body", "body", "body"]),
    "psb without its name": ("a.txt", b"head\n1 3\nbody\n2 4 5 6\n", "face", ["head", "body", "head"] + 3 * ["body"]),
    "psb, crlf": ("a_labels.txt", b"head\r\n1 2 3\r\nbody\r\n4 5 6\r\n", "face", 3 * ["head"] + 3 * ["body"]),
    "psb, numbered labels": ("a_labels.txt", b"1\n1 2 3\n2\n4 5 6\n", "face", 3 * ["1"] + 3 * ["2"]),
    "psb, label in two blocks": ("a_labels.txt", b"a\n1 2\nb\n3\na\n4 5 6", "face", ["a", "a", "b", "a", "a", "a"]),
    "names of faces": ("a.txt", b"a\nb\nb b\na\na\na\n", "face", ["a", "b", "b b", "a", "a", "a"]),
    "one a line, despite its name": ("a_labels.txt", b"2\n1\n1\n2\n", "vertex", ["2", "1", "1", "2"]),
    "names and numbers": ("a.txt", b"1\n1\nb\n2\n", "vertex", ["1", "1", "b", "2"]),
    "floats of savetxt": ("a.txt", b"1.0e+01\n9.0e+00\n1.0e+01\n-1.0\n", "vertex", ["10", "9", "10", None]),
    "seg": ("a.seg", b"0\n0\n5\n5\n5\n0\n\n", "face", ["0", "0", "5", "5", "5", "0"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    name, content, where, expected = LAYOUTS[layout]
    labels = read(tmp_path, name, content)
    assert labels.where == where and words(labels) == expected


def test_as_many_faces_as_vertices_means_faces(tmp_path):
    (tmp_path / "a.txt").write_text("0\n1\n2\n3\n")
    assert read_labels(tmp_path / "a.txt", 4, 4).where == "face"


@pytest.mark.parametrize("where", ["face", "vertex"])
def test_ply_properties(tmp_path, where):
    vertex = {axis: np.zeros(V) for axis in "xyz"}
    columns = {"vertex": vertex, "face": {}}
    columns[where]["Segment"] = np.arange(F if where == "face" else V, dtype=np.int32) // 2
    write_ply(tmp_path / "a.ply", vertex, np.zeros((F, 3), int), columns["face"])
    labels = read_labels(tmp_path / "a.ply", V, F)
    assert labels.where == where and labels.label.tolist() == [0, 0, 1, 1, 2, 2][: len(labels.label)]
    with pytest.raises(ValueError, match=f"labels, expected one a face.*{F + 1}.*{V + 1}"):
        read_labels(tmp_path / "a.ply", V + 1, F + 1)


def test_the_page_on_data_names_every_ply_property():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `hand.ply` itself"))
    assert re.findall(r"`(\w+)`", row) == list(LABEL_COLUMNS)


def test_names_of_several_labels_are_unified_by_number_or_alphabet():
    one, two = Labels("face", np.array([0, 1, -1]), ["2", "10"]), Labels("face", np.array([0]), ["9"])
    assert unify_names([one, two]) == ["2", "9", "10"]
    assert one.renamed(["2", "9", "10"]).label.tolist() == [0, 2, -1]
    assert unify_names([one, Labels("face", np.array([0]), ["hand"])]) == ["10", "2", "hand"]


REFUSED = {
    "a.txt": (b"0\n1\n2\n", r"3 labels, expected one a face \(6\) or one a vertex \(4\)"),
    "empty.txt": (b"\n", "is empty"),
    "hole.txt": (b"a\n\nc\nd\n", "line 2 is empty"),
    "half.txt": (b"0\n1.5\n2\n0\n", "not whole numbers"),
    "nan.seg": (b"0\nnan\n2\n0\n", "not whole numbers"),
    "a.csv": (b"0\n", "expected a label file"),
    "pickle.npy": (b"\x80\x04K\x01.", "not a .npy file"),
    "wide.txt": ("0\n1\n".encode("utf-16"), "not UTF-8 text"),
    "a.ply": (
        b"ply\nformat ascii 1.0\nelement vertex 1\n"
        b"property float x\nproperty float y\nproperty float z\nend_header\n0 0 0\n",
        "no property called label",
    ),
    "1_labels.txt": (b"a\n1 2 3\nb\n5 6 1\n", "1 of 6 faces have no label and 1 have several"),
    "2_labels.txt": (b"a\n1 2 3\nb\n4 5 6 7 8\n", r"2 face numbers of 'b' outside 1\.\.6 \(e.g. 7\)"),
    "3_labels.txt": (b"a\n0 1 2 3\nb\n4 5 6\n", r"1 face numbers of 'a' outside 1\.\.6 \(e.g. 0\)"),
    "4_labels.txt": (b"a\n1 2 3\nb\n4 5 six\n", "'4 5 six' after the name 'b', expected face numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_labels_that_do_not_fit_are_refused(tmp_path, name):
    content, match = REFUSED[name]
    with pytest.raises(ValueError, match=match) as error:
        read(tmp_path, name, content)
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


@pytest.mark.parametrize("array", [np.zeros((4, 2), int), np.array(3), np.zeros(4, complex)])
def test_arrays_that_are_no_labels_are_refused(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="has labels of"):
        read_labels(tmp_path / "a.npy", V, F)


def test_a_column_is_taken_for_a_row(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(4)[:, None])
    assert read_labels(tmp_path / "a.npy", V, F).label.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "name, label, names, match",
    [
        ("a.csv", [0], None, "written as .txt"),
        ("a.txt", [[0]], None, r"shape \(N,\)"),
        ("a.txt", [0.5], None, "integers"),
        ("a.txt", [0, 2], ["a", "b"], "up to 2, but there are only 2 names"),
        ("a_labels.txt", [0, -1], ["a"], "1 faces have no label"),
    ],
)
def test_writing_refuses_what_does_not_fit(tmp_path, name, label, names, match):
    with pytest.raises(ValueError, match=match):
        write_labels(tmp_path / name, np.array(label), names)
    assert not list(tmp_path.iterdir())


def test_a_face_has_the_label_of_most_corners():
    label, face = torch.tensor([2, 1, 1, -1, 5]), torch.tensor([[0, 0, 3, 4], [1, 3, 3, 0], [2, 3, 0, 1]])
    assert corner_majority(label, face).tolist() == [1, -1, -1, 1]
