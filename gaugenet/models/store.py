"""Networks on disk: weights as safetensors, configuration as JSON beside them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from gaugenet.io.file import open_atomic
from gaugenet.models.classification_net import ClassificationNet
from gaugenet.models.correspondence_net import CorrespondenceNet
from gaugenet.models.detection_net import DetectionNet
from gaugenet.models.network import Network
from gaugenet.models.plain_classification_net import PlainClassificationNet
from gaugenet.models.plain_detection_net import PlainDetectionNet
from gaugenet.models.plain_segmentation_net import PlainSegmentationNet
from gaugenet.models.segmentation_net import SegmentationNet
from gaugenet.models.spherical_classification_net import SphericalClassificationNet
from gaugenet.models.spherical_detection_net import SphericalDetectionNet
from gaugenet.models.spherical_segmentation_net import SphericalSegmentationNet
from gaugenet.models.tangent_field_net import TangentFieldNet

FORMAT = 4
CLASSES = (
    SegmentationNet,
    ClassificationNet,
    CorrespondenceNet,
    TangentFieldNet,
    SphericalClassificationNet,
    SphericalSegmentationNet,
    DetectionNet,
    SphericalDetectionNet,
    PlainClassificationNet,
    PlainSegmentationNet,
    PlainDetectionNet,
)
NETWORKS: dict[str, type[Network]] = {network.__name__: network for network in CLASSES}


class _OlderError(ValueError):
    """A network in a format of the past."""


def save(net: Network, path: str | os.PathLike[str], about: Mapping[str, Any] | None = None) -> None:
    """Write ``path.safetensors`` and ``path.json``; each appears whole or not at all, and the second knows the first.

    Weights are stored in half precision: rounding moves those above 6e-5 by less than 1e-3 of themselves, smaller ones
    by less than 3e-8. A parameter with numbers above 65504, where half precision ends, is stored as it is, and so are
    running statistics.

    Args:
        net: the network. path: without ending. about: what to record with it, such as data, seed and score.

    Raises:
        TypeError: a network of another class than those of the library, which ``load`` does not know.
    """
    if type(net) not in NETWORKS.values():
        raise TypeError(
            f"save writes {', '.join(NETWORKS)}, got a {type(net).__name__}, which load does not know: keep its "
            "state_dict() with safetensors or torch.save, and its config beside it"
        )
    weights, config = _files(Path(path))
    learned = dict(net.named_parameters())
    state = {key: value.detach().cpu() for key, value in net.state_dict().items()}
    most = torch.finfo(torch.float16).max
    halved = {key for key in learned if not (state[key].abs() > most).any()}
    tensors = {key: (value.half() if key in halved else value).contiguous() for key, value in state.items()}
    blob = safetensors.torch.save(tensors)
    content = {
        "format": FORMAT,
        "network": type(net).__name__,
        "config": net.config,
        "sha256": hashlib.sha256(blob).hexdigest(),
        "about": dict(about or {}),
    }
    weights.parent.mkdir(parents=True, exist_ok=True)
    with open_atomic(weights) as file:
        file.write(blob)
    with open_atomic(config) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


def load(name: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> Any:
    """Read a network that ships with the library by name, or any by path; nothing is unpickled.

    Args:
        name: such as "psb-human" (``shipped()`` lists them), or the path of its ``.json``, its ``.safetensors``, or
            either without ending.
        dtype: of the weights.

    Raises:
        FileNotFoundError: no such network. ValueError: the files are damaged or do not fit each other.
    """
    weights, config = _locate(name)
    try:
        content = json.loads(config.read_text())
        if content.get("format") in range(1, FORMAT):
            raise _OlderError(
                f"{config}: written by an older gaugenet (format {content['format']}, now {FORMAT}); train it again"
            )
        if content.get("format") != FORMAT or content.get("network") not in NETWORKS:
            raise ValueError(f"format {content.get('format')} of {content.get('network')}")
        net = NETWORKS[content["network"]](**content["config"])
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


def recorded(name: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what ``save`` recorded with a network (``about``), by the names that ``load`` takes.

    Raises:
        FileNotFoundError: no such network.
    """
    return dict(json.loads(_locate(name)[1].read_text()).get("about", {}))


def shipped() -> list[str]:
    """Return the names of the networks that ship with the library."""
    return sorted(path.name[:-5] for path in _folder().iterdir() if path.name.endswith(".json"))


def _folder() -> Any:
    return resources.files("gaugenet.models") / "weights"


def _files(path: Path) -> tuple[Path, Path]:
    base = path.with_suffix("") if path.suffix in (".json", ".safetensors") else path
    return base.with_name(base.name + ".safetensors"), base.with_name(base.name + ".json")


def _locate(name: str | os.PathLike[str]) -> tuple[Path, Path]:
    weights, config = _files(Path(name))
    if weights.is_file() and config.is_file():
        return weights, config
    if os.fspath(name) in shipped():
        return _files(Path(str(_folder() / os.fspath(name))))
    if Path(name).is_dir():
        raise FileNotFoundError(
            f"{os.fspath(name)}: is a folder; a training run keeps its network at {Path(name) / 'net'}"
        )
    if Path(name).is_file() and Path(name) not in (weights, config):
        raise ValueError(
            f"{os.fspath(name)}: not a network; expected a path such as runs/mine/net, or one that ships, such as "
            f"{shipped()[0]}"
        )
    missing = config if weights.is_file() else weights
    raise FileNotFoundError(
        f'no network "{os.fspath(name)}": {missing} does not exist; the networks that ship are {", ".join(shipped())}'
    )
