"""Loss and scores of networks, weighted by area."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.comparison import area_accuracy, face_areas
from gaugenet.models.network import Network, evaluating

__all__ = ["Scores", "area_accuracy", "confusion", "evaluate", "face_areas", "score", "shape_loss"]


def shape_loss(net: Network, data: Data, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Return the loss of one shape, and its score without gradient, which is at most 1.

    The training target comes from the network: ``net.loss``, by default of ``net.compared``. Of labels these are the
    cross entropy and the share of correct labels, both by area, or of whole shapes by number; of fields the mean square
    of the error over that of the target, by area, and 1 minus that.

    Args:
        net: The network.
        data: Data made by ``net.transform``, with the target.
        label_smoothing: Label smoothing of the cross entropy.

    Raises:
        ValueError: If the data lacks the target.
        TypeError: If the network defines none.
    """
    return net.loss(data, label_smoothing)


def evaluate(net: Network, shapes: Iterable[Data], seen: Callable[[Data, Tensor], None] | None = None) -> Scores:
    """Score a network on prepared shapes: accuracy, IoU and confusion, by area, or of whole shapes by number.

    Labels of faces are those of ``net.labels``; everything else gets the label of its best score.

    Args:
        net: Network with label names.
        shapes: Labelled data made by ``net.transform``.
        seen: Called with each data and its predicted labels.

    Raises:
        ValueError: If the network has no label names, or data have no label.
    """
    if not net.label_names:
        raise ValueError("evaluate needs a network with names of labels: use gaugenet.train.score")
    scores = Scores(net.label_names)
    with evaluating(net):
        for data in shapes:
            compared = net.compared(data)
            prediction = compared.output.argmax(1)
            if compared.at == "face":
                prediction = net.labels(compared.output, data)
            rows = (prediction, compared.target, compared.weights(data))
            sizes = compared.sizes(data)
            for shape in zip(*(row.split(sizes) for row in rows), strict=True):  # each shape of a batch counts
                scores.add(*shape)
            if seen is not None:
                seen(data, prediction)
    return scores


def score(net: Network, shapes: Iterable[Data]) -> float:
    """Return the mean score of a network on prepared shapes: of labels the accuracy, else that of ``shape_loss``.

    Args:
        net: The network.
        shapes: Data made by ``net.transform``, with targets.
    """
    if net.counts_labels:
        return evaluate(net, shapes).area_accuracy
    with evaluating(net):
        each = [shape_loss(net, data)[1] for data in shapes]
    return sum(each) / len(each) if each else float("nan")


def confusion(prediction: Tensor, label: Tensor, area: Tensor, num_labels: int) -> Tensor:
    """Return the confusion matrix (L, L) as shares of the labelled area, which sum to 1.

    Args:
        prediction: Predicted labels (N,), the columns of the matrix.
        label: True labels (N,), the rows; -1 is unlabelled.
        area: Areas (N,).
        num_labels: Number L of labels.
    """
    known = label >= 0
    cell = label[known] * num_labels + prediction[known]
    total = torch.bincount(cell, weights=area[known].double(), minlength=num_labels**2)
    return (total / total.sum()).reshape(num_labels, num_labels)


@dataclass
class Scores:
    """Collect the scores of several shapes, all of the same weight.

    Attributes:
        label_names: Names of the L labels.
        accuracies: Area accuracy of each shape.
        matrix: Sum of the confusion matrices (L, L), rows truth and columns prediction.
    """

    label_names: Sequence[str]
    accuracies: list[float] = field(default_factory=list)
    matrix: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.matrix = torch.zeros(len(self.label_names), len(self.label_names), dtype=torch.float64)

    def add(self, prediction: Tensor, label: Tensor, area: Tensor) -> None:
        """Add a shape.

        Args:
            prediction: Predicted labels (N,).
            label: True labels (N,); -1 is unlabelled.
            area: Areas (N,).

        Raises:
            ValueError: If nothing is labelled.
        """
        if not bool((label >= 0).any()):
            raise ValueError(f"a shape of {len(label)} elements has no labelled one: drop it from the evaluation")
        self.accuracies.append(area_accuracy(prediction, label, area))
        self.matrix += confusion(prediction, label, area, len(self.label_names))

    @property
    def area_accuracy(self) -> float:
        """Mean over the shapes of the share of area with the correct label."""
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
