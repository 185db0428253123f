"""Perturbed meshes: what is changed and what is not, and that labels stay where they were."""

import pytest
import surfaces
import torch

from gaugenet.models.comparison import face_areas
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.perturbation import KINDS, Perturbation


def sphere():
    """A sphere whose faces and vertices know their hemisphere."""
    data = surfaces.data_of(surfaces.uneven_sphere(1200))
    data.face_label = (data.pos[data.face].mean(0)[:, 2] > 0).long()
    data.vertex_label = (data.pos[:, 2] > 0).long()
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_labels_stay_where_they_were(kind):
    data = sphere()
    before = {key: value.clone() for key, value in data.to_dict().items()}
    out = Perturbation(kind)(data)
    assert all(torch.equal(before[key], data[key]) for key in before)
    assert len(out.face_label) == out.face.shape[1] and len(out.vertex_label) == len(out.pos)
    if kind != "rotate":
        height = out.pos[out.face].mean(0)[:, 2]
        clear = height.abs() > 0.15
        assert torch.equal(out.face_label[clear], (height > 0).long()[clear])
        clear = out.pos[:, 2].abs() > 0.15
        assert torch.equal(out.vertex_label[clear], (out.pos[:, 2] > 0).long()[clear])
    again = Perturbation(kind)(data)
    assert torch.equal(again.pos, out.pos) and torch.equal(again.face, out.face)


def test_what_each_does():
    data = sphere()
    faces, area = data.face.shape[1], float(face_areas(data.pos, data.face).sum())
    rotated, noisy, coarse, fine, holed = (Perturbation(kind)(data) for kind in KINDS)
    assert torch.allclose(torch.cdist(rotated.pos, rotated.pos), torch.cdist(data.pos, data.pos), atol=1e-6)
    assert (rotated.pos - data.pos).abs().max() > 0.1
    edge = 0.1
    assert 0.01 < float((noisy.pos - data.pos).norm(dim=1).mean()) < 3 * edge
    assert coarse.face.shape[1] == pytest.approx(0.3 * faces, rel=0.02)
    assert fine.face.shape[1] == 4 * faces and (fine.pos.norm(dim=1) - 1).abs().max() < 0.02
    assert float(face_areas(holed.pos, holed.face).sum()) == pytest.approx(0.95 * area, rel=0.02)
    assert int(holed.face.max()) == len(holed.pos) - 1


def test_holes_are_five_wherever_they_fall():
    """Each takes its share of what is left, one face at least."""
    data = sphere()
    for seed in range(6):
        holed = Perturbation("holes", seed=seed)(data)
        left = float(face_areas(holed.pos, holed.face).sum() / face_areas(data.pos, data.face).sum())
        assert left == pytest.approx(0.95, abs=0.004)
    few = surfaces.data_of(surfaces.icosphere(1))
    assert Perturbation("holes")(few).face.shape[1] == few.face.shape[1] - 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_belongs_to_the_mesh_as_it_was_is_left_out(kind):
    """Fields, normals and bundles; labels, names and the precision stay."""
    data = sphere()
    data = FrameBundle()(data)
    data.pos, data.normal, data.x = data.pos.float(), data.pos.clone(), torch.ones(len(data.pos), 3)
    data.y, data.label_names, data.x_rep = torch.tensor([2]), ["south", "north"], "3x0"
    out = Perturbation(kind)(data)
    assert set(out.keys()) == {"pos", "face", "face_label", "vertex_label", "y", "label_names"}
    assert out.pos.dtype == torch.float32 and type(out) is type(data)
    assert torch.equal(out.y, data.y) and out.label_names == data.label_names


def test_a_mesh_of_which_nothing_is_left_is_refused():
    few = surfaces.data_of(surfaces.icosphere(1))
    with pytest.raises(
        ValueError, match=r'Perturbation\("coarser"\) leaves none of 80 faces: choose a larger amount than 0.01'
    ):
        Perturbation("coarser", 0.01)(few)


@pytest.mark.parametrize(("kind", "amount"), [("coarser", 0.0), ("coarser", 2.0), ("rotate", 3.0), ("holes", 1.5)])
def test_amounts_out_of_range_are_refused(kind, amount):
    with pytest.raises(ValueError, match=f"got amount {amount}: leave it out"):
        Perturbation(kind, amount)


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match='one of rotate, noise, coarser, finer, holes, got "melt"'):
        Perturbation("melt")
