"""Training networks on images on the sphere: single digits, and scenes of several."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from typing_extensions import Unpack

from gaugenet.datasets import SphericalMNIST, SphericalScenes
from gaugenet.models import (
    ClassificationNet,
    DetectionNet,
    Network,
    PlainClassificationNet,
    PlainDetectionNet,
    PlainSegmentationNet,
    SegmentationNet,
    SphericalClassificationNet,
    SphericalDetectionNet,
    SphericalSegmentationNet,
    sphere_sample,
)
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.harmonic_trunk import HarmonicSettings
from gaugenet.models.plain_trunk import PlainSettings
from gaugenet.train.recipes.job import Job
from gaugenet.train.settings import DIGITS, SCENES_FIT, FitSettings
from gaugenet.train.spherical_images import SphericalImages

SCENES = {"train": 10_000, "test": 2_000}
NETS: dict[str, dict[str, Callable[..., Network]]] = {
    "classify": {"harmonic": SphericalClassificationNet, "gauge": ClassificationNet, "plain": PlainClassificationNet},
    "segment": {"harmonic": SphericalSegmentationNet, "gauge": SegmentationNet, "plain": PlainSegmentationNet},
    "detect": {"harmonic": SphericalDetectionNet, "gauge": DetectionNet, "plain": PlainDetectionNet},
}
# Default settings of networks on images.
USUAL: dict[str, dict[str, Any]] = {
    "harmonic": {"rep": "8x0 + 8x1 + 8x2", "growth": 2.0, "pointwise": "regular"},
    "gauge": {"inputs": "1x0", "layers": "conv", "levels": (642, 162, 42)},
    "plain": {},
}
# Digits in scenes are half as large as single ones, so that networks need twice the resolution.
_FINER: dict[str, dict[str, Any]] = {
    "harmonic": {"bands": (30, 15, 8), "rep": "8x0 + 4x1 + 4x2", "growth": 2.0, "pointwise": "gated"},
    "gauge": {"levels": (2562, 642, 162)},
    "plain": {},
}
# Scenes from which the half length of a usual box is taken.
_SOME = 200


class Family(NamedTuple):
    """A family of networks on the sphere.

    Attributes:
        name: "harmonic", "gauge" or "plain".
        settings: Settings of the trunk that replace the default ones of the data.
    """

    name: str
    settings: Mapping[str, Any]

    def network(self, task: str, names: Sequence[str], usual: Mapping[str, Any], seed: int) -> Network:
        """Return a network with random weights.

        Args:
            task: "classify", "segment" or "detect".
            names: Names of the labels.
            usual: Default settings of the network.
            seed: Seed of the weights.
        """
        settings = {**usual, **self.settings}
        if self.name == "gauge":
            settings |= {"space": "sphere", **({"output": "vertex"} if task == "segment" else {})}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return NETS[task][self.name](names, **settings)


def harmonic(**settings: Unpack[HarmonicSettings]) -> Family:
    """Return the networks that keep features in harmonics; they are equivariant under rotations.

    Args:
        settings: Arguments of ``HarmonicTrunk``.
    """
    return Family("harmonic", settings)


def gauge(**settings: Unpack[GaugeSettings]) -> Family:
    """Return the gauge-equivariant networks on an icosphere.

    Args:
        settings: Arguments of ``GaugeTrunk``; levels have 10 * 4^k + 2 vertices.
    """
    return Family("gauge", settings)


def plain(**settings: Unpack[PlainSettings]) -> Family:
    """Return the convolutions of images, a baseline that is not equivariant.

    Args:
        settings: Arguments of ``PlainTrunk``.
    """
    return Family("plain", settings)


HARMONIC = harmonic()


def digits(
    train: SphericalMNIST,
    validation: SphericalMNIST | None = None,
    task: str = "classify",
    *,
    family: Family = HARMONIC,
    rotate_train: bool = False,
    rotate_test: bool = False,
    settings: FitSettings = DIGITS,
) -> Job:
    """Return the job of training a network on single digits.

    Args:
        train: Training images.
        validation: Images that are scored during training, or None.
        task: "classify", or "segment" to label points by digit or background.
        family: Family of the network, and its settings.
        rotate_train: Whether each training image is rotated at random each time it is drawn.
        rotate_test: Whether each image that is scored is rotated at random.
        settings: Settings of training; ``settings.seed`` is that of the network, too.

    Raises:
        ValueError: If the task is another one, or the network refuses its settings.
    """
    _check_task(task, "classify", "segment")
    names = train.region_names if task == "segment" else train.label_names
    net = family.network(task, names, USUAL[family.name], settings.seed)
    return _job("spherical-mnist", task, net, train, validation, rotate_train, rotate_test, settings)


def scenes(
    train: SphericalScenes,
    validation: SphericalScenes | None = None,
    task: str = "detect",
    *,
    family: Family = HARMONIC,
    rotate_train: bool = False,
    rotate_test: bool = False,
    settings: FitSettings = SCENES_FIT,
) -> Job:
    """Return the job of training a network on scenes of digits.

    Args:
        train: Training scenes, such as ``read_scenes(root, "train")``.
        validation: Scenes that are scored during training, or None.
        task: "detect" to find digits as oriented boxes, or "segment" to label points by digit or background.
        family: Family of the network, and its settings.
        rotate_train: Whether each training scene is rotated at random each time it is drawn.
        rotate_test: Whether each scene that is scored is rotated at random.
        settings: Settings of training; ``settings.seed`` is that of the network, too.

    Raises:
        ValueError: If the task is another one, or the network refuses its settings.
    """
    _check_task(task, "detect", "segment")
    names, usual = train.region_names, {**USUAL[family.name], **_FINER[family.name]}
    if task == "detect":
        extents = [train.objects(number).extent for number in range(min(_SOME, len(train)))]
        usual |= {"unit": round(float(torch.cat(extents).mean()), 3), "half_turns": train.half_turns}
        names = train.label_names
    net = family.network(task, names, usual, settings.seed)
    return _job("spherical-scenes", task, net, train, validation, rotate_train, rotate_test, settings)


def read_scenes(root: str | os.PathLike[str], split: str, validation: int = 0) -> SphericalScenes:
    """Return a split of the scenes that networks are trained and tested on.

    Args:
        root: Folder of the four files of MNIST.
        split: "train", "validation" or "test".
        validation: Number of validation scenes.
    """
    return SphericalScenes(root, split, {**SCENES, "validation": validation}[split], validation)


def _check_task(task: str, *tasks: str) -> None:
    if task not in tasks:
        raise ValueError(f'expected the task "{tasks[0]}" or "{tasks[1]}", got "{task}"')


def _job(
    data: str,
    task: str,
    net: Network,
    train: SphericalMNIST | SphericalScenes,
    validation: SphericalMNIST | SphericalScenes | None,
    rotate_train: bool,
    rotate_test: bool,
    settings: FitSettings,
) -> Job:
    sample = sphere_sample(net)
    about = {
        "data": data,
        "task": task,
        "rotate_train": "yes" if rotate_train else "no",
        "rotate_test": "yes" if rotate_test else "no",
        "validation": 0 if validation is None else len(validation),
    }
    examples = SphericalImages(train, sample, rotate_train, task)
    held_back = None if validation is None else SphericalImages(validation, sample, rotate_test, task)
    return Job(net, settings, about, lambda _: examples, None if held_back is None else lambda _: held_back)
