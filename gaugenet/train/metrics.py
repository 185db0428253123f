"""Scores of a labelling, weighted by area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gaugenet.models.comparison import area_accuracy


def confusion(prediction: Tensor, label: Tensor, area: Tensor, num_labels: int) -> Tensor:
    """Return ``(L, L)`` shares of the labelled area, row = truth, column = prediction; they sum to 1."""
    known = label >= 0
    cell = label[known] * num_labels + prediction[known]
    total = torch.bincount(cell, weights=area[known].double(), minlength=num_labels**2)
    return (total / total.sum()).reshape(num_labels, num_labels)


@dataclass
class Scores:
    """Collect the scores of several shapes, every shape counting the same whatever its size.

    Attributes:
        label_names: L names. accuracies: area accuracy of each shape. matrix: ``(L, L)`` sum of confusion matrices.
    """

    label_names: Sequence[str]
    accuracies: list[float] = field(default_factory=list)
    matrix: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.matrix = torch.zeros(len(self.label_names), len(self.label_names), dtype=torch.float64)

    def add(self, prediction: Tensor, label: Tensor, area: Tensor) -> None:
        """Add a shape: labels of prediction and truth ``(N,)`` and areas ``(N,)``."""
        if not bool((label >= 0).any()):
            raise ValueError(f"a shape of {len(label)} elements has no labelled one: drop it from the evaluation")
        self.accuracies.append(area_accuracy(prediction, label, area))
        self.matrix += confusion(prediction, label, area, len(self.label_names))

    @property
    def area_accuracy(self) -> float:
        """Mean over the shapes of the share of area with the right label."""
        return sum(self.accuracies) / len(self.accuracies) if self.accuracies else float("nan")

    @property
    def classes(self) -> dict[str, dict[str, float]]:
        """Intersection over union, and accuracy (recall), of each label that occurs in truth or prediction."""
        hit = self.matrix.diagonal()
        truth, guess = self.matrix.sum(1), self.matrix.sum(0)
        return {
            name: {
                "iou": float(hit[k] / (truth[k] + guess[k] - hit[k])),
                "accuracy": float(hit[k] / truth[k]) if truth[k] > 0 else 0.0,
            }
            for k, name in enumerate(self.label_names)
            if truth[k] + guess[k] > 0
        }

    @property
    def mean_iou(self) -> float:
        """Mean of the intersections over unions of the labels that occur."""
        values = [scores["iou"] for scores in self.classes.values()]
        return sum(values) / len(values) if values else float("nan")
