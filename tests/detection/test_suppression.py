"""Suppression: a slow reference, a case by hand, and what does not matter to it."""

import pytest
import space_table
import torch
from box_table import BUNDLES, bundle, random_boxes, rotated

from gaugenet.detection import Boxes, iou, suppress
from gaugenet.group import Group
from gaugenet.homogeneous import Sphere
from gaugenet.transforms.gauge import change_gauge


def slow(boxes, overlap, limit):
    """Take the best box that is left, drop those of its class that it covers, and so on."""
    left, kept = list(range(len(boxes))), []
    while left:
        best = max(left, key=lambda k: float(boxes.score[k]))
        kept.append(best)
        left = [
            k for k in left if k != best and (boxes.label[k] != boxes.label[best] or overlap[best, k] <= limit)
        ]  # fmt: skip
    return kept


def crowd(name):
    data = bundle(name)
    return data, random_boxes(60, torch.arange(0, 40, 4), sizes=(0.3, 0.5), offset=0.1)


@pytest.mark.parametrize("name", BUNDLES)
def test_slow_reference_and_gauge(name):
    data, boxes = crowd(name)
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    for limit in (0.1, 0.5):
        kept = suppress(boxes, data, limit)
        assert kept.tolist() == slow(boxes, iou(boxes, boxes, data), limit)
        assert 3 < len(kept) < 60
        assert torch.equal(suppress(boxes.change_gauge(at), change_gauge(data, at), limit), kept)


def test_rotations_of_an_icosphere_do_not_matter():
    data, boxes = crowd("sphere")
    for g in space_table.icosahedral_rotations()[3::19]:
        number = space_table.permutation(Sphere(), data.pos, g)
        turn = Sphere().frame_angle(g, data.pos)[boxes.vertex]
        moved = boxes.moved(number[boxes.vertex], rotated(boxes.offset, turn), boxes.angle + turn)
        assert torch.equal(suppress(moved, data, 0.3), suppress(boxes, data, 0.3))


def test_by_hand():
    """Unit squares in a row, each half covered by the next, IoU 1/3: the second drops the first and the third."""
    offset = torch.tensor([[0.0, 0.0], [0.2, 0.0], [0.4, 0.0], [0.2, 0.0]], dtype=torch.float64)
    zero, size = torch.zeros(4, dtype=torch.int64), torch.full((4, 2), 0.2, dtype=torch.float64)
    score = torch.tensor([0.6, 0.9, 0.5, 0.1], dtype=torch.float64)
    boxes = Boxes(zero, offset, torch.zeros(4, dtype=torch.float64), size, torch.tensor([0, 0, 0, 1]), score)
    assert iou(boxes, boxes, bundle("plane"))[0, 1] == pytest.approx(1 / 3)
    assert suppress(boxes, bundle("plane"), 0.3).tolist() == [1, 3]  # the last is of another class
    assert suppress(boxes, bundle("plane"), 0.4).tolist() == [1, 0, 2, 3]
    equal = Boxes(zero[:2], offset[:2], boxes.angle[:2], size[:2], zero[:2], torch.ones(2))
    assert suppress(equal, bundle("plane"), 0.3).tolist() == [0]


def test_nothing_and_refusals():
    data, boxes = crowd("plane")
    assert suppress(boxes[[]], data).shape == (0,)
    with pytest.raises(ValueError, match=r"an iou in 0\.\.1, got 50"):
        suppress(boxes, data, 50)
