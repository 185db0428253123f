"""Labels, coloured meshes and pictures from the command line."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.image import imread

from gaugenet import SegmentationNet, load, read_mesh, save, write_mesh
from gaugenet.io.label_file import read_labels
from gaugenet.io.ply import parse_ply
from gaugenet.viz import palette

MESHES = Path(__file__).parents[2] / "meshes"


def test_meshes_become_labels_colours_and_a_picture(call, network, tmp_path):
    meshes = [
        MESHES / "known" / "torus.glb",
        MESHES / "broken" / "nan_vertex.ply",
        MESHES / "known" / "two_spheres.ply",
    ]
    picture = tmp_path / "new" / "out" / "p.png"
    result = call("segment", *meshes, "--model", network, "-o", picture.parent, "--picture", picture, "--json")
    assert result.code == 1 and list(result.json) == ["meshes", "picture", "failed"]
    assert list(result.json["failed"]) == [str(meshes[1])] and len(result.messages("error")) == 1
    names = {"p.png", "torus.ply", "torus_labels.txt", "two_spheres.ply", "two_spheres_labels.txt"}
    assert {path.name for path in picture.parent.iterdir()} == names
    assert imread(picture).ndim == 3

    net = load(network)
    mesh = read_mesh(meshes[0])
    expected = net.segment(mesh.clone())
    torus = read_mesh(picture.parent / "torus.ply")
    assert torch.equal(torus.pos, mesh.pos) and torch.equal(torus.face, mesh.face)
    labels = read_labels(picture.parent / "torus_labels.txt", mesh.pos.size(0), mesh.face.size(1))
    assert labels.where == "face" and [labels.names[k] for k in labels.label] == [net.label_names[k] for k in expected]
    columns = parse_ply((picture.parent / "torus.ply").read_bytes()).polygon_columns
    assert np.array_equal(columns["label"], expected)
    rgb = np.stack([columns[name] for name in ("red", "green", "blue")], axis=1)
    assert np.array_equal(rgb, palette(2)[expected.numpy()])
    shares = result.json["meshes"][str(meshes[0])]["area"]
    assert abs(sum(shares.values()) - 1) < 1e-12


def test_what_fails_leaves_no_folder(call, network, tmp_path):
    empty, biped = MESHES / "broken" / "empty_file.off", MESHES / "creatures" / "biped_01.ply"
    for words in ((empty,), (biped, "--max-memory", "10MB"), (empty, "--picture", tmp_path / "a" / "b" / "p.png")):
        result = call("segment", *words, "--model", network, "-o", tmp_path / "a" / "b")
        assert result.code == 2 and result.out == "" and len(result.err.splitlines()) == 1
        assert list(tmp_path.iterdir()) == []


def test_up_is_upright_in_the_picture(call, network, tmp_path):
    mesh = read_mesh(MESHES / "known" / "torus.glb")
    mesh.pos = mesh.pos * torch.tensor([0.2, 1.0, 3.0])
    write_mesh(tmp_path / "long.ply", mesh.pos.numpy(), mesh.face.numpy().T)
    height = {}
    for up in "xz":
        words = ["--model", network, "-o", tmp_path, "--picture", tmp_path / f"{up}.png", "--up", up]
        assert call("segment", tmp_path / "long.ply", *words).code == 0
        image = imread(tmp_path / f"{up}.png")
        height[up] = image.shape[0] / image.shape[1]
    assert height["z"] > 1.3 * height["x"]
    words = ["segment", tmp_path / "long.ply", "--model", network, "-o", tmp_path]
    assert "--up goes with --picture" in call(*words, "--up", "z").messages("error")[0]
    refused = call(*words, "--picture", tmp_path / "p.png", "--up", "w")
    assert refused.code == 2 and "expected x, y or z, got 'w'" in refused.err


def test_a_network_of_vertices_writes_their_labels(call, tmp_path):
    torch.manual_seed(0)
    save(SegmentationNet(["a", "b", "c"], levels=(32,), rep="4x0 + 2x1", blocks=1, output="vertex"), tmp_path / "net")
    assert call("segment", MESHES / "known" / "torus.glb", "--model", tmp_path / "net", "-o", tmp_path).code == 0
    mesh = read_mesh(MESHES / "known" / "torus.glb")
    vertex = load(tmp_path / "net").segment(mesh.clone())
    labels = read_labels(tmp_path / "torus.txt", 512, 1024)
    assert labels.where == "vertex" and [labels.names[k] for k in labels.label] == ["abc"[k] for k in vertex]
    face = parse_ply((tmp_path / "torus.ply").read_bytes()).polygon_columns["label"]
    corners = vertex[mesh.face].numpy()
    alike = (corners == corners[0]).all(axis=0)
    assert np.array_equal(face[alike], corners[0][alike])


def test_a_mesh_that_is_repaired_is_segmented_with_a_warning(call, network, tmp_path):
    result = call("segment", MESHES / "broken" / "flipped_faces.ply", "--model", network, "-o", tmp_path)
    assert result.code == 0 and "1 of 1 meshes labelled" in result.out
    assert result.messages("warning")[0].startswith(f"{MESHES / 'broken' / 'flipped_faces.ply'}: mesh cleaned: 6 faces")


def test_with_little_memory_the_labels_are_the_same(call, network, tmp_path, monkeypatch):
    """In patches of 300 vertices at most."""
    monkeypatch.setattr("gaugenet.models.patches.patch_limit", lambda net, data, allowed: 300)
    mesh = MESHES / "creatures" / "biped_01.ply"
    for folder, options in (("whole", ()), ("patches", ("--max-memory", "40GB"))):
        assert call("segment", mesh, "--model", network, "-o", tmp_path / folder, *options).code == 0
    whole, patches = (tmp_path / folder / "biped_01_labels.txt" for folder in ("whole", "patches"))
    assert whole.read_text() == patches.read_text()


def test_too_little_memory_is_refused(call, network, tmp_path):
    mesh = MESHES / "creatures" / "biped_01.ply"
    result = call("segment", mesh, "--model", network, "-o", tmp_path, "--max-memory", "10MB")
    assert result.code == 2 and "leaves too little of 10 MB for the network" in result.messages("error")[0]
    result = call("segment", mesh, "--model", network, "-o", tmp_path, "--max-memory", "some")
    assert result.code == 2 and "expected an amount of memory such as 4GB" in result.messages("error")[0]
