"""Folders of labelled meshes: layouts of labels, splits, refusals."""

import numpy as np
import pytest
import trimesh

from gaugenet.datasets.folder import LabelledFolder
from gaugenet.io.label_file import write_labels
from gaugenet.io.mesh_file import write_mesh

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def folder_of(tmp_path, **layouts):
    for name, (suffix, label) in layouts.items():
        write_mesh(tmp_path / f"{name}.ply", CORNERS, TETRAHEDRON)
        write_labels(tmp_path / f"{name}{suffix}", np.array(label), ["arm", "leg", "head"])
    return tmp_path


def test_a_folder_unifies_its_labels_whatever_their_layout(tmp_path):
    folder_of(tmp_path, m1=("_labels.txt", [0, 0, 1, 1]), m2=(".txt", [1, -1, 1, 1]), m10=(".npy", [2, 2, 2, 0]))
    (tmp_path / "README.md").write_text("not a mesh")
    data = LabelledFolder(tmp_path, "all")
    assert data.names == ["m1", "m2", "m10"] and data.label_names == ["arm", "head", "leg"] and data.where == "face"
    assert [d.face_label.tolist() for d in data] == [[0, 0, 2, 2], [2, -1, 2, 2], [1, 1, 1, 0]]
    assert all(d.label_names == data.label_names for d in data)


def test_numbered_labels_and_labels_inside_a_ply(tmp_path):
    write_mesh(tmp_path / "a.ply", CORNERS, TETRAHEDRON, face_label=np.array([10, 9, 9, 10]))
    write_mesh(tmp_path / "b.ply", CORNERS, TETRAHEDRON, face_label=np.array([0, 0, 0, 0]))
    (tmp_path / "b.seg").write_text("2\n2\n2\n2\n")
    data = LabelledFolder(tmp_path, "all")
    assert data.label_names == ["2", "9", "10"]
    assert [d.face_label.tolist() for d in data] == [[2, 1, 1, 2], [0, 0, 0, 0]]


def test_labels_of_vertices(tmp_path):
    mesh = trimesh.creation.icosphere(1)
    for name in "ab":
        mesh.export(tmp_path / f"{name}.off")
        np.save(tmp_path / f"{name}.npy", np.arange(len(mesh.vertices)) % 3)
    data = LabelledFolder(tmp_path, test=["b"])
    assert data.where == "vertex" and data.names == ["a"] and "face_label" not in data[0]
    assert data[0].vertex_label.tolist() == [k % 3 for k in range(len(mesh.vertices))]
    (tmp_path / "b.npy").unlink()
    (tmp_path / "b.txt").write_text("0\n" * len(mesh.faces))
    with pytest.raises(ValueError, match=r"a.off has vertex labels, .*b.off has face labels"):
        LabelledFolder(tmp_path)


def test_the_split_is_spread_over_the_sorted_names(tmp_path):
    folder_of(tmp_path, **{f"{kind}{k}": (".txt", [0, 1, 1, 1]) for kind in ("cat", "dog") for k in range(1, 11)})
    test, train = LabelledFolder(tmp_path, "test"), LabelledFolder(tmp_path)
    assert len(test) == 4 and len(train) == 16 and not set(test.names) & set(train.names)
    assert sum(name.startswith("cat") for name in test.names) == 2
    assert LabelledFolder(tmp_path, "test", test_fraction=0.01).names == ["dog1"]
    assert len(LabelledFolder(tmp_path, "test", test_fraction=0.99)) == 20
    assert LabelledFolder(tmp_path, "test", test=["dog3", "cat1"]).names == ["cat1", "dog3"]


def test_a_folder_names_each_problem_with_its_file(tmp_path):
    def refuses(match, **arguments):
        with pytest.raises(ValueError, match=match) as caught:
            LabelledFolder(tmp_path, **arguments)
        assert "\n" not in str(caught.value)

    with pytest.raises(FileNotFoundError, match="no such folder"):
        LabelledFolder(tmp_path / "no")
    refuses("holds no mesh")
    folder_of(tmp_path, a=(".txt", [0, 1, 1, 1]))
    refuses("split must be", split="val")
    refuses("'train' is empty: the folder has 1 meshes")
    refuses("between 0 and 1", test_fraction=1.5)
    refuses(r"1 test names are not in the folder \(e.g. 'a.ply'\)", test=["a.ply"])
    (tmp_path / "a.seg").write_text("0\n0\n0\n0\n")
    refuses("a.ply: labels in both a.txt and a.seg", split="all")
    (tmp_path / "a.seg").unlink()
    write_mesh(tmp_path / "b.ply", CORNERS, TETRAHEDRON)
    refuses("b.ply: no labels; expected b_labels.txt, .txt, .seg or .npy beside it, or a property", split="all")
    (tmp_path / "b.ply").rename(tmp_path / "b.off")
    refuses("b.off: is not an ASCII OFF file.*looks like PLY", split="all")
    trimesh.Trimesh(CORNERS, TETRAHEDRON, process=False).export(tmp_path / "b.off")
    refuses("b.off: no labels; expected b_labels.txt", split="all")
    (tmp_path / "b.txt").write_text("0\n0\n")
    refuses("b.txt: 2 labels, expected one a face", split="all")
    write_mesh(tmp_path / "b.ply", CORNERS, TETRAHEDRON)
    refuses("b.off and b.ply have one name", split="all")
