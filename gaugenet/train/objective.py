"""What a network is fitted to, whatever it is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from gaugenet.models.classification_net import ClassificationNet
from gaugenet.models.segmentation_net import SegmentationNet
from gaugenet.models.surface_net import SurfaceNet
from gaugenet.models.tangent_field_net import TangentFieldNet
from gaugenet.train.labelling import evaluate, label_loss


def shape_loss(net: SurfaceNet, data: Any, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Return the loss of one shape and how good it is, at best 1 (a number without gradient).

    Networks that give labels: cross entropy and the share that is right (``label_loss``). Fields: the mean square of
    the error over that of the target ``data.field (V, rep_out.dim)``, by area, and 1 less that.
    """
    if isinstance(net, TangentFieldNet):
        loss = _field_error(net, data)
        return loss, 1.0 - float(loss.detach())
    return label_loss(net, data, label_smoothing)  # type: ignore[arg-type]


@torch.no_grad()
def score(net: SurfaceNet, shapes: Iterable[Any]) -> float:
    """Return the mean over prepared shapes of how good a network is, in evaluation mode.

    That is the accuracy of ``evaluate`` where labels have names, and else what ``shape_loss`` says.
    """
    if isinstance(net, (SegmentationNet, ClassificationNet)):
        return evaluate(net, shapes).area_accuracy
    training = net.training
    net.eval()
    each = [shape_loss(net, data)[1] for data in shapes]
    net.train(training)
    return sum(each) / len(each) if each else float("nan")


def _field_error(net: TangentFieldNet, data: Any) -> Tensor:
    target = getattr(data, "field", None)
    if target is None:
        raise ValueError(f"the data has no field ({len(data.pos)}, {net.rep_out.dim}) to learn: set data.field")
    if target.shape != (len(data.pos), net.rep_out.dim):
        raise ValueError(
            f"data.field must have shape ({len(data.pos)}, {net.rep_out.dim}), {net.rep_out} at each vertex, got "
            f"{tuple(target.shape)}"
        )
    area = data.area_0.to(target.dtype)[:, None]
    scale = (area * target.square()).sum().clamp_min(torch.finfo(target.dtype).tiny)
    return (area * (net(data) - target).square()).sum() / scale
