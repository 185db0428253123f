"""Outputs of a network with their targets, the loss, and shares by area."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

_KEYS = {"face": "face_label", "vertex": "vertex_label", "shape": "y"}


class Comparison(NamedTuple):
    """Outputs and targets of faces, vertices or whole shapes.

    Attributes:
        output: ``(N, L)`` scores, or ``(N, D)`` a field.
        target: ``(N,)`` labels, -1 where there is none, or ``(N, D)`` numbers.
        at: What the rows belong to, "face", "vertex" or "shape".
        weight: ``(N,)`` weight of each row, where the network knows it; else faces and vertices count by area, shapes
            equally.
        shapes: Number of shapes, of as many rows each, that are scored one by one.
    """

    output: Tensor
    target: Tensor
    at: str
    weight: Tensor | None = None
    shapes: int = 1

    def weights(self, data: Data) -> Tensor:
        """Return the weight of each row ``(N,)``: of faces and vertices of ``data`` the area, of shapes 1."""
        if self.weight is not None:
            return self.weight
        if self.at == "face":
            return face_areas(data.pos, data.face)
        return data.area_0 if self.at == "vertex" else torch.ones_like(self.target, dtype=torch.float64)

    def sizes(self, data: Data) -> list[int]:
        """Return how many rows each shape of ``data`` has, single or batched."""
        batch = getattr(data, "batch", None)
        if self.at == "shape" or self.shapes > 1 or batch is None:
            return [len(self.target) // self.shapes] * self.shapes
        return torch.bincount(batch[data.face[0]] if self.at == "face" else batch).tolist()

    def loss(self, data: Data, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
        """Return the loss and a score, at best 1.

        Of labels: the cross entropy and the weighted share of correct labels. Of fields: the weighted mean square of
        the error over that of the target, and 1 minus that.

        Args:
            data: What the network ran on.
            label_smoothing: Of the cross entropy.

        Raises:
            ValueError: If no row has a label.
        """
        weight = self.weights(data)
        if self.target.dim() == 2:
            loss = self._field_loss(weight)
            return loss, 1.0 - float(loss.detach())
        loss = self._label_loss(weight, label_smoothing)
        return loss, area_accuracy(self.output.argmax(1), self.target, weight)

    def _label_loss(self, weight: Tensor, label_smoothing: float) -> Tensor:
        label = self.target
        if not bool((label >= 0).any()):
            raise ValueError(f"a shape of {len(label)} elements has no labelled one: drop it from the training data")
        each = torch.nn.functional.cross_entropy(
            self.output, label, ignore_index=-1, reduction="none", label_smoothing=label_smoothing
        )
        counted = weight * (label >= 0)
        return ((counted / counted.sum()).to(each.dtype) * each).sum()

    def _field_loss(self, weight: Tensor) -> Tensor:
        target = self.target
        area = weight.to(target.dtype)[:, None]
        scale = (area * target.square()).sum().clamp_min(torch.finfo(target.dtype).tiny)
        return (area * (self.output - target).square()).sum() / scale


def labelled_place(data: Data, *places: str) -> str:
    """Return the first of the places that has labels in the data.

    Args:
        data: The data.
        *places: Any of "face", "vertex" and "shape".

    Raises:
        ValueError: If none has.
    """
    there = [place for place, key in _KEYS.items() if getattr(data, key, None) is not None]
    for place in places:
        if place in there:
            return place
    needed, found = (" or ".join(_KEYS[place] for place in some) for some in (places, there))
    raise ValueError(
        f"the data has no labels {needed}, which the network learns, {f'only {found}' if there else 'none at all'}: "
        "label these, or make a network for those that there are"
    )


def compare_labels(output: Tensor, data: Data, at: str) -> Comparison:
    """Return scores with the labels of the data.

    Args:
        output: ``(N, L)`` scores.
        data: Data with labels, ``(N,)`` integers below L.
        at: What has the labels, "face", "vertex" or "shape".

    Raises:
        ValueError: If there are no such labels.
    """
    key = _KEYS[labelled_place(data, at)]
    label = data[key]
    if label.shape != output.shape[:1] or label.is_floating_point():
        raise ValueError(
            f"data.{key} must be integers of shape ({len(output)},), one label a {at}, got {label.dtype} of shape "
            f"{tuple(label.shape)}"
        )
    if int(label.max()) >= output.shape[1]:
        raise ValueError(
            f"labels go up to {int(label.max())}, the network has {output.shape[1]} scores, from 0: make a network "
            "with more, or renumber the labels"
        )
    return Comparison(output, label.to(torch.int64), at, shapes=len(output) if at == "shape" else 1)


def face_areas(pos: Tensor, face: Tensor) -> Tensor:
    """Return the areas of faces ``(F,)`` [mesh unit squared].

    Args:
        pos: ``(V, 3)`` positions.
        face: ``(3, F)`` vertices of the faces.
    """
    a, b, c = pos[face[0]], pos[face[1]], pos[face[2]]
    return 0.5 * torch.linalg.cross(b - a, c - a).norm(dim=1)


def area_accuracy(prediction: Tensor, label: Tensor, area: Tensor) -> float:
    """Return the share of the labelled area with the correct label; NaN where nothing is labelled.

    Args:
        prediction: ``(N,)`` predicted labels.
        label: ``(N,)`` true labels, -1 where there is none.
        area: ``(N,)`` areas.
    """
    counted = area * (label >= 0)
    return float((counted * (prediction == label)).sum() / counted.sum())
