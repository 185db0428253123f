"""Average precision, each case computed by hand, and errors of the boxes found."""

import math

import pytest
import torch
from box_table import BUNDLES, bundle, random_boxes

from gaugenet.detection import THRESHOLDS, Boxes, Scene, average_precision, iou, recentred, suppress
from gaugenet.group import Group
from gaugenet.transforms.gauge import change_gauge


def boxes(labels, scores=None):
    size = len(labels)
    scores = torch.ones(size, dtype=torch.float64) if scores is None else torch.tensor(scores, dtype=torch.float64)
    zero = torch.zeros(size, dtype=torch.float64)
    vertex = torch.zeros(size, dtype=torch.int64)
    return Boxes.at_vertices(vertex, zero, torch.ones(size, 2), torch.tensor(labels, dtype=torch.int64), scores)


def scene(overlap, detected, scores, true, turn=0.0, distance=0.0):
    """A scene of labels and scores of the detected boxes, labels of the true ones, and their overlaps."""
    shape = (len(detected), len(true))
    shares = torch.tensor(overlap, dtype=torch.float64).reshape(shape)
    return Scene(boxes(detected, scores), boxes(true), shares, torch.full(shape, distance), torch.full(shape, turn))


def ap(*scenes, classes=1, thresholds=(0.5,)):
    return average_precision(scenes, classes, thresholds).ap.tolist()


def test_perfect():
    everything = average_precision([scene([[1.0, 0.0], [0.0, 1.0]], [0, 1], [0.3, 0.9], [0, 1])], 2)
    assert everything.ap.shape == (10, 2) and (everything.ap == 1).all()
    assert everything.mean == everything.at(0.5) == everything.at(0.95) == 1


def test_all_wrong_and_none():
    assert ap(scene([[0.4], [0.0]], [0, 0], [0.9, 0.8], [0])) == [[0.0]]
    assert ap(scene([], [], [], [0])) == [[0.0]]
    assert ap(scene([[1.0]], [1], [0.9], [0]), classes=2)[0][0] == 0.0  # another class


def test_a_second_detection_of_one_box_is_wrong():
    """Right, wrong, right: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; 1/2 x 1 + 1/2 x 2/3."""
    overlap = [[0.9, 0.0], [0.8, 0.0], [0.0, 0.7]]
    assert ap(scene(overlap, [0, 0, 0], [0.9, 0.8, 0.7], [0, 0])) == [[pytest.approx(5 / 6)]]


def test_a_detection_takes_the_best_box_that_is_free():
    """At 0.5 the second takes the second box; at 0.6 it finds none: precision 1 up to recall 1/2."""
    overlap = [[0.9, 0.6], [0.8, 0.55]]
    assert ap(scene(overlap, [0, 0], [0.9, 0.8], [0, 0]), thresholds=(0.5, 0.6)) == [[1.0], [0.5]]


def test_order_of_scores():
    overlap = [[0.0], [1.0]]
    assert ap(scene(overlap, [0, 0], [0.9, 0.8], [0])) == [[0.5]]
    assert ap(scene(overlap, [0, 0], [0.8, 0.9], [0])) == [[1.0]]


def test_precision_is_the_best_at_this_recall_or_more():
    """Wrong, right, right of two boxes: precision 0, 1/2, 2/3: 2/3 all over."""
    overlap = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert ap(scene(overlap, [0, 0, 0], [0.9, 0.8, 0.7], [0, 0])) == [[pytest.approx(2 / 3)]]


def test_equal_scores_come_in_together():
    """One right, one wrong: precision 1/2 at recall 1, in whatever order they are written."""
    assert (
        ap(scene([[0.0], [1.0]], [0, 0], [0.8, 0.8], [0]))
        == ap(scene([[1.0], [0.0]], [0, 0], [0.8, 0.8], [0]))
        == [[0.5]]
    )
    for rows in ([0, 1], [1, 0]):  # the one that overlaps more finds the box, of which the other is a duplicate
        found = average_precision([scene([[[0.9], [0.6]][k] for k in rows], [0, 0], [0.8, 0.8], [0])], 1, (0.5, 0.7))
        assert found.ap.tolist() == [[0.5], [0.5]]


def test_a_class_without_true_boxes_does_not_count():
    found = average_precision([scene([[1.0], [0.0]], [0, 1], [0.9, 0.8], [0])], 3, (0.5,))
    assert found.ap[0, 0] == 1 and found.ap[0, 1:].isnan().all()
    assert found.mean == 1
    assert math.isnan(average_precision([], 2).mean)


def test_two_thresholds():
    found = average_precision([scene([[0.6]], [0], [0.9], [0])], 1, (0.5, 0.7))
    assert found.ap.tolist() == [[1.0], [0.0]]
    assert found.mean == 0.5 and found.at(0.7) == 0.0
    assert THRESHOLDS[0] == 0.5 and THRESHOLDS[-1] == pytest.approx(0.95) and len(THRESHOLDS) == 10
    assert average_precision([scene([[0.75]], [0], [0.9], [0])], 1).mean == pytest.approx(0.6)  # 0.5 to 0.75 of ten


