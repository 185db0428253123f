"""Labels with boundaries: short ones, in concave creases, whatever the position, size and numbering."""

import numpy as np
import pytest
import surfaces
import torch
import trimesh
from torch_geometric.data import Batch

from gaugenet.io.mesh_data import MeshData
from gaugenet.models.segmentation import bounded_labels


@pytest.fixture(scope="module")
def dumbbell():
    """Return two balls with a neck at z = 0, and the heights of its faces."""
    z = np.linspace(-1, 1, 61)
    radius = np.sqrt(np.maximum(0.25 - (np.abs(z) - 0.5) ** 2, 0)) + 0.1 * (1 - z**2)
    mesh = trimesh.creation.revolve(np.stack([radius, z], axis=1), sections=40)
    mesh.merge_vertices()
    data = MeshData(pos=torch.tensor(mesh.vertices), face=torch.tensor(mesh.faces.T.copy()))
    return data, data.pos[data.face].mean(0)[:, 2]


def two(score):
    """Return logits of two labels from the score of the second."""
    return torch.stack([torch.zeros_like(score), score], dim=1)


def test_without_cost_each_face_has_its_best_label(dumbbell):
    data, height = dumbbell
    logits = torch.randn(len(height), 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(bounded_labels(logits, data, 0), logits.argmax(1))


def test_the_boundary_goes_to_the_crease(dumbbell):
    data, height = dumbbell
    logits = two(4 * (height - 0.15))
    assert not torch.equal(logits.argmax(1), (height > 0).long())
    assert torch.equal(bounded_labels(logits, data, 0.1), (height > 0).long())


def test_specks_go_and_what_scores_are_sure_of_stays(dumbbell):
    data, height = dumbbell
    score = 4 * torch.sign(height)
    score[::17] *= -0.5
    assert torch.equal(bounded_labels(two(score), data, 0.1), (height > 0).long())
    sure = two(40 * torch.sign(height - 0.3))
    assert torch.equal(bounded_labels(sure, data, 0.1), sure.argmax(1))


def test_position_size_and_numbering_do_not_matter(dumbbell):
    data, height = dumbbell
    logits = torch.cat([two(4 * height - 0.6), 20 - 100 * (height.abs() - 0.5).abs()[:, None]], dim=1)
    expected = bounded_labels(logits, data, 0.05)
    assert set(expected.tolist()) == {0, 1, 2}
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))).Q
    moved = MeshData(pos=1e3 * data.pos @ (turn * turn.det()) + 7, face=data.face)
    assert torch.equal(bounded_labels(logits, moved, 0.05), expected)
    order = torch.randperm(len(height), generator=torch.Generator().manual_seed(2))
    mixed = MeshData(pos=data.pos, face=data.face[:, order])
    assert torch.equal(bounded_labels(logits[order], mixed, 0.05), expected[order])


def test_faces_that_run_the_wrong_way_do_not_matter(dumbbell):
    """Of a mesh with a few reversed faces, the sides are those of the cleaned mesh, as for everything else."""
    data, height = dumbbell
    logits = two(4 * (height - 0.15))
    expected = bounded_labels(logits, data, 0.1)
    for turned in (height.abs() < 0.1, torch.rand(len(height), generator=torch.Generator().manual_seed(0)) < 0.3):
        face = torch.where(turned, data.face[[0, 2, 1]], data.face)
        assert torch.equal(bounded_labels(logits, MeshData(pos=data.pos, face=face), 0.1), expected)


def test_without_sides_a_surface_turned_inside_out_has_the_same_labels(dumbbell):
    """From inside, the neck bends the other way; creases are then cheap whichever way they bend."""
    data, height = dumbbell
    logits = two(4 * (height - 0.15))
    inside = MeshData(pos=data.pos, face=data.face[[0, 2, 1]])
    assert not torch.equal(bounded_labels(logits, inside, 0.1), bounded_labels(logits, data, 0.1))
    labels = [bounded_labels(logits, one, 0.1, sides=False) for one in (data, inside)]
    assert torch.equal(*labels)


def test_a_mesh_without_faces_has_no_labels():
    data = MeshData(pos=torch.zeros(3, 3), face=torch.zeros(3, 0, dtype=torch.int64))
    assert bounded_labels(torch.zeros(0, 2), data, 0.1).shape == (0,)


def test_a_batch_is_its_meshes_one_by_one(dumbbell):
    data, height = dumbbell
    other = surfaces.data_of(surfaces.icosphere(2))
    each = [two(height - 0.15), two(other.pos[other.face].mean(0)[:, 0] + 0.2)]
    expected = torch.cat([bounded_labels(one, mesh, 0.05) for one, mesh in zip(each, (data, other))])
    assert torch.equal(bounded_labels(torch.cat(each), Batch.from_data_list([data, other]), 0.05), expected)


@pytest.mark.parametrize("boundary", [0, 0.05])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_and_positions_that_are_no_numbers_are_refused(dumbbell, value, boundary):
    data, height = dumbbell
    logits = two(height.clone())
    logits[5, 1] = value
    with pytest.raises(ValueError, match="bounded_labels expects finite scores, got NaN or inf"):
        bounded_labels(logits, data, boundary)
    pos = data.pos.clone()
    pos[0] = value
    with pytest.raises(ValueError, match="bounded_labels expects finite positions, got NaN or inf"):
        bounded_labels(two(height), MeshData(pos=pos, face=data.face), boundary)


@pytest.mark.parametrize("boundary", [0, 0.05])
def test_every_face_needs_scores(dumbbell, boundary):
    data, height = dumbbell
    with pytest.raises(ValueError, match=rf"expects scores of {len(height)} faces, got {len(height) - 1} rows"):
        bounded_labels(two(height[1:]), data, boundary)


def test_a_score_of_minus_infinity_rules_a_label_out(dumbbell):
    data, height = dumbbell
    logits = two(4 * torch.sign(height))
    logits[5] = torch.tensor([-float("inf"), 0.0])
    data = MeshData(pos=data.pos.clone(), face=data.face.clone())
    data.face[2, 5] = data.face[1, 5]  # no area, either
    labels = bounded_labels(logits, data, 0.1)
    assert height[5] < 0 and labels[5] == 1 and torch.equal(labels[6:], (height[6:] > 0).long())
