"""Boxes as values: what is refused, selections, and how a change of gauge rewrites them."""

import math

import pytest
import torch
from box_table import bundle, random_boxes, turned

from gaugenet.detection import Boxes
from gaugenet.group import Elements, Group
from gaugenet.transforms.gauge import change_gauge


def columns(boxes):
    return [boxes.vertex, boxes.offset, boxes.angle, boxes.extent, boxes.label, boxes.score]


def test_selection():
    boxes = random_boxes(5, 100)
    assert len(boxes) == 5 and len(boxes[[]]) == 0
    for index, rows in ((2, [2]), (slice(1, 4), [1, 2, 3]), (torch.tensor([4, 0]), [4, 0]), (boxes.label == 1, None)):
        rows = (boxes.label == 1).nonzero()[:, 0].tolist() if rows is None else rows
        for part, whole in zip(columns(boxes[index]), columns(boxes), strict=True):
            assert torch.equal(part, whole[rows])


def test_one_change_after_another_is_their_product():
    boxes = random_boxes(20, 100)
    one, two = (Group("O2").random(100, generator=torch.Generator().manual_seed(k)) for k in (1, 2))
    twice, once = boxes.change_gauge(one).change_gauge(two), boxes.change_gauge(one @ two)
    assert (twice.offset - once.offset).abs().max() < 1e-14
    assert turned(twice.angle - once.angle).max() < 1e-14
    back = boxes.change_gauge(one).change_gauge(one.inverse())
    assert (back.offset - boxes.offset).abs().max() < 1e-15


def test_change_by_hand():
    """In a frame a quarter turn ahead e1 is -e2; in a mirrored one, e2 turned round, angles change sign."""
    boxes = Boxes.at_vertices(torch.tensor([1]), torch.tensor([0.3]), torch.ones(1, 2), torch.tensor([0]))
    boxes = boxes.moved(boxes.vertex, torch.tensor([[1.0, 2.0]]), boxes.angle)
    turned_frame = boxes.change_gauge(torch.tensor([0.0, math.pi / 2]))
    assert torch.allclose(turned_frame.offset, torch.tensor([[2.0, -1.0]]))
    assert torch.allclose(turned_frame.angle, torch.tensor([0.3 - math.pi / 2]))
    mirrored = boxes.change_gauge(Elements(torch.zeros(2), torch.tensor([False, True])))
    assert torch.allclose(mirrored.offset, torch.tensor([[1.0, -2.0]]))
    assert torch.allclose(mirrored.angle, torch.tensor([-0.3]))
    assert torch.equal(mirrored.extent, boxes.extent) and torch.equal(mirrored.score, torch.ones(1))


def test_direction_in_space_stays():
    """The offset as a vector in space does not change with the frames."""
    data, boxes = bundle("one-sided"), random_boxes(30, 300)
    at = Group("O2").random(len(data.pos), generator=torch.Generator().manual_seed(3))
    after, moved = change_gauge(data, at), boxes.change_gauge(at)
    before, now = (
        torch.einsum("nk,nka->na", b.offset, d.frame[b.vertex, :2]) for b, d in ((boxes, data), (moved, after))
    )
    assert (before - now).abs().max() < 1e-15


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        (0, torch.zeros(2), "vertex int64 >= 0, got torch.float32 in 0..0: number from 0"),
        (0, torch.tensor([0, -1]), r"vertex int64 >= 0, got torch.int64 in -1..0"),
        (1, torch.zeros(2, 3), r"offset \(2, 2\), one a vertex, got \(2, 3\): reshape it"),
        (2, torch.zeros(3), r"angle \(2,\), one a vertex, got \(3,\)"),
        (2, torch.tensor([0.0, math.nan]), "angle floating point and finite"),
        (3, torch.tensor([[1.0, 0.0], [1.0, 1.0]]), "extents > 0, got 0: drop boxes without a size"),
        (4, torch.tensor([0.0, 1.0]), "label int64"),
        (5, torch.tensor([1, 2]), "score floating point and finite, got torch.int64 in 1..2"),
    ],
)
def test_refusals(column, value, complaint):
    values = [
        torch.tensor([0, 1]),
        torch.zeros(2, 2),
        torch.zeros(2),
        torch.ones(2, 2),
        torch.tensor([0, 1]),
        torch.ones(2),
    ]
    Boxes(*values)
    values[column] = value
    with pytest.raises(ValueError, match=complaint) as error:
        Boxes(*values)
    assert "\n" not in str(error.value)
