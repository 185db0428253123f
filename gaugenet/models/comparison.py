"""What a network gives, beside what it should give."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

_KEYS = {"face": "face_label", "vertex": "vertex_label", "shape": "y"}


class Comparison(NamedTuple):
    """Outputs and targets of faces, vertices or whole shapes.

    Attributes:
        output: ``(N, L)`` scores, or ``(N, D)`` a field. target: ``(N,)`` labels, -1 where there is none, or ``(N, D)``
            numbers. at: what they belong to, "face", "vertex" or "shape".
        weight: how much each row counts ``(N,)``, where the network knows it; else faces and vertices count by area,
            shapes all the same. shapes: how many shapes there are, each of as many rows, that are scored one by one.
    """

    output: Tensor
    target: Tensor
    at: str
    weight: Tensor | None = None
    shapes: int = 1


def labelled_place(data: Any, *places: str) -> str:
    """Return the first of the places, "face", "vertex" or "shape", that has labels in the data.

    Raises:
        ValueError: none has.
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


def compare_labels(output: Tensor, data: Any, at: str) -> Comparison:
    """Put scores ``(N, L)`` beside the labels of the data.

    Raises:
        ValueError: the labels are not ``(N,)`` integers below L.
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
            "with more, or number the labels anew"
        )
    return Comparison(output, label.to(torch.int64), at, shapes=len(output) if at == "shape" else 1)
