"""What a network is fitted to, whatever it is for, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from gaugenet.models.comparison import Comparison
from gaugenet.models.detector import Detector
from gaugenet.models.evaluating import evaluating
from gaugenet.models.network import Network
from gaugenet.train.metrics import Scores, area_accuracy, face_areas


def shape_loss(net: Network, data: Any, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Return the loss of one shape and how good it is, at best 1 (a number without gradient).

    What is learned, ``net.compared`` says, or of boxes ``net.loss``. Of labels: the cross entropy and the share that is
    right, both by area, or of whole shapes by number. Of fields: the mean square of the error over that of the target,
    by area, and 1 less that.

    Raises:
        ValueError: the data has not what is to be learned. TypeError: the network does not say what that is.
    """
    if isinstance(net, Detector):
        return net.loss(data)
    compared = net.compared(data)
    weight = _weights(compared, data)
    if compared.target.dim() == 2:
        loss = _field_loss(compared, weight)
        return loss, 1.0 - float(loss.detach())
    loss = _label_loss(compared, weight, label_smoothing)
    return loss, area_accuracy(compared.output.argmax(1), compared.target, weight)


def evaluate(net: Network, shapes: Iterable[Any], seen: Callable[[Any, Tensor], None] | None = None) -> Scores:
    """Score a network on prepared shapes: accuracy, IoU and confusion, by area, or of whole shapes by number.

    Labels of faces are those of ``net.labels``, everything else has the label of its best score.

    Args:
        net: with names of labels. shapes: labelled, as ``net.transform`` makes them. seen: called with each shape and
            its predicted labels.
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
            rows = (prediction, compared.target, _weights(compared, data))
            sizes = _sizes(compared, data)
            for shape in zip(*(row.split(sizes) for row in rows), strict=True):  # of a batch every one counts
                scores.add(*shape)
            if seen is not None:
                seen(data, prediction)
    return scores


def score(net: Network, shapes: Iterable[Any]) -> float:
    """Return the mean over prepared shapes of how good a network is, in evaluation mode.

    That is the accuracy of ``evaluate`` where labels have names, and else, or of boxes, what ``shape_loss`` says.
    """
    if net.label_names and not isinstance(net, Detector):
        return evaluate(net, shapes).area_accuracy
    with evaluating(net):
        each = [shape_loss(net, data)[1] for data in shapes]
    return sum(each) / len(each) if each else float("nan")


def _sizes(compared: Comparison, data: Any) -> list[int]:
    """Return how many rows each shape of a batch has."""
    batch = getattr(data, "batch", None)
    if compared.at == "shape" or compared.shapes > 1 or batch is None:
        return [len(compared.target) // compared.shapes] * compared.shapes
    return torch.bincount(batch[data.face[0]] if compared.at == "face" else batch).tolist()


def _weights(compared: Comparison, data: Any) -> Tensor:
    """Return how much each row counts ``(N,)``: faces and vertices by area, shapes all the same."""
    if compared.weight is not None:
        return compared.weight
    if compared.at == "face":
        return face_areas(data.pos, data.face)
    return data.area_0 if compared.at == "vertex" else torch.ones_like(compared.target, dtype=torch.float64)


def _label_loss(compared: Comparison, weight: Tensor, label_smoothing: float) -> Tensor:
    label = compared.target
    if not bool((label >= 0).any()):
        raise ValueError(f"a shape of {len(label)} elements has no labelled one: drop it from the training data")
    each = torch.nn.functional.cross_entropy(
        compared.output, label, ignore_index=-1, reduction="none", label_smoothing=label_smoothing
    )
    counted = weight * (label >= 0)
    return ((counted / counted.sum()).to(each.dtype) * each).sum()


def _field_loss(compared: Comparison, weight: Tensor) -> Tensor:
    target = compared.target
    area = weight.to(target.dtype)[:, None]
    scale = (area * target.square()).sum().clamp_min(torch.finfo(target.dtype).tiny)
    return (area * (compared.output - target).square()).sum() / scale
