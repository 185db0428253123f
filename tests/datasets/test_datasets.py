"""Batches are right on every level; data sets hold the split, the names and the files they promise."""

import os
import zipfile

import numpy as np
import pytest
import torch
import trimesh
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from gaugenet.datasets.folder import LabelledFolder
from gaugenet.datasets.psb import PSB, psb_categories
from gaugenet.io.labels import write_labels
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.write import write_mesh

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def fake_bundle(sizes, seed):
    """Data with random level tensors, of these numbers of vertices on its levels."""
    rng = np.random.default_rng(seed)

    def index(*bounds):
        return torch.from_numpy(np.stack([rng.integers(0, bound, 3 * max(bounds)) for bound in bounds]))

    data = MeshData(pos=torch.from_numpy(rng.normal(size=(sizes[0], 3))), face=index(sizes[0], sizes[0], sizes[0]))
    data.face_label, data.label_names = data.face[0] % 2, ["a", "b"]
    for level, size in enumerate(sizes):
        data[f"edge_index_{level}"], data[f"area_{level}"] = index(size, size), torch.from_numpy(rng.random(size))
        data[f"log_{level}"] = torch.from_numpy(rng.random((3 * size, 2)))
        data[f"radius_{level}"] = torch.ones(1)
    for level in range(1, len(sizes)):
        data[f"sample_index_{level}"] = torch.from_numpy(rng.permutation(sizes[0])[: sizes[level]])
        data[f"pool_index_{level}"] = index(sizes[level - 1], sizes[level])
    return data


MESHES = [fake_bundle(sizes, seed) for seed, sizes in enumerate([(20, 9, 4), (33, 11, 2), (12, 5, 3)])]


def test_a_batch_keeps_every_level_of_its_meshes_apart():
    batch = Batch.from_data_list(MESHES)
    assert batch.num_levels == 3
    for level in range(3):
        member = batch.level_batch(level)
        assert torch.equal(member.bincount(), torch.tensor([m[f"area_{level}"].size(0) for m in MESHES]))
        source, target = batch[f"edge_index_{level}"]
        owner = torch.cat([torch.full((m[f"edge_index_{level}"].size(1),), k) for k, m in enumerate(MESHES)])
        assert torch.equal(member[source], owner) and torch.equal(member[target], owner)
        # An edge ends at the vertex with the area that it has in its own mesh.
        own = torch.cat([m[f"area_{level}"][m[f"edge_index_{level}"][0]] for m in MESHES])
        assert torch.equal(batch[f"area_{level}"][source], own)
    for level in (1, 2):
        fine, coarse = batch[f"pool_index_{level}"]
        assert torch.equal(batch.level_batch(level - 1)[fine], batch.level_batch(level)[coarse])
        own = torch.cat([m[f"area_{level - 1}"][m[f"pool_index_{level}"][0]] for m in MESHES])
        assert torch.equal(batch[f"area_{level - 1}"][fine], own)
        own = torch.cat([m.pos[m[f"sample_index_{level}"]] for m in MESHES])
        assert torch.equal(batch.pos[batch[f"sample_index_{level}"]], own)


def test_plain_pyg_data_would_mix_levels_up():
    from torch_geometric.data import Data

    batch = Batch.from_data_list([Data(**mesh.to_dict()) for mesh in MESHES])
    assert batch.edge_index_1.max() >= batch.area_1.size(0)


def test_unbatching_is_the_inverse_of_batching():
    for mesh, back in zip(MESHES, Batch.from_data_list(MESHES).to_data_list()):
        assert isinstance(back, MeshData) and set(back.keys()) == set(mesh.keys())
        for key, value in mesh:
            assert torch.equal(back[key], value) if torch.is_tensor(value) else back[key] == value
            assert not torch.is_tensor(value) or back[key].dtype == value.dtype


def test_a_loader_with_worker_processes_makes_the_same_batches():
    one = next(iter(DataLoader(MESHES, batch_size=3)))
    two = next(iter(DataLoader(MESHES, batch_size=3, num_workers=1)))
    assert torch.equal(one.pool_index_2, two.pool_index_2) and torch.equal(one.level_batch(2), two.level_batch(2))


def test_a_single_mesh_is_a_batch_of_its_own():
    assert MESHES[0].level_batch(1).tolist() == [0] * 9
    bare = MeshData(pos=torch.zeros(4, 3))
    assert bare.num_levels == 0 and bare.level_batch(0).tolist() == [0] * 4
    for data, level in ((bare, 1), (MESHES[0], 3), (MESHES[0], -1)):
        with pytest.raises(ValueError, match=f"got level {level}: add levels"):
            data.level_batch(level)


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
    refuses("'train' is empty, for there are 1 meshes")
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
