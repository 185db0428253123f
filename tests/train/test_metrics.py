"""Scores, by hand."""

import math

import pytest
import torch

from gaugenet.models.comparison import area_accuracy, face_areas
from gaugenet.train.metrics import Scores, confusion

# Five faces of areas 1, 2, 3, 4 and 10; the last is unlabelled.
AREA = torch.tensor([1.0, 2, 3, 4, 10], dtype=torch.float64)
LABEL = torch.tensor([0, 0, 1, 1, -1])
GUESS = torch.tensor([0, 1, 1, 2, 0])


def test_area_accuracy():
    """Right: areas 1 and 3 of 10."""
    assert area_accuracy(GUESS, LABEL, AREA) == pytest.approx(0.4)


def test_confusion():
    expected = torch.tensor([[0.1, 0.2, 0.0], [0.0, 0.3, 0.4], [0.0, 0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(confusion(GUESS, LABEL, AREA, 3), expected)


def test_scores_of_one_shape():
    """Head: hit 1, truth 3, guess 1. Arm: hit 3, truth 7, guess 5. Leg: never true, guessed on 4. Tail: nowhere."""
    scores = Scores(["head", "arm", "leg", "tail"])
    scores.add(GUESS, LABEL, AREA)
    assert scores.area_accuracy == pytest.approx(0.4)
    assert scores.classes.keys() == {"head", "arm", "leg"}
    assert scores.classes["head"] == pytest.approx({"iou": 1 / 3, "accuracy": 1 / 3})
    assert scores.classes["arm"] == pytest.approx({"iou": 3 / 9, "accuracy": 3 / 7})
    assert scores.classes["leg"] == {"iou": 0.0, "accuracy": 0.0}
    assert scores.mean_iou == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)


def test_every_shape_counts_the_same():
    scores = Scores(["head", "arm", "leg"])
    scores.add(GUESS, LABEL, AREA)
    scores.add(torch.tensor([2]), torch.tensor([2]), torch.tensor([1e-3]))
    assert scores.area_accuracy == pytest.approx((0.4 + 1) / 2)
    assert float(scores.matrix.sum()) == pytest.approx(2)
    assert scores.classes["leg"] == pytest.approx({"iou": 1 / 1.4, "accuracy": 1.0})


def test_unlabelled_elements_do_not_count():
    """Whatever is predicted there, and however large they are."""
    other = GUESS.clone()
    other[4] = 2
    large = AREA.clone()
    large[4] = 1e6
    assert area_accuracy(other, LABEL, large) == area_accuracy(GUESS, LABEL, AREA)
    assert torch.equal(confusion(other, LABEL, large, 3), confusion(GUESS, LABEL, AREA, 3))


def test_a_shape_without_labels_is_refused():
    with pytest.raises(ValueError, match="a shape of 5 elements has no labelled one"):
        Scores(["head"]).add(GUESS, torch.full((5,), -1), AREA)


def test_no_shapes_no_scores():
    scores = Scores(["head", "arm"])
    assert math.isnan(scores.area_accuracy) and math.isnan(scores.mean_iou) and scores.classes == {}


def test_face_areas():
    pos = torch.tensor([[0.0, 0, 0], [3, 0, 0], [0, 4, 0], [0, 0, 2]])
    face = torch.tensor([[0, 0], [1, 1], [2, 3]])
    assert face_areas(pos, face).tolist() == pytest.approx([6.0, 3.0])
