"""Networks that give labels: what their scores belong to, how wrong they are, and how often right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gaugenet.models.classification_net import ClassificationNet
from gaugenet.models.correspondence_net import CorrespondenceNet
from gaugenet.models.segmentation_net import Logits, SegmentationNet
from gaugenet.train.metrics import Scores, face_areas

LabelNet = SegmentationNet | ClassificationNet | CorrespondenceNet


class Labelled(NamedTuple):
    """Scores ``(N, L)`` of what has labels ``(N,)``, -1 where there is none, how much each counts ``(N,)``, and whether
    it is faces.
    """

    logits: Tensor
    label: Tensor
    weight: Tensor
    at_faces: bool = False


def labelled(net: LabelNet, data: Any) -> Labelled:
    """Return the scores of a network beside the labels of the data.

    Of segmentation, faces if the data labels them (``face_label``), else vertices (``vertex_label``), by area; of
    classification, shapes (``y``), one as good as the other; of correspondence, vertices by area, their labels being
    points of the template.

    Raises:
        ValueError: the data has no such labels.
    """
    if isinstance(net, ClassificationNet):
        label = getattr(data, "y", None)
        if label is None:
            raise ValueError("the data has no class y (1,): set it, or read the shapes with ClassFolder or PSBShapes")
        return Labelled(net(data), label, torch.ones_like(label, dtype=torch.float64))
    if isinstance(net, CorrespondenceNet):
        return Labelled(net(data), _vertex_label(data), data.area_0)
    output = net(data)
    at_faces = getattr(data, "face_label", None) is not None and net.output != "vertex"
    if isinstance(output, Logits):
        output = output.face if at_faces else output.vertex
    elif net.output == "face" and not at_faces:
        raise ValueError('the network labels faces, the data vertices: set output="vertex", or label the faces')
    if at_faces:
        return Labelled(output, data.face_label, face_areas(data.pos, data.face), at_faces=True)
    return Labelled(output, _vertex_label(data), data.area_0)


def label_loss(net: LabelNet, data: Any, label_smoothing: float) -> tuple[Tensor, float]:
    """Return the weighted cross entropy of a shape, and the share that is right (a number without gradient)."""
    logits, label, weight, _ = labelled(net, data)
    if not bool((label >= 0).any()):
        raise ValueError(f"a shape of {len(label)} elements has no labelled one: drop it from the training data")
    if int(label.max()) >= logits.shape[1]:
        raise ValueError(
            f"labels go up to {int(label.max())}, the network has {logits.shape[1]} scores, from 0: make a network "
            "with more, or number the labels anew"
        )
    each = torch.nn.functional.cross_entropy(
        logits, label, ignore_index=-1, reduction="none", label_smoothing=label_smoothing
    )
    counted = weight * (label >= 0)
    share = counted / counted.sum()
    accuracy = float((share * (logits.detach().argmax(1) == label)).sum())
    return (share.to(each.dtype) * each).sum(), accuracy


@torch.no_grad()
def evaluate(
    net: SegmentationNet | ClassificationNet, shapes: Iterable[Any], seen: Callable[[Any, Tensor], None] | None = None
) -> Scores:
    """Score a network on prepared shapes: accuracy, IoU and confusion, by area, or of whole shapes by number.

    Labels of faces are those of ``SegmentationNet.labels``, everything else has the label of its best score.

    Args:
        shapes: labelled, as ``net.transform`` makes them. seen: called with each shape and its predicted labels.
    """
    if isinstance(net, CorrespondenceNet):
        raise ValueError("evaluate needs a network with names of labels: use gaugenet.train.score")
    scores = Scores(net.label_names)
    training = net.training
    net.eval()
    for data in shapes:
        logits, label, weight, at_faces = labelled(net, data)
        prediction = logits.argmax(1)
        if at_faces and isinstance(net, SegmentationNet):
            prediction = net.labels(logits, data)
        scores.add(prediction, label, weight)
        if seen is not None:
            seen(data, prediction)
    net.train(training)
    return scores


def _vertex_label(data: Any) -> Tensor:
    label = getattr(data, "vertex_label", None)
    if label is None:
        raise ValueError("the data has no labels (face_label or vertex_label): read them with the mesh")
    return label
