"""What a network is fitted to, whatever it is for, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from gaugenet.models.network import Network, evaluating
from gaugenet.train.metrics import Scores


def shape_loss(net: Network, data: Any, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Return the loss of one shape and how good it is, at best 1 (a number without gradient).

    The training target comes from the network: ``net.loss``, by default of ``net.compared``. Of labels these are the
    cross entropy and the share of correct labels, both by area, or of whole shapes by number; of fields the mean square
    of the error over that of the target, by area, and 1 minus that.

    Args:
        net: The network.
        data: Data made by ``net.transform``, with the target.
        label_smoothing: Of the cross entropy.

    Raises:
        ValueError: If the data lacks the target.
        TypeError: If the network defines none.
    """
    return net.loss(data, label_smoothing)


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
            rows = (prediction, compared.target, compared.weights(data))
            sizes = compared.sizes(data)
            for shape in zip(*(row.split(sizes) for row in rows), strict=True):  # of a batch every one counts
                scores.add(*shape)
            if seen is not None:
                seen(data, prediction)
    return scores


def score(net: Network, shapes: Iterable[Any]) -> float:
    """Return the mean over prepared shapes of how good a network is, in evaluation mode.

    That is the accuracy of ``evaluate`` where labels have names, and else, or of boxes, what ``shape_loss`` says.
    """
    if net.counts_labels:
        return evaluate(net, shapes).area_accuracy
    with evaluating(net):
        each = [shape_loss(net, data)[1] for data in shapes]
    return sum(each) / len(each) if each else float("nan")
