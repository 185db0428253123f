"""Training networks on labelled meshes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from typing_extensions import Unpack

from gaugenet.datasets import PSB, ClassFolder, LabelledFolder, PSBShapes
from gaugenet.datasets.mesh_dataset import MeshDataset, spread
from gaugenet.models import ClassificationNet, DetectionNet, Network, SegmentationNet
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.unet import NO_LAYERS
from gaugenet.representation import Representation
from gaugenet.train.prepared import Prepared
from gaugenet.train.recipes.job import Job
from gaugenet.train.region_targets import RegionTargets
from gaugenet.train.settings import CLASSIFY, DETECT, SEGMENT, FitSettings

# Labels of the benchmark whose connected regions are objects by default; in other categories all labels are.
OBJECTS = {"Airplane": ("wing",), "Ant": ("leg",), "Fish": ("fin",), "Human": ("foot", "hand")}
# Names of data sets in the records of runs.
_DATA = {PSB: "psb", PSBShapes: "psb", LabelledFolder: "folder", ClassFolder: "folder"}
_PLURAL = {"face": "faces", "vertex": "vertices"}


def segmentation(
    train: MeshDataset,
    validation: MeshDataset | None = None,
    *,
    output: str | None = None,
    settings: FitSettings = SEGMENT,
    cache: str | os.PathLike[str] | None = None,
    **trunk: Unpack[GaugeSettings],
) -> Job:
    """Return the job of training a ``SegmentationNet``.

    Args:
        train: Shapes with labels of faces or vertices.
        validation: Shapes that are scored during training, or None.
        output: "face", "vertex" or "both"; by default what the data label.
        settings: Settings of training; ``settings.seed`` is that of the network, too.
        cache: Folder for cached geometry that jobs share.
        trunk: Arguments of ``GaugeTrunk``, such as levels, rep, layers and fields.

    Raises:
        ValueError: If the output needs labels that the data do not have, or the network refuses its settings.
    """
    place = "vertex" if isinstance(train, LabelledFolder) and train.where == "vertex" else "face"
    if output not in (None, "both", place):
        raise ValueError(
            f"output {output} (--output {output}) needs labels of {_PLURAL.get(output, output)}; the data label "
            f"{_PLURAL[place]}"
        )
    network = partial(SegmentationNet, train.label_names, output=output or place)
    net = _network(network, settings, trunk)
    return _job("segment", net, train, validation, settings, cache)


def classification(
    train: MeshDataset,
    validation: MeshDataset | None = None,
    *,
    settings: FitSettings = CLASSIFY,
    cache: str | os.PathLike[str] | None = None,
    **trunk: Unpack[GaugeSettings],
) -> Job:
    """Return the job of training a ``ClassificationNet``.

    Args:
        train: Shapes with classes.
        validation: Shapes that are scored during training, or None.
        settings: Settings of training; ``settings.seed`` is that of the network, too.
        cache: Folder for cached geometry that jobs share.
        trunk: Arguments of ``GaugeTrunk``, such as levels, rep, layers and fields.

    Raises:
        ValueError: If levels or a representation are given without layers, or the network refuses its settings.
    """
    if trunk.get("layers", NO_LAYERS) == NO_LAYERS:
        # Without layers a representation only tells the group of the input fields; SO2 is the default.
        of_group = "rep" in trunk and str(Representation(trunk["rep"]).group) != "SO2"
        for name in ("levels", "rep"):
            if name in trunk and not (name == "rep" and of_group):
                raise ValueError(
                    f"{name} (--{name}) needs layers (--layers), and classification has none by default: give both"
                )
    net = _network(partial(ClassificationNet, train.label_names), settings, trunk)
    return _job("classify", net, train, validation, settings, cache)


def detection(
    train: MeshDataset,
    validation: MeshDataset | None = None,
    *,
    objects: Sequence[str] | None = None,
    settings: FitSettings = DETECT,
    cache: str | os.PathLike[str] | None = None,
    **trunk: Unpack[GaugeSettings],
) -> Job:
    """Return the job of training a ``DetectionNet`` to find the connected regions of labels.

    A region looks the same after a half turn, as its axis has no sign.

    Args:
        train: Shapes with labels of faces or vertices.
        validation: Shapes that are scored during training, or None.
        objects: Labels whose connected regions are objects; by default those of ``OBJECTS``, or else all labels.
        settings: Settings of training; ``settings.seed`` is that of the network, too.
        cache: Folder for cached geometry that jobs share.
        trunk: Arguments of ``GaugeTrunk``, such as levels, rep, layers and fields.

    Raises:
        ValueError: If the data have no such labels or no such regions, or the network refuses its settings.
    """
    usual = OBJECTS.get(getattr(train, "category", ""), train.label_names)
    names = tuple(objects or usual)
    targets = RegionTargets.of_names(names, train.label_names)
    network = partial(DetectionNet, names, targets.unit(train), range(len(names)))
    net = _network(network, settings, trunk)
    return _job("detect", net, train, validation, settings, cache, targets)


def hold_back(shapes: MeshDataset, count: int) -> tuple[MeshDataset, MeshDataset | None]:
    """Hold back some training shapes, spread evenly over their order, to choose settings by.

    Args:
        shapes: The training shapes.
        count: How many to hold back.

    Returns:
        The remaining shapes, and those held back or None.

    Raises:
        ValueError: If no shape would remain.
    """
    if count >= len(shapes):
        raise ValueError(f"validation must leave one of the {len(shapes)} training shapes, got {count}")
    back = spread(len(shapes), count)
    rest = shapes[[k for k in range(len(shapes)) if k not in back]]
    return rest, shapes[back] if count else None


def _network(network: Callable[..., Network], settings: FitSettings, trunk: GaugeSettings) -> Network:
    """Return a network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return network(**trunk)


def _job(
    task: str,
    net: Network,
    train: MeshDataset,
    validation: MeshDataset | None,
    settings: FitSettings,
    cache: str | os.PathLike[str] | None,
    targets: RegionTargets | None = None,
) -> Job:
    category = getattr(train, "category", None)
    about = {
        "data": _DATA.get(type(train), type(train).__name__),
        "task": task,
        **({} if category is None else {"category": category}),
        "train": train.names,
        "validation": [] if validation is None else validation.names,
    }
    copies = {name: getattr(settings, name) for name in ("variants", "stretch", "bend", "seed", "remesh")}
    examples = partial(Prepared, train, net.transform, **copies, targets=targets)
    held_back = None if validation is None else partial(Prepared, validation, net.transform, targets=targets)
    return Job(net, settings, about, examples, held_back, None if cache is None else Path(cache))
