"""Icospheres: sizes, areas, symmetry, nested levels."""

import math

import pytest
import torch
from space_table import icosahedral_rotations, permutation

from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.homogeneous.triangulation import face_areas, vertex_areas
from gaugenet.mesh.topology import find_topology


def sides(face):
    return torch.cat([face[[0, 1]], face[[1, 2]], face[[2, 0]]], dim=1)


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_sizes_and_areas(level):
    data = icosphere(level)
    assert data.pos.shape == (10 * 4**level + 2, 3) and data.pos.dtype == torch.float64
    assert data.face.shape == (3, 20 * 4**level)
    assert (data.pos.norm(dim=1) - 1).abs().max() < 1e-15
    assert float(data.area.sum()) == pytest.approx(4 * math.pi, rel=1e-14)
    assert face_areas(Sphere(), data.pos, data.face).min() > 0  # counter-clockwise seen from outside
    topology = find_topology(data.pos.numpy(), data.face.numpy().T)
    assert (topology.euler_characteristic, topology.boundary_loops, topology.components) == (2, 0, 1)
    assert topology.orientable and topology.manifold


def test_flat_areas_are_too_small():
    """The check of the total tells spherical triangles from flat ones."""
    data = icosphere(2)
    a, b, c = data.pos[data.face]
    flat = 0.5 * torch.linalg.cross(b - a, c - a).norm(dim=1).sum()
    assert float(flat) != pytest.approx(4 * math.pi, rel=1e-2)


def test_levels_are_nested():
    coarse, fine = icosphere(2), icosphere(3)
    assert torch.equal(fine.pos[:162], coarse.pos)
    assert torch.equal(fine.parent_index[:, :162], coarse.parent_index)
    first, second = fine.parent_index
    middle = fine.pos[first] + fine.pos[second]
    assert torch.allclose(middle / middle.norm(dim=1, keepdim=True), fine.pos)
    assert torch.equal(first[:12], torch.arange(12)) and torch.equal(second[:12], torch.arange(12))
    edges = {tuple(sorted(side)) for side in sides(coarse.face).T.tolist()}
    assert {tuple(sorted(pair)) for pair in fine.parent_index[:, 162:].T.tolist()} == edges


@pytest.mark.parametrize("level", range(5))
def test_every_level_comes_first_in_a_finer_one(level):
    coarse, fine = icosphere(level), icosphere(5)
    size = 10 * 4**level + 2
    assert torch.equal(fine.pos[:size], coarse.pos)
    assert torch.equal(fine.parent_index[:, :size], coarse.parent_index)


def test_sixty_rotations_permute_vertices_and_faces():
    rotations = icosahedral_rotations()
    assert len(rotations) == 60
    assert (torch.linalg.det(rotations) - 1).abs().max() < 1e-12
    assert (rotations[:, None] - rotations).abs().amax((-2, -1)).add(torch.eye(60)).min() > 0.1  # all different
    data = icosphere(3)
    faces = {tuple(sorted(face)) for face in data.face.T.tolist()}
    for g in rotations:
        moved = permutation(Sphere(), data.pos, g, 1e-14)
        assert torch.equal(moved.sort().values, torch.arange(642))
        assert {tuple(sorted(face)) for face in moved[data.face].T.tolist()} == faces
        assert (data.area[moved] - data.area).abs().max() < 1e-15


def test_another_rotation_does_not():
    assert (
        permutation(Sphere(), icosphere(3).pos, Sphere().rotation(torch.tensor(0.3, dtype=torch.float64))) < 0
    ).sum() > 600


def test_poles_are_centres_of_faces():
    data = icosphere(4)
    centres = data.pos[data.face].mean(0)
    for pole in (1.0, -1.0):
        assert ((centres / centres.norm(dim=1, keepdim=True))[:, 2] * pole - 1).abs().min() < 1e-14
    assert data.pos[:, 2].abs().max() < 0.9999


@pytest.mark.parametrize("level", [-1, 9, 2.5])
def test_other_levels_are_refused(level):
    with pytest.raises(ValueError, match=f"level from 0 to 8, got {level}: level 8 has 655,362"):
        icosphere(level)


@pytest.mark.slow
def test_level_eight():
    data = icosphere(8)
    assert len(data.pos) == 655_362 and data.face.shape[1] == 1_310_720
    assert float(data.area.sum()) == pytest.approx(4 * math.pi, rel=1e-12)
    assert float(data.area.min()) > 0.5 * float(data.area.mean())


@pytest.mark.parametrize(
    ("face", "complaint"),
    [
        (torch.zeros(4, 3, dtype=torch.int64), r"shape \(3, F\) and be integer, got \(4, 3\)"),
        (torch.zeros(3, 4), "be integer, got .*float32"),
        (torch.tensor([[0], [1], [12]]), "index 12 points, got 0 to 12"),
        (torch.tensor([[-1], [1], [2]]), "index 12 points, got -1 to 2"),
        (icosphere(0).face[[0, 2, 1]], r"got 20 of 20 others \(e.g. face 0\): reverse them with face\[\[0, 2, 1\]\]"),
        (torch.tensor([[0], [1], [1]]), "got 1 of 1 others"),
    ],
)
def test_unsound_faces_are_refused(face, complaint):
    with pytest.raises(ValueError, match=complaint):
        vertex_areas(Sphere(), icosphere(0).pos, face)
