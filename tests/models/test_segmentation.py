"""The segmentation network: what its scores depend on, its outputs, and what it refuses."""

import copy

import numpy as np
import pytest
import surfaces
import torch

from gaugenet.io.mesh_data import MeshData
from gaugenet.io.mesh_file import read_mesh
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.models import Logits, SegmentationNet
from gaugenet.models.segmentation import bounded_labels

LABELS = ["arm", "leg", "head"]
SMALL = {"levels": (300, 80), "neighbours": 12, "rep": "4x0 + 3x1 + 2x2", "blocks": 1}
SMALL["fields"] = {"hks": 6, "eigenfunctions": 40, **surfaces.NEAR}


def network(dtype=torch.float64, seed=0, **options):
    torch.manual_seed(seed)
    return SegmentationNet(LABELS, **{**SMALL, **options}).to(dtype).eval()


def scores(net, pos, face):
    data = net.transform(MeshData(pos=torch.from_numpy(pos.copy()), face=torch.from_numpy(face.T.copy())))
    with torch.no_grad():
        return net(data)


@pytest.fixture(scope="module")
def biped():
    net, mesh = network(output="both"), surfaces.biped()
    return net, mesh, scores(net, mesh.pos, mesh.face)


def relative(a, b):
    return float((a - b).abs().max() / b.abs().max())


def rotation(seed):
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return matrix * np.linalg.det(matrix)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 300.0])
def test_pose_and_size_do_not_matter(scale, biped):
    net, mesh, expected = biped
    moved = scores(net, scale * (mesh.pos @ rotation(1).T + [0.5, -2, 1]), mesh.face)
    assert relative(moved.face, expected.face) < 1e-9
    assert relative(moved.vertex, expected.vertex) < 1e-9


def test_numbering_does_not_matter(biped):
    """Of vertices, of faces, and of the corners of a face: scores are renumbered along."""
    net, mesh, expected = biped
    rng = np.random.default_rng(2)
    new, order = rng.permutation(len(mesh.pos)), rng.permutation(len(mesh.face))
    pos = np.empty_like(mesh.pos)
    pos[new] = mesh.pos
    turn = rng.integers(3, size=len(order))
    face = np.stack([new[mesh.face[order, (turn + corner) % 3]] for corner in range(3)], axis=1)
    other = scores(net, pos, face)
    assert relative(other.face, expected.face[order]) < 1e-9
    assert relative(other.vertex[new], expected.vertex) < 1e-9


def test_the_mirror_image_and_the_bent_shape_do_matter(biped):
    net, mesh, expected = biped
    bent = mesh.pos + 0.05 * np.sin(4 * mesh.pos)
    assert relative(scores(net, bent, mesh.face).face, expected.face) > 1e-3
    mirrored = scores(net, mesh.pos * [-1, 1, 1], mesh.face[:, ::-1])
    assert relative(mirrored.face, expected.face) > 1e-6


@pytest.mark.parametrize(
    "options",
    [
        {"levels": ()},
        {"levels": (200,)},
        {"levels": (400, 100, 20), "growth": 1.0},
        {"rep": "5x0"},
        {"rep": "2x1 + 5x0 + 1x3"},
        {"fields": {"hks": 2, "eigenfunctions": 20, "position": False}},
        {"dropout": 0.5},
    ],
    ids=str,
)
def test_any_settings_give_scores_and_gradients(options):
    net = network(torch.float32, **options).train()
    mesh = surfaces.biped()
    data = net.transform(surfaces.data_of(mesh))
    logits = net(data)
    assert logits.shape == (len(mesh.face), 3) and torch.isfinite(logits).all()
    logits.square().mean().backward()
    missing = [name for name, parameter in net.named_parameters() if parameter.grad is None]
    assert missing == []


@pytest.mark.parametrize("output", ["face", "vertex", "both"])
def test_outputs(output):
    """A face has the mean of its corners; labels are the largest scores where boundaries cost nothing."""
    mesh = surfaces.biped()
    net = network(output=output, boundary=0)
    data = net.transform(surfaces.data_of(mesh))
    logits, labels = net(data), net.segment(data)
    both = network(output="both")(data)
    assert isinstance(both, Logits)
    assert torch.equal(both.face, both.vertex[data.face].mean(0))
    if output == "both":
        assert torch.equal(logits.face, both.face) and torch.equal(labels, both.face.argmax(1))
    else:
        assert torch.equal(logits, getattr(both, output)) and torch.equal(labels, logits.argmax(1))
    assert labels.shape == ((len(mesh.pos),) if output == "vertex" else (len(mesh.face),))


