"""Parts as objects: boxes are those of the mesh as it is, blind to frames, places and sizes, and targets agree."""

import box_table
import pytest
import surfaces
import torch

from gaugenet.detection import Boxes, BoxTargets, areas, charts_of, region_boxes
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.train import Prepared, RegionTargets
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

TURN = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).Q
TURN = TURN * torch.linalg.det(TURN)


def labelled(factor=1.0, turn=None):
    """An uneven sphere with two caps of label 2, a belt of label 0, and the rest of label 1."""
    data = surfaces.data_of(surfaces.uneven_sphere(400))
    height = data.pos[data.face].mean(0)[:, 2]
    data.face_label = torch.where(height.abs() > 0.75, 2, torch.where(height.abs() < 0.2, 0, 1))
    data.pos = factor * (data.pos * torch.tensor([1.0, 1.2, 1.6], dtype=torch.float64))
    data.pos = data.pos if turn is None else data.pos @ turn.T
    return data


def parts(data):
    return RegionTargets([2], smallest=0.001).boxes(data)


def test_boxes_of_a_copy_in_other_frames_are_the_transformed_ones():
    data = FrameBundle()(labelled())
    angle = 6.28 * torch.rand(len(data.pos), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    boxes, other = parts(data), parts(change_gauge(data, angle))
    assert len(boxes) == 2 and torch.equal(boxes.vertex, other.vertex)
    moved = boxes.change_gauge(angle)
    assert torch.allclose(moved.offset, other.offset, atol=1e-9)
    assert torch.allclose(boxes.extent, other.extent, atol=1e-9)
    assert float(box_table.turned(2 * (moved.angle - other.angle)).max()) < 1e-9  # an axis has no sign


def test_boxes_of_a_turned_copy_are_the_turned_ones():
    one, two = (charts_of(FrameBundle()(labelled(turn=turn))) for turn in (None, TURN))
    boxes, other = (RegionTargets([2]).boxes(labelled(turn=turn), at) for turn, at in ((None, one), (TURN, two)))
    assert torch.allclose(boxes.extent, other.extent, atol=1e-9)
    assert torch.allclose(one.centre(boxes) @ TURN.T, two.centre(other), atol=1e-9)
    along = ((one.direction(boxes) @ TURN.T) * two.direction(other)).sum(1).abs()
    assert torch.allclose(along, torch.ones_like(along), atol=1e-9)


def test_what_is_learned_does_not_depend_on_the_size_of_the_mesh():
    plain, large = (RegionTargets([2, 0])(FrameBundle()(labelled(factor))) for factor in (1.0, 100.0))
    for name in ("label", "offset", "angle", "extent"):
        assert torch.allclose(plain[f"box_{name}"].double(), large[f"box_{name}"].double(), atol=1e-6), name
    assert RegionTargets([2]).unit([labelled()]) == RegionTargets([2]).unit([labelled(100.0)])


def test_faces_that_cleaning_sets_aside_do_not_matter():
    """A degenerate face before all others, and a double of one behind them, with labels of their own."""
    data, unclean = labelled(), labelled()
    unclean.face = torch.cat([torch.tensor([[0], [0], [1]]), data.face, data.face[:, :1]], dim=1)
    unclean.face_label = torch.cat([torch.tensor([2]), data.face_label, torch.tensor([2])])
    with pytest.warns(MeshWarning, match="mesh cleaned"):
        bundle = FrameBundle()(unclean)
    boxes, other = parts(FrameBundle()(data)), parts(bundle)
    assert len(boxes) == 2 and torch.equal(boxes.vertex, other.vertex)
    assert torch.allclose(boxes.extent, other.extent, atol=1e-12)
    with pytest.raises(ValueError, match="a label for each of the 798 faces, got"):
        region_boxes(bundle, data.face_label, [2])


def prepared(folder, variants=3, labels=(2,), **options):
    targets = RegionTargets(list(labels))
    return Prepared([labelled()], FrameBundle(), folder, variants, 0.2, 0.4, targets=targets, **options)


@pytest.mark.parametrize("remesh", [False, True])
def test_targets_of_every_copy_are_those_of_its_own_labels_and_geometry(tmp_path, remesh):
    first = None
    for _ in range(2):  # made, then read from the cache
        for item, data in enumerate(prepared(tmp_path, remesh=remesh)):
            surface = charts_of(data)
            true = region_boxes(surface, data.face_label, [2], smallest=0.002)
            expected = BoxTargets.of(true, surface).over(surface.scale)
            for name, value in vars(expected).items():
                assert torch.allclose(data[f"box_{name}"].double(), value.double(), atol=1e-9)
            first = data.box_extent if item == 0 else first
            assert item == 0 or not torch.equal(data.box_extent, first)
    assert len(list(tmp_path.iterdir())) == 3


def test_other_labels_and_other_objects_are_not_read_from_the_cache(tmp_path):
    first = prepared(tmp_path, variants=1)[0]
    other = prepared(tmp_path, variants=1, labels=(0,))[0]
    assert not torch.equal(first.box_label, other.box_label)
    mesh = labelled()
    mesh.face_label = mesh.face_label.roll(1, 0) * 0
    none = Prepared([mesh], FrameBundle(), tmp_path, targets=RegionTargets([2]))[0]
    assert (none.box_label == -1).all()
    plain = Prepared([mesh], FrameBundle(), tmp_path)[0]
    assert "box_label" not in plain


def test_the_unit_is_about_the_half_length_of_a_box():
    data = FrameBundle()(labelled())
    surface, targets = charts_of(data), RegionTargets([2])
    boxes = targets.boxes(data, surface)
    assert targets.unit([labelled()]) == pytest.approx(float(boxes.extent.mean()) / surface.scale, rel=0.2)
    assert (areas(boxes, surface) > 0).all() and isinstance(boxes, Boxes)


def test_labels_of_vertices_do_as_well():
    data = labelled()
    data.vertex_label = (data.pos[:, 2] > 0.9).long()
    del data.face_label
    assert len(RegionTargets([1]).boxes(FrameBundle()(data))) == 1


def test_refusals():
    bare = labelled()
    del bare.face_label
    with pytest.raises(ValueError, match="labels that are objects, got none: name at least one"):
        RegionTargets([])
    with pytest.raises(ValueError, match="shapes with regions of the labels that are objects, got none"):
        RegionTargets([7]).unit([labelled()])
    with pytest.raises(ValueError, match=r"regions need labels \(no face_label or vertex_label\)"):
        RegionTargets([2]).boxes(FrameBundle()(bare))