def test_scenes_share_one_curve():
    """Scores 0.9 right, 0.8 wrong (other scene), 0.7 right: of three boxes 1/3 x 1 + 1/3 x 2/3; the third is missed."""
    one = scene([[1.0, 0.0], [0.0, 1.0]], [0, 0], [0.9, 0.7], [0, 0])
    other = scene([[0.1]], [0], [0.8], [0])
    assert ap(one, other) == [[pytest.approx(1 / 3 + 2 / 9)]]
    assert ap(other, one) == ap(one, other)


def test_errors_of_found_boxes():
    """A detection at 0.9 pi and one turned by a full turn more; half turns do not count where the class has them."""
    turned = scene([[0.8]], [0], [0.9], [0], turn=0.9 * math.pi, distance=0.25)
    around = scene([[0.8], [0.3]], [1, 1], [0.9, 0.5], [1], turn=2 * math.pi + 0.1)
    whole = average_precision([turned, around], 2, (0.5,))
    assert whole.label.tolist() == [0, 1]
    assert whole.distance.tolist() == [0.25, 0.0]
    assert whole.turn.tolist() == pytest.approx([0.9 * math.pi, 0.1])
    half = average_precision([turned, around], 2, (0.5,), half_turns={0})
    assert half.turn.tolist() == pytest.approx([0.1 * math.pi, 0.1])


@pytest.mark.parametrize("name", BUNDLES)
def test_scene_of_a_bundle(name):
    """Boxes moved and turned a little lie apart by that much, whatever the gauge; at other vertices too."""
    data = bundle(name)
    inner = (data.pos[:, :2].norm(dim=1) < 0.4).nonzero()[:, 0] if data.get("space") else len(data.pos)
    true = random_boxes(8, inner, seed=3, sizes=(0.3, 0.4))
    shift = torch.tensor([0.03, 0.04], dtype=torch.float64)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    detected = true.moved(true.vertex, true.offset + shift, true.angle + 0.1)[order]
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    for here, found, known in (
        (data, detected, true),
        (change_gauge(data, at), detected.change_gauge(at), true.change_gauge(at)),
    ):
        measured = Scene.of(found, known, here)
        result = average_precision([measured], 2, (0.5, 0.6))
        assert result.mean == 1 and len(result.turn) == 8
        assert (result.distance - 0.05).abs().max() < 2e-3
        assert (result.turn - 0.1).abs().max() < 5e-3
        assert torch.equal(measured.iou, iou(found, known, here))


@pytest.mark.parametrize("name", ["mesh", "one-sided", "sphere"])
def test_difference_between_vertices(name):
    """The same boxes seen from other vertices are as far from themselves as recentring is off."""
    data = bundle(name)
    true = random_boxes(20, len(data.pos), sizes=(0.3, 0.5), offset=0.15)
    near = recentred(true, data)
    assert (near.vertex != true.vertex).any()
    result = average_precision([Scene.of(near[[k]], true[[k]], data) for k in range(20)], 2, (0.5,))
    assert len(result.distance) == 20
    limit = 1e-9 if name == "sphere" else 0.03
    assert result.distance.max() < limit and result.turn.max() < 3 * limit
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    after, near, true = change_gauge(data, at), near.change_gauge(at), true.change_gauge(at)
    again = average_precision([Scene.of(near[[k]], true[[k]], after) for k in range(20)], 2, (0.5,))
    assert (again.distance - result.distance).abs().max() < 1e-12 and (again.turn - result.turn).abs().max() < 1e-9


def test_suppression_makes_it_better():
    data = bundle("sphere")
    true = random_boxes(6, torch.arange(0, 642, 97), sizes=(0.3, 0.5))
    many = random_boxes(6, torch.arange(0, 642, 97), sizes=(0.3, 0.5))
    doubled = Boxes(
        *(torch.cat([getattr(many, key)] * 2) for key in ("vertex", "offset", "angle", "extent", "label", "score"))
    )
    before = average_precision([Scene.of(doubled, true, data)], 2).mean
    after = average_precision([Scene.of(doubled[suppress(doubled, data)], true, data)], 2).mean
    assert before < 0.95 and after == 1


def test_refusals():
    with pytest.raises(ValueError, match=r"iou \(1, 2\), detected x true, got \(2, 1\): transpose"):
        Scene(boxes([0]), boxes([0, 0]), torch.zeros(2, 1), torch.zeros(1, 2), torch.zeros(1, 2))
    one = scene([[1.0]], [2], [0.9], [0])
    with pytest.raises(ValueError, match="labels below 2, got 2: give the number of classes"):
        average_precision([one], 2)
    for thresholds in ((), (50,), (0.0,)):
        with pytest.raises(ValueError, match=r"thresholds in 0\.\.1"):
            average_precision([one], 3, thresholds)
    for half_turns in ([3], [0, -1]):
        with pytest.raises(ValueError, match=r"half_turns among the labels 0\.\.2, got \[(3|-1, 0)\]"):
            average_precision([one], 3, half_turns=half_turns)
    with pytest.raises(ValueError, match=r"one of the thresholds \[0\.5\], got 0\.75"):
        average_precision([one], 3, (0.5,)).at(0.75)
