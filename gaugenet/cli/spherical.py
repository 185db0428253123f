"""Images on the sphere that are named on the command line: what is fitted to them."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from gaugenet.cli.job import Job
from gaugenet.cli.labelled import IMAGES
from gaugenet.data.spherical_mnist import SphericalMNIST
from gaugenet.data.spherical_scenes import SphericalScenes
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

SETTINGS = FitSettings(epochs=4, batch=16, variants=1, noise=0.0, average=0.99)
CHOICES = ("no", "yes")
FAMILIES = ("harmonic", "gauge", "plain")
NETS: dict[str, tuple[type[Network], ...]] = {
    "classify": (SphericalClassificationNet, ClassificationNet, PlainClassificationNet),
    "segment": (SphericalSegmentationNet, SegmentationNet, PlainSegmentationNet),
    "detect": (SphericalDetectionNet, DetectionNet, PlainDetectionNet),
}
# What networks of the gauge family are by default on images: on the sphere layers earn what they cost.
_GAUGE: dict[str, Any] = {"space": "sphere", "inputs": "1x0", "layers": "conv", "levels": (642, 162, 42)}
# Digits in scenes are half as large as those alone, which takes twice the resolution.
_FINER: dict[str, dict[str, Any]] = {"harmonic": {"bands": (30, 15, 8), "growth": 2.0}, "gauge": {"levels": (2562, 642, 162)}}
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
    which = " or ".join(IMAGES)
    if train:
        parser.add_argument(
            "--rotate-train",
            choices=CHOICES,
            help=f"{which}: turn every image at random, anew each time (default: no)",
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
    """Return what is to be fitted to images on the sphere.

    Raises:
        ValueError: for arguments that are about meshes.
    """
    meshes = ("output", "field", "cache", "fields", "one_sided", "remesh", "variants", "workers")
    idle = [name for name in meshes if getattr(args, name)]
    if idle:
        raise ValueError(f"--{idle[0].replace('_', '-')} is about meshes, and goes with --data psb or folder")
    train = images_of(args, "train", args.validation)
    held_back = images_of(args, "validation", args.validation) if args.validation else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        net = _network(args, train)
    sample = sphere_sample(net)
    return Job(
        net,
        SphericalImages(train, sample, args.rotate_train == "yes", args.task),
        None if held_back is None else SphericalImages(held_back, sample, args.rotate_test == "yes", args.task),
        FitSettings(**{**vars(SETTINGS), "epochs": args.epochs or SETTINGS.epochs, "seed": args.seed}),
        {
            "rotate_train": args.rotate_train or "no",
            "rotate_test": args.rotate_test or "no",
            "validation": args.validation,
        },
    )


def _network(args: argparse.Namespace, images: SphericalMNIST | SphericalScenes) -> Network:
    """Return the network that the arguments ask for, with random weights."""
    family = args.family or FAMILIES[0]
    settings: dict[str, Any] = dict(_GAUGE) if family == "gauge" else {}
    if isinstance(images, SphericalScenes):
        settings |= _FINER.get(family, {})
    for name in ("levels", "rep", "layers"):
        if (value := getattr(args, name)) is None:
            continue
        if name not in _GIVEN[family]:
            fitting = " or ".join(other for other in FAMILIES if name in _GIVEN[other])
            raise ValueError(f"--{name} goes with --family {fitting}, got {family}: leave it out")
        settings[_GIVEN[family][name]] = value
    if args.task == "segment":
        settings |= {"output": "vertex"} if family == "gauge" else {}
    elif isinstance(images, SphericalScenes):
        extents = [images.objects(number).extent for number in range(min(_SOME, len(images)))]
        settings |= {"unit": round(float(torch.cat(extents).mean()), 3), "half_turns": images.half_turns}
    names = images.region_names if args.task == "segment" else images.label_names
    return NETS[args.task][FAMILIES.index(family)](names, **settings)  # type: ignore[call-arg]
