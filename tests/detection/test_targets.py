"""Which vertices answer for which boxes, and that they see the boxes as they are."""

import box_table
import pytest
import torch

from gaugenet.detection import Boxes, BoxTargets, charts_of, contains, coordinates, iou, recentred
from gaugenet.transforms.gauge import change_gauge


def boxes_of(targets, label=None):
    """The boxes that vertices answer for, as they see them."""
    vertex = (targets.label >= 0).nonzero()[:, 0]
    one = torch.ones(len(vertex), dtype=torch.float64)
    return Boxes(
        vertex, targets.offset[vertex], targets.angle[vertex], targets.extent[vertex], targets.label[vertex], one
    )


@pytest.mark.parametrize("name", box_table.BUNDLES)
def test_vertices_see_the_same_boxes(name):
    data = box_table.bundle(name)
    surface = charts_of(data)
    boxes = recentred(box_table.random_boxes(6, len(data.pos), sizes=(0.2, 0.4)), surface)
    at = coordinates(boxes, surface)
    seen = surface.seen_from(surface.checked(boxes), at)
    assert torch.equal(seen.vertex, at.vertex) and torch.equal(seen.extent, boxes.extent[at.box])
    exact = name in ("sphere", "plane", "hyperbolic")
    assert torch.allclose(seen.offset.norm(dim=1), at.xy.norm(dim=1), atol=1e-9 if exact else 1e-6)
    if exact:
        again = iou(seen[:40], boxes, surface)
        assert torch.allclose(again[torch.arange(len(again)), at.box[:40]], torch.ones(len(again)).double(), atol=1e-6)
    back = torch.isclose(at.xy.norm(dim=1), torch.zeros(1, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(seen.angle[back], boxes.angle[at.box[back]], atol=1e-9)


@pytest.mark.parametrize("name", box_table.BUNDLES)
def test_the_core_answers_and_the_smallest_comes_first(name):
    data = box_table.bundle(name)
    boxes = box_table.random_boxes(5, len(data.pos), sizes=(0.3, 0.5))
    targets = BoxTargets.of(boxes, data)
    small = Boxes(boxes.vertex, boxes.offset, boxes.angle, boxes.extent * 0.5, boxes.label, boxes.score)
    inside = contains(recentred(small, data), data)
    answering = set((targets.label >= 0).nonzero()[:, 0].tolist())
    assert set(inside.vertex.tolist()) <= answering
    assert answering - set(inside.vertex.tolist()) <= set(recentred(boxes, data).vertex.tolist())
    area = boxes.extent.prod(1)
    for vertex in answering:
        smallest = min((float(area[box]) for box, at in zip(inside.box, inside.vertex) if at == vertex), default=None)
        if smallest is not None:
            assert float(targets.extent[vertex].prod()) <= smallest + 1e-12


def test_scenes_of_a_batch_stand_beside_each_other():
    data = box_table.bundle("sphere")
    surface, boxes = charts_of(data), box_table.random_boxes(7, len(data.pos), sizes=(0.2, 0.4))
    scene = torch.tensor([0, 2, 2, 0, 0, 2, 2])
    together = BoxTargets.of(boxes, surface, scene, scenes=3)
    for number in range(3):
        alone = BoxTargets.of(boxes[scene == number], surface)
        for name in ("label", "offset", "angle", "extent"):
            rows = getattr(together, name).view(3, surface.size, -1)[number]
            assert torch.allclose(rows, getattr(alone, name).view(surface.size, -1), atol=1e-12)
    assert not (together.label.view(3, -1)[1] >= 0).any()


@pytest.mark.parametrize("name", box_table.BUNDLES)
def test_targets_turn_with_the_frames(name):
    data = box_table.bundle(name)
    boxes = box_table.random_boxes(5, len(data.pos), sizes=(0.2, 0.4))
    angle = 6.28 * torch.rand(len(data.pos), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    plain = boxes_of(BoxTargets.of(boxes, data)).change_gauge(angle)
    turned = boxes_of(BoxTargets.of(boxes.change_gauge(angle), change_gauge(data, angle)))
    assert torch.equal(plain.vertex, turned.vertex) and torch.equal(plain.label, turned.label)
    assert torch.allclose(plain.offset, turned.offset, atol=1e-10)
    assert float(box_table.turned(plain.angle - turned.angle).max()) < 1e-10
