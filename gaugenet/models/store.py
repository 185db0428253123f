"""Networks as files: weights as safetensors, the configuration as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import safetensors
import safetensors.torch
import torch

from gaugenet.io.file import open_atomic
from gaugenet.models.location import files, located

if TYPE_CHECKING:
    from gaugenet.models.detection import DetectionNet
    from gaugenet.models.network import Network
    from gaugenet.models.segmentation import SegmentationNet
    from gaugenet.models.spherical import SphericalClassificationNet, SphericalDetectionNet, SphericalSegmentationNet

FORMAT = 5
models = import_module("gaugenet.models")  # where files and configurations find networks and trunks by name

# Networks that ship, by class, so that type checkers know what ``load`` returns.
Segments: TypeAlias = Literal[
    "psb-airplane", "psb-ant", "psb-bearing", "psb-bird", "psb-bust", "psb-chair", "psb-fish", "psb-glasses",
    "psb-hand", "psb-human", "psb-mech", "psb-octopus", "psb-plier", "psb-table",
]  # fmt: skip
Detects: TypeAlias = Literal["psb-airplane-parts", "psb-ant-parts", "psb-fish-parts", "psb-human-parts"]
SegmentsSphere: TypeAlias = Literal["earth-climate", "spherical-scenes-segment"]


@overload
def load(name: Segments, dtype: torch.dtype = ...) -> SegmentationNet: ...
@overload
def load(name: Detects, dtype: torch.dtype = ...) -> DetectionNet: ...
@overload
def load(name: SegmentsSphere, dtype: torch.dtype = ...) -> SphericalSegmentationNet: ...
@overload
def load(name: Literal["spherical-mnist"], dtype: torch.dtype = ...) -> SphericalClassificationNet: ...
@overload
def load(name: Literal["spherical-scenes-detect"], dtype: torch.dtype = ...) -> SphericalDetectionNet: ...
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
    weights, config = located(name)
    try:
        content = json.loads(config.read_text())
        number = content["format"]
        too_old = number in range(1, FORMAT - 1)
        if not too_old and number not in (FORMAT - 1, FORMAT):
            raise ValueError(f"format {number}")
        net = None if too_old else getattr(models, content["network"]).from_config(content["config"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{config}: not a network of gaugenet (format {FORMAT}): {error}; name the .json that gaugenet wrote"
        ) from None
    if net is None:
        raise ValueError(f"{config}: written by an older gaugenet (format {number}, now {FORMAT}); train it again")
    blob = weights.read_bytes()
    try:
        tensors = safetensors.torch.load(blob)
    except (KeyError, TypeError, AttributeError, ValueError, safetensors.SafetensorError):
        raise ValueError(
            f"{weights}: truncated, or not the weights of a network; copy it again, or train again"
        ) from None
    if number < FORMAT:
        warnings.warn(
            f"{config} has the format of an earlier release ({number}, now {FORMAT}): write it again by "
            "gaugenet.save(gaugenet.load(path), path), for the next release will not read it",
            DeprecationWarning,
            stacklevel=2,
        )
    fits = content.get("sha256") in (None, hashlib.sha256(blob).hexdigest())
    try:
        net.load_state_dict(tensors)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{weights}: weights do not fit {config.name}; keep the two files of a network together, and train it "
            "again if an older gaugenet wrote them"
        )
    return net.to(dtype).eval()


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
        TypeError: For a class of network or trunk that ``gaugenet.models`` does not have, which ``load`` does not know.
    """
    for kind in (type(net), type(net.trunk)):
        if getattr(models, kind.__name__, None) is not kind:
            raise TypeError(
                f"save writes networks and trunks of gaugenet.models, got a {kind.__name__}, which load does not know: "
                "keep its state_dict() with safetensors or torch.save, and its config beside it"
            )
    learned = dict(net.named_parameters())
    state = {key: value.detach().cpu() for key, value in net.state_dict().items()}
    most = torch.finfo(torch.float16).max
    halved = {key for key in learned if not (state[key].abs() > most).any()}
    tensors = {key: (value.half() if key in halved else value).contiguous() for key, value in state.items()}
    weights, config = files(path)
    blob = safetensors.torch.save(tensors)
    content = {
        "format": FORMAT,
        "network": type(net).__name__,
        "config": net.config,
        "sha256": hashlib.sha256(blob).hexdigest(),
        "about": dict(about or {}),
    }
    weights.parent.mkdir(parents=True, exist_ok=True)
    for file, data in ((weights, blob), (config, (json.dumps(content, indent=1) + "\n").encode())):
        with open_atomic(file) as out:
            out.write(data)
