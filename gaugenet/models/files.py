"""Networks as files: weights as safetensors, the configuration as JSON; and files that earlier releases wrote."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from gaugenet.io.file import open_atomic
from gaugenet.models.location import files, located

FORMAT = 5
# In which module of gaugenet.models a class is: a new task or trunk that is to be saved and loaded needs its row.
NETWORKS = {
    "SegmentationNet": "segmentation",
    "ClassificationNet": "classification",
    "CorrespondenceNet": "correspondence",
    "TangentFieldNet": "tangent_field",
    "DetectionNet": "detection",
    **dict.fromkeys(("SphericalClassificationNet", "SphericalSegmentationNet", "SphericalDetectionNet"), "spherical"),
    **dict.fromkeys(("PlainClassificationNet", "PlainSegmentationNet", "PlainDetectionNet"), "spherical"),
}
TRUNKS = {"GaugeTrunk": "gauge_trunk", "HarmonicTrunk": "harmonic_trunk", "PlainTrunk": "plain_trunk"}

# How names of weights began in format 4, and how they begin now; the first row that fits counts.
_GAUGE = [(r"(enter|unet)\.", r"trunk.\1."), (r"(norm|leave|head)\.", r"readout.\1.")]
_ON_GRID = [(r"(enter|down|widen|narrow|up)\.", r"trunk.\1."), (r"(norm|head)\.", r"readout.\1.")]
_RENAMED = {
    "SegmentationNet": _GAUGE,
    "CorrespondenceNet": _GAUGE,
    "DetectionNet": _GAUGE,
    "TangentFieldNet": [
        (r"mixed_norm\.", "readout.head.0."),
        (r"head\.0\.", "readout.head.1."),
        (r"head\.2\.", "readout.head.3."),
        *_GAUGE,
    ],
    "ClassificationNet": [
        (r"head\.0\.", "readout.standardize."),
        (r"head\.1\.", "head.0."),
        (r"head\.4\.", "head.3."),
        *_GAUGE,
    ],
    "SphericalClassificationNet": [(r"head\.", "head."), *_ON_GRID],
    "SphericalSegmentationNet": _ON_GRID,
    "SphericalDetectionNet": _ON_GRID,
    "PlainClassificationNet": [(r"head\.", "head."), *_ON_GRID],
    "PlainSegmentationNet": _ON_GRID,
    "PlainDetectionNet": _ON_GRID,
}


class _OlderError(ValueError):
    """A network in a format that is no longer read."""


def class_named(name: str, table: Mapping[str, str]) -> type:
    """Return a class of the library.

    Args:
        name: Name of the class.
        table: ``NETWORKS`` or ``TRUNKS``.
    """
    return getattr(import_module(f"gaugenet.models.{table[name]}"), name)


def renamed(network: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict of format 4, whose keys may begin with "module.", with the keys of now.

    Args:
        network: Name of the class of the network.
        state: The state dict.
    """

    def key_of(key: str) -> str:
        own = key.removeprefix("module.")
        for begin, now in _RENAMED[network]:
            if re.match(begin, own):
                return key[: len(key) - len(own)] + re.sub(f"^{begin}", now, own)
        return key

    return {key_of(key): value for key, value in state.items()}


def write_network(
    path: Path, network: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor], about: Mapping[str, Any]
) -> None:
    """Write ``path.safetensors`` and ``path.json``; each appears whole or not at all.

    Args:
        path: Without ending.
        network: Name of the class of the network.
        config: Arguments that make the network again.
        tensors: The weights.
        about: What to record with it.
    """
    weights, configuration = files(path)
    blob = safetensors.torch.save(dict(tensors))
    content = {
        "format": FORMAT,
        "network": network,
        "config": config,
        "sha256": hashlib.sha256(blob).hexdigest(),
        "about": dict(about),
    }
    weights.parent.mkdir(parents=True, exist_ok=True)
    with open_atomic(weights) as file:
        file.write(blob)
    with open_atomic(configuration) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


def read_network(name: str | os.PathLike[str], dtype: torch.dtype) -> nn.Module:
    """Read a network; nothing is unpickled.

    Args:
        name: Name of a network that ships, or path of a network.
        dtype: Precision of the weights.

    Raises:
        FileNotFoundError: If there is no such network.
        ValueError: If the files are damaged or do not fit each other.
    """
    weights, config = located(name)
    try:
        content = json.loads(config.read_text())
        if content.get("format") in range(1, FORMAT - 1):
            raise _OlderError(
                f"{config}: written by an older gaugenet (format {content['format']}, now {FORMAT}); train it again"
            )
        if content.get("format") not in (FORMAT - 1, FORMAT) or content.get("network") not in NETWORKS:
            raise ValueError(f"format {content.get('format')} of {content.get('network')}")
        net = class_named(content["network"], NETWORKS).from_config(content["config"])  # type: ignore[attr-defined]
    except _OlderError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{config}: not a network of gaugenet (format {FORMAT}): {error}; name the .json that gaugenet wrote"
        ) from None
    blob = weights.read_bytes()
    try:
        tensors = safetensors.torch.load(blob)
    except (KeyError, TypeError, AttributeError, ValueError, safetensors.SafetensorError):
        raise ValueError(
            f"{weights}: truncated, or not the weights of a network; copy it again, or train again"
        ) from None
    if content["format"] < FORMAT:
        tensors = renamed(content["network"], tensors)
        warnings.warn(
            f"{config} has the format of an earlier release ({content['format']}, now {FORMAT}): write it again by "
            "gaugenet.save(gaugenet.load(path), path), for the next release will not read it",
            DeprecationWarning,
            stacklevel=4,
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
