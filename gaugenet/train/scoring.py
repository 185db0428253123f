"""Scoring a network on labelled shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from gaugenet.models.segmentation_net import Logits, SegmentationNet
from gaugenet.train.metrics import Scores, face_areas


@torch.no_grad()
def evaluate(net: SegmentationNet, shapes: Iterable[Any], seen: Callable[[Any, Tensor], None] | None = None) -> Scores:
    """Score a network on prepared shapes: area accuracy, IoU and confusion on their original faces (or vertices).

    Args:
        shapes: labelled, as ``net.transform`` makes them. seen: called with each shape and its predicted labels.
    """
    scores = Scores(net.label_names)
    training = net.training
    net.eval()
    for data in shapes:
        logits, label, area = aligned(net, net(data), data)
        prediction = logits.argmax(1)
        scores.add(prediction, label, area)
        if seen is not None:
            seen(data, prediction)
    net.train(training)
    return scores


def aligned(net: SegmentationNet, logits: Tensor | Logits, data: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits with the labels and areas of what they belong to: faces if the data labels them, else vertices."""
    at_faces = getattr(data, "face_label", None) is not None and net.output != "vertex"
    if isinstance(logits, Logits):
        logits = logits.face if at_faces else logits.vertex
    elif net.output == "face" and not at_faces:
        raise ValueError('the network labels faces, the data vertices: set output="vertex", or label the faces')
    if at_faces:
        return logits, data.face_label, face_areas(data.pos, data.face)
    if getattr(data, "vertex_label", None) is None:
        raise ValueError("the data has no labels (face_label or vertex_label): read them with the mesh")
    return logits, data.vertex_label, data.area_0
