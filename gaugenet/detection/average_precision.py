"""Detected boxes compared with true ones: average precision, and errors of the boxes found."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts
from gaugenet.detection.coordinates import charts_of
from gaugenet.detection.overlap import iou

# Thresholds 0.5, 0.55, ..., 0.95 (Lin et al. 2014).
THRESHOLDS = tuple(0.5 + 0.05 * k for k in range(10))


@dataclass(frozen=True)
class Scene:
    """Detected and true boxes of one bundle, and how they overlap and differ, pair by pair.

    Attributes:
        detected: N boxes with scores.
        true: M boxes.
        iou: ``(N, M)`` intersections over union.
        distance: ``(N, M)`` between centres [mesh unit], only of pairs of one class that overlap.
        turn: ``(N, M)`` [rad] from true to detected direction, of the same pairs.

    Raises:
        ValueError: For other shapes.
    """

    detected: Boxes
    true: Boxes
    iou: Tensor
    distance: Tensor
    turn: Tensor

    def __post_init__(self) -> None:
        shape = (len(self.detected), len(self.true))
        for name in ("iou", "distance", "turn"):
            if tuple(getattr(self, name).shape) != shape:
                raise ValueError(
                    f"Scene expects {name} {shape}, detected x true, got {tuple(getattr(self, name).shape)}: transpose"
                )

    @staticmethod
    def of(detected: Boxes, true: Boxes, data: Data | Charts) -> Scene:
        """Measure boxes on their bundle.

        Args:
            detected: N boxes with scores.
            true: M boxes.
            data: Their bundle, or its charts.
        """
        charts = charts_of(data)
        detected, true = charts.checked(detected), charts.checked(true)
        shares = iou(detected, true, charts)
        one, two = ((shares > 0) & (detected.label[:, None] == true.label)).nonzero().unbind(1)
        difference = charts.difference(true[two], detected[one])
        distance, turn = torch.full_like(shares, torch.inf), torch.full_like(shares, torch.nan)
        distance[one, two], turn[one, two] = difference.distance, difference.turn
        return Scene(detected, true, shares, distance, turn)


@dataclass(frozen=True)
class Precision:
    """Average precision of T thresholds and L classes, and errors of the K boxes found at the first threshold.

    Attributes:
        thresholds: T thresholds of the intersection over union.
        ap: ``(T, L)``, NaN for classes without a true box.
        label: ``(K,)`` classes of the found boxes.
        distance: ``(K,)`` of their centres from the true ones [mesh unit].
        turn: ``(K,)`` [rad] >= 0 between their directions and the true ones; at most pi, or pi / 2 where a half turn is
            a symmetry of the class.
    """

    thresholds: tuple[float, ...]
    ap: Tensor
    label: Tensor
    distance: Tensor
    turn: Tensor

    @property
    def mean(self) -> float:
        """Mean over thresholds and classes: AP of COCO where the thresholds are 0.5 to 0.95."""
        return float(self.ap.nanmean())

    def at(self, threshold: float) -> float:
        """Return the mean over the classes at one of the thresholds: AP50 at 0.5.

        Args:
            threshold: One of ``thresholds``.

        Raises:
            ValueError: For another threshold.
        """
        for number, one in enumerate(self.thresholds):
            if math.isclose(one, threshold, abs_tol=1e-9):
                return float(self.ap[number].nanmean())
        raise ValueError(f"expected one of the thresholds {[round(t, 4) for t in self.thresholds]}, got {threshold}")


def average_precision(
    scenes: Sequence[Scene],
    classes: int,
    thresholds: Sequence[float] = THRESHOLDS,
    half_turns: Collection[int] = (),
) -> Precision:
    """Score detections: of each class the area under precision over recall, interpolated at all points.

    In each scene detections choose by falling score, of equal scores by falling overlap, the free true box of their
    class with the largest intersection over union; they are correct if that is at least the threshold, so that a second
    detection of one box is incorrect. With precision p and recall r after each *distinct* score of all scenes, so that
    the order of boxes does not matter,

        AP = sum_k (r_k - r_(k-1)) max_(l >= k) p_l          (Everingham et al. 2015, Lin et al. 2014).

    Args:
        scenes: Detected and true boxes.
        classes: L; labels are below.
        thresholds: T thresholds of the intersection over union, in 0..1.
        half_turns: Labels of classes that a half turn leaves the same.

    Raises:
        ValueError: For labels and half turns beyond the classes, and for thresholds outside of 0..1 or none.
    """
    thresholds = tuple(thresholds)
    if not thresholds or not all(0 < one <= 1 for one in thresholds):
        raise ValueError(f"average_precision expects thresholds in 0..1, got {thresholds}")
    if any(label not in range(classes) for label in half_turns):
        raise ValueError(
            f"average_precision expects half_turns among the labels 0..{classes - 1}, got {sorted(half_turns)}"
        )
    label = _joined([scene.detected.label for scene in scenes], torch.int64)
    true = _joined([scene.true.label for scene in scenes], torch.int64)
    highest = int(torch.cat([label, true]).max()) if len(label) + len(true) else -1
    if highest >= classes:
        raise ValueError(f"average_precision expects labels below {classes}, got {highest}: give the number of classes")
    score = _joined([scene.detected.score for scene in scenes], torch.float64)
    matches = [[_matches(scene, threshold) for scene in scenes] for threshold in thresholds]
    ap = torch.full((len(thresholds), classes), torch.nan, dtype=torch.float64)
    for row, found in enumerate(matches):
        right = _joined(found, torch.int64) >= 0
        for one in true.unique().tolist():
            of_class = label == one
            ap[row, one] = _area_under_curve(score[of_class], right[of_class], int((true == one).sum()))
    return Precision(thresholds, ap, *_errors(scenes, matches[0], half_turns))


def _joined(parts: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """Return the numbers of all parts, possibly none, on the CPU."""
    return torch.cat([torch.empty(0, dtype=dtype), *(part.detach().to("cpu", dtype) for part in parts)])


def _matches(scene: Scene, threshold: float) -> Tensor:
    """Return of each detection ``(N,)`` the number of the true box that it finds, or -1."""
    allowed = scene.iou.double().where(scene.detected.label[:, None] == scene.true.label, -1.0)
    match, free = torch.full((len(scene.detected),), -1), torch.ones(len(scene.true), dtype=torch.bool)
    if not len(scene.true):
        return match
    best = allowed.amax(1)
    order = torch.argsort(-best, stable=True)
    order = order[torch.argsort(-scene.detected.score[order], stable=True)]
    for k in order.tolist():
        share, true = allowed[k].where(free, -1.0).max(0)
        # A threshold is met up to rounding: 0.6 of areas may be 0.6 less an ulp.
        if float(share) >= threshold - 1e-12:
            match[k], free[true] = true, False
    return match


def _area_under_curve(score: Tensor, right: Tensor, truths: int) -> float:
    order = torch.argsort(-score, stable=True)
    score, hits = score[order], right[order].double().cumsum(0)
    # Detections of one score come in together: the curve has points where the score falls.
    last = torch.ones(len(score), dtype=torch.bool)
    last[:-1] = score[1:] < score[:-1]
    hits, many = hits[last], (torch.arange(len(score)) + 1.0)[last]
    precision = (hits / many).flip(0).cummax(0).values.flip(0)
    return float((precision * torch.diff(hits, prepend=hits.new_zeros(1))).sum()) / truths


def _errors(
    scenes: Sequence[Scene], found: Sequence[Tensor], half_turns: Collection[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return labels, distances and angles of the found boxes."""
    rows = [(match >= 0).nonzero()[:, 0] for match in found]
    pairs = [(scene, row, match[row]) for scene, row, match in zip(scenes, rows, found, strict=True)]
    label = _joined([scene.detected.label[row] for scene, row, _ in pairs], torch.int64)
    distance = _joined([scene.distance[row, true] for scene, row, true in pairs], torch.float64)
    turn = _joined([scene.turn[row, true] for scene, row, true in pairs], torch.float64)
    half = torch.isin(label, torch.tensor(sorted(half_turns), dtype=torch.int64))
    period = torch.pi * (2 - half.double())
    return label, distance, (turn - period * (turn / period).round()).abs()
