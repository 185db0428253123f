"""Networks on the sphere that are asked for on the command line, and the images that they are fitted to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from gaugenet.cli.job import Job
from gaugenet.cli.labelled import SPHERE
from gaugenet.datasets.spherical_mnist import SphericalMNIST
from gaugenet.datasets.spherical_scenes import SphericalScenes
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
from gaugenet.train import FitSettings, SphericalImages

_FIT = FitSettings(batch=16, variants=1, noise=0.0, average=0.99)
SETTINGS = {
    "spherical-mnist": replace(_FIT, epochs=6, learning_rate=5e-3),
    "spherical-scenes": replace(_FIT, epochs=4),
}
CHOICES = ("no", "yes")
FAMILIES = ("harmonic", "gauge", "plain")
NETS: dict[str, tuple[type[Network], ...]] = {
    "classify": (SphericalClassificationNet, ClassificationNet, PlainClassificationNet),
    "segment": (SphericalSegmentationNet, SegmentationNet, PlainSegmentationNet),
    "detect": (SphericalDetectionNet, DetectionNet, PlainDetectionNet),
}
# What networks are by default on images: on the sphere layers earn what they cost.
_USUAL: dict[str, dict[str, Any]] = {
    "harmonic": {"rep": "8x0 + 8x1 + 8x2", "growth": 2.0, "pointwise": "regular"},
    "gauge": {"inputs": "1x0", "layers": "conv", "levels": (642, 162, 42)},
    "plain": {},
}
# Digits in scenes are half as large as those alone, which takes twice the resolution.
_FINER: dict[str, dict[str, Any]] = {
    "harmonic": {"bands": (30, 15, 8), "rep": "8x0 + 4x1 + 4x2", "growth": 2.0, "pointwise": "gated"},
    "gauge": {"levels": (2562, 642, 162)},
    "plain": {},
}
# What --levels, --rep and --layers are to the networks of each family.
_GIVEN = {
    "harmonic": {"levels": "bands", "rep": "rep"},
    "gauge": {"levels": "levels", "rep": "rep", "layers": "layers"},
    "plain": {"levels": "widths"},
}
SCENES = {"train": 10_000, "test": 2_000}
# Scenes from which the half length of a usual box is taken.
_SOME = 200


def add_rotations(parser: argparse.ArgumentParser, train: bool) -> None:
    """Add --rotate-test, and where a network is trained --rotate-train, --family and --images."""
    which = " or ".join(SPHERE)
    if train:
        parser.add_argument(
            "--rotate-train",
            choices=CHOICES,
            help=f"{which}: turn every image at random, anew each time (default: no; of earth yes)",
        )
        parser.add_argument(
            "--family",
            choices=FAMILIES,
            help=f"{which}: networks that keep features in harmonics, gauge-equivariant ones on an icosphere, or, to "
            "compare with, convolutions of images, which are not equivariant (default: harmonic)",
        )
    parser.add_argument(
        "--rotate-test", choices=CHOICES, help=f"{which}: turn the images that are scored at random (default: no)"
    )


def images_of(args: argparse.Namespace, split: str, validation: int = 0) -> SphericalMNIST | SphericalScenes:
    """Return a split of the images, without the ``validation`` ones that are held back."""
    if args.data == "spherical-mnist":
        return SphericalMNIST(args.root, split, validation)
    return SphericalScenes(args.root, split, {**SCENES, "validation": validation}[split], validation)


def images_job(args: argparse.Namespace) -> Job:
    """Return what is to be fitted to images on the sphere."""
    train = images_of(args, "train", args.validation)
    held_back = images_of(args, "validation", args.validation) if args.validation else None
    net, usual = _network(args, train), SETTINGS[args.data]
    sample = sphere_sample(net)
    return Job(
        net,
        SphericalImages(train, sample, args.rotate_train == "yes", args.task),
        None if held_back is None else SphericalImages(held_back, sample, args.rotate_test == "yes", args.task),
        replace(usual, epochs=args.epochs or usual.epochs, seed=args.seed),
        {
            "rotate_train": args.rotate_train or "no",
            "rotate_test": args.rotate_test or "no",
            "validation": args.validation,
        },
    )


def _network(args: argparse.Namespace, images: SphericalMNIST | SphericalScenes) -> Network:
    """Return the network for images that the arguments ask for."""
    usual = _USUAL
    if isinstance(images, SphericalScenes):
        usual = {family: {**settings, **_FINER[family]} for family, settings in usual.items()}
        if args.task == "detect":
            extents = [images.objects(number).extent for number in range(min(_SOME, len(images)))]
            boxes = {"unit": round(float(torch.cat(extents).mean()), 3), "half_turns": images.half_turns}
            usual = {family: settings | boxes for family, settings in usual.items()}
    return network_of(args, images.region_names if args.task == "segment" else images.label_names, usual)


def network_of(args: argparse.Namespace, names: Sequence[str], usual: dict[str, dict[str, Any]]) -> Network:
    """Return the network on the sphere that the arguments ask for, with random weights.

    Args:
        names: of its labels. usual: its settings by default, for each family.

    Raises:
        ValueError: for arguments that are about the other family.
    """
    family = args.family or FAMILIES[0]
    settings = dict(usual[family])
    for name in ("levels", "rep", "layers"):
        if (value := getattr(args, name)) is None:
            continue
        if name not in _GIVEN[family]:
            fitting = " or ".join(other for other in FAMILIES if name in _GIVEN[other])
            raise ValueError(f"--{name} goes with --family {fitting}, got {family}: leave it out")
        settings[_GIVEN[family][name]] = value
    if family == "gauge":
        settings["space"] = "sphere"
        if args.task == "segment":
            settings["output"] = "vertex"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        return NETS[args.task][FAMILIES.index(family)](names, **settings)  # type: ignore[arg-type]
