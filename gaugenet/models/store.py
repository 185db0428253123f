"""Saving networks, and loading them by path or by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import torch

from gaugenet.models.detection import DetectionNet
from gaugenet.models.files import NETWORKS, TRUNKS, write_network
from gaugenet.models.location import recorded, shipped
from gaugenet.models.network import Network
from gaugenet.models.segmentation import SegmentationNet
from gaugenet.models.spherical import SphericalClassificationNet, SphericalDetectionNet, SphericalSegmentationNet

__all__ = ["load", "recorded", "save", "shipped"]

# Networks that ship, by class, so that type checkers know what ``load`` returns.
Segments: TypeAlias = Literal[
    "psb-airplane", "psb-ant", "psb-bearing", "psb-bird", "psb-bust", "psb-chair", "psb-fish", "psb-glasses",
    "psb-hand", "psb-human", "psb-mech", "psb-octopus", "psb-plier", "psb-table",
]  # fmt: skip
Detects: TypeAlias = Literal["psb-airplane-parts", "psb-ant-parts", "psb-fish-parts", "psb-human-parts"]
SegmentsSphere: TypeAlias = Literal["earth-climate", "spherical-scenes-segment"]
ClassifiesSphere: TypeAlias = Literal["spherical-mnist"]
DetectsSphere: TypeAlias = Literal["spherical-scenes-detect"]


@overload
def load(name: Segments, dtype: torch.dtype = ...) -> SegmentationNet: ...
@overload
def load(name: Detects, dtype: torch.dtype = ...) -> DetectionNet: ...
@overload
def load(name: SegmentsSphere, dtype: torch.dtype = ...) -> SphericalSegmentationNet: ...
@overload
def load(name: ClassifiesSphere, dtype: torch.dtype = ...) -> SphericalClassificationNet: ...
@overload
def load(name: DetectsSphere, dtype: torch.dtype = ...) -> SphericalDetectionNet: ...
@overload
def load(name: str | os.PathLike[str], dtype: torch.dtype = ...) -> Network: ...
def load(name: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> Network:
    """Read a network that ships with the library by name, or any by path; nothing is unpickled.

    ``SegmentationNet.load`` and so on read a network of that class, and tell type checkers so.

    Args:
        name: Name such as "psb-hand" (``shipped()`` lists them), or path of the ``.json``, of the ``.safetensors``, or
            of either without ending.
        dtype: Precision of the weights.

    Raises:
        FileNotFoundError: If there is no such network.
        ValueError: If the files are damaged or do not fit each other.
    """
    return Network.load(name, dtype)


def save(net: Network, path: str | os.PathLike[str], about: Mapping[str, Any] | None = None) -> None:
    """Write ``path.safetensors`` and ``path.json``; each appears whole or not at all, and the second knows the first.

    Weights are stored in half precision: rounding moves those above 6e-5 by less than 1e-3 of themselves, smaller ones
    by less than 3e-8. A parameter with numbers above 65504, where half precision ends, is stored as it is, and so are
    running statistics.

    Args:
        net: The network.
        path: Path of the files without ending.
        about: What to record with it, such as data, seed and score.

    Raises:
        TypeError: For a class of network or trunk that the library does not have, which ``load`` does not know.
    """
    for part, table in ((net, NETWORKS), (net.trunk, TRUNKS)):
        kind = type(part)
        if kind.__module__ != f"gaugenet.models.{table.get(kind.__name__)}":
            raise TypeError(
                f"save writes {', '.join(table)}, got a {kind.__name__}, which load does not know: keep its "
                "state_dict() with safetensors or torch.save, and its config beside it"
            )
    learned = dict(net.named_parameters())
    state = {key: value.detach().cpu() for key, value in net.state_dict().items()}
    most = torch.finfo(torch.float16).max
    halved = {key for key in learned if not (state[key].abs() > most).any()}
    tensors = {key: (value.half() if key in halved else value).contiguous() for key, value in state.items()}
    write_network(Path(path), type(net).__name__, net.config, tensors, about or {})