def test_gradients_of_faces_have_the_same_bits_every_time():
    # Large enough for several threads to share the work.
    mesh, net = surfaces.data_of(surfaces.uneven_sphere(5000, 0)), SegmentationNet(["a", "b", "c"], levels=())
    scores, weight = torch.randn(5000, 3), torch.randn(mesh.face.shape[1], 3)
    found = set()
    for _ in range(40):
        leaf = scores.clone().requires_grad_()
        (net.outputs(leaf, mesh) * weight).sum().backward()
        found.add(leaf.grad.numpy().tobytes())
    assert len(found) == 1


def test_labels_of_faces_have_boundaries():
    """Those of vertices have none."""
    net = network(output="both", boundary=0.1)
    data = net.transform(surfaces.data_of(surfaces.biped()))
    logits = net(data)
    expected = bounded_labels(logits.face, data, 0.1)
    assert torch.equal(net.segment(data), expected) and not torch.equal(expected, logits.face.argmax(1))
    net = network(output="vertex", boundary=0.1)
    assert torch.equal(net.segment(data), logits.vertex.argmax(1))


@pytest.mark.parametrize(
    ("sides", "settings"),
    [
        (True, {}),
        (True, {"rep": "O2: 4x0e + 3x1"}),
        (False, {"rep": "O2: 4x0e + 3x1", "fields": {"oriented": False}}),
        (False, {"rep": "O2: 4x0e + 3x1", "fields": None, "inputs": "O2: 3x0e"}),
    ],
)
def test_labels_know_sides_where_the_fields_do(sides, settings):
    """Of a surface turned inside out, the same scores give the same labels only without."""
    net = network(boundary=0.1, **settings)
    mesh = surfaces.data_of(surfaces.biped())
    inside = MeshData(pos=mesh.pos, face=mesh.face[[0, 2, 1]])
    scores = 3 * torch.sin(40 * mesh.pos[mesh.face].mean(0))
    labels = net.labels(scores, mesh)
    assert len(labels.unique()) == 3
    assert torch.equal(net.labels(scores, inside), labels) != sides


def test_segment_takes_a_mesh_and_keeps_the_mode():
    net = network(dropout=0.5)
    mesh = surfaces.data_of(surfaces.biped())
    expected = net.segment(net.transform(mesh))
    net.train()
    assert torch.equal(net.segment(mesh), expected)
    assert net.training
    assert "x" not in mesh


def test_dropout_acts_in_training_only():
    net = network(dropout=0.5)
    data = net.transform(surfaces.data_of(surfaces.biped()))
    assert torch.equal(net(data), net(data))
    net.train()
    assert not torch.equal(net(data), net(data))


@pytest.mark.parametrize(
    "name",
    ["isolated_vertex.off", "nonmanifold_edge.off", "bowtie_vertex.off", "duplicate_face.off", "flipped_faces.ply"],
)
def test_every_face_of_an_unclean_mesh_gets_a_score(name):
    data = read_mesh(surfaces.MESHES / "broken" / name)
    net = network(levels=(12, 5), neighbours=4)
    with pytest.warns(MeshWarning):
        labels = net.segment(data)
    assert labels.shape == (data.face.shape[1],)


def test_settings_are_kept_as_plain_values():
    net = network()
    again = SegmentationNet(**copy.deepcopy(net.config))
    assert again.config == net.config
    again.load_state_dict(net.state_dict())
    assert net.config["label_names"] == LABELS and net.config["levels"] == [300, 80]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"label_names": []}, "at least one label name"),
        ({"boundary": -1}, "SegmentationNet expects a boundary >= 0, got -1"),
        ({"output": "edge"}, 'output must be one of face, vertex, both, got "edge"'),
        ({"rep": "3x1"}, "order 0"),
        ({"rep": "3x"}, "cannot read"),
        ({"levels": (10, 20)}, "falling positive numbers"),
    ],
    ids=str,
)
def test_settings_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        SegmentationNet(**{"label_names": LABELS, **SMALL, **options})


def test_a_word_for_label_names_is_refused():
    with pytest.raises(TypeError, match=r'expects a list of label names, got "head": write \["head"\]'):
        SegmentationNet("head")


def test_data_without_fields_or_levels_is_refused():
    net = network()
    mesh = surfaces.data_of(surfaces.biped())
    with pytest.raises(ValueError, match=r"needs input fields x: apply net.transform"):
        net(mesh)
    data = network(levels=(300,)).transform(mesh)
    with pytest.raises(ValueError, match="level 2"):
        net(data)
