"""Images on the sphere that are named on the command line."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from gaugenet.cli.job import Job
from gaugenet.cli.labelled import IMAGES
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.progress import bar
from gaugenet.data.spherical_mnist import SphericalMNIST
from gaugenet.models import (
    ClassificationNet,
    Network,
    SegmentationNet,
    SphericalClassificationNet,
    SphericalSegmentationNet,
    load,
    on_sphere,
    sphere_sample,
)
from gaugenet.train import FitSettings, SphericalImages, evaluate
from gaugenet.viz import confusion_picture

SETTINGS = FitSettings(epochs=6, batch=32, variants=1, noise=0.0, average=0.99)
CHOICES = ("no", "yes")
FAMILIES = ("harmonic", "gauge")
_NETS: dict[str, tuple[type[Network], ...]] = {
    "classify": (SphericalClassificationNet, ClassificationNet),
    "segment": (SphericalSegmentationNet, SegmentationNet),
}
# What networks of the gauge family are by default on images: on the sphere layers earn what they cost.
_GAUGE: dict[str, Any] = {"space": "sphere", "inputs": "1x0", "layers": "conv", "levels": (642, 162, 42)}


def add_rotations(parser: argparse.ArgumentParser, train: bool) -> None:
    """Add --rotate-test, and where a network is trained --rotate-train and --family."""
    if train:
        parser.add_argument(
            "--rotate-train",
            choices=CHOICES,
            help=f"{IMAGES}: turn every image at random, anew each time (default: no)",
        )
        parser.add_argument(
            "--family",
            choices=FAMILIES,
            help=f"{IMAGES}: networks that keep features in harmonics, or gauge-equivariant ones on an icosphere "
            "(default: harmonic)",
        )
    parser.add_argument(
        "--rotate-test", choices=CHOICES, help=f"{IMAGES}: turn the images that are scored at random (default: no)"
    )


def images_job(args: argparse.Namespace) -> Job:
    """Return what is to be fitted to digits on the sphere.

    Raises:
        ValueError: for arguments that are about meshes.
    """
    meshes = ("output", "field", "cache", "fields", "one_sided", "remesh")
    idle = [name for name in meshes if getattr(args, name)]
    if idle:
        raise ValueError(f"--{idle[0].replace('_', '-')} is about meshes, and goes with --data psb or folder")
    train = SphericalMNIST(args.root, "train", args.validation)
    held_back = SphericalMNIST(args.root, "validation", args.validation) if args.validation else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        net = _network(args, train)
    sample = sphere_sample(net)
    return Job(
        net,
        SphericalImages(train, sample, args.rotate_train == "yes", args.task),
        None if held_back is None else SphericalImages(held_back, sample, args.rotate_test == "yes", args.task),
        FitSettings(**{**vars(SETTINGS), "epochs": args.epochs or SETTINGS.epochs, "seed": args.seed}),
        {"rotate_train": args.rotate_train or "no", "validation": args.validation},
    )


def _network(args: argparse.Namespace, images: SphericalMNIST) -> Network:
    """Return the network that the arguments ask for, with random weights."""
    names = images.region_names if args.task == "segment" else images.label_names
    harmonic, gauge = _NETS[args.task]
    given = {name: value for name in ("levels", "rep", "layers") if (value := getattr(args, name)) is not None}
    if args.family == "gauge":
        place = {"output": "vertex"} if args.task == "segment" else {}
        return gauge(names, **{**_GAUGE, **place, **given})
    if "layers" in given:
        raise ValueError("--layers goes with --family gauge: networks on harmonics have spherical convolutions")
    return harmonic(names, **{{"levels": "bands"}.get(name, name): value for name, value in given.items()})


def images_outcome(args: argparse.Namespace) -> Outcome:
    """Score a network on digits on the sphere.

    Raises:
        ValueError: for a network of another kind, and arguments that are about meshes.
    """
    if args.picture is not None or args.perturb is not None or args.split == "all":
        raise ValueError("--picture, --perturb and --split all are about meshes, and go with --data psb or folder")
    if args.model is None:
        raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
    net, data = load(args.model), SphericalMNIST(args.root, args.split)
    names = data.region_names if args.task == "segment" else data.label_names
    if not isinstance(net, _NETS[args.task]) or not on_sphere(net) or tuple(net.label_names) != names:
        raise ValueError(
            f"--data {IMAGES} --task {args.task} needs a network that was trained on it, got {args.model}, a "
            f"{type(net).__name__} with labels {', '.join(net.label_names) or 'of none'}"
        )
    images = SphericalImages(data, sphere_sample(net), args.rotate_test == "yes", args.task)
    scores = evaluate(net, bar(images, "evaluate", len(images)))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    about: dict[str, Any] = {"split": args.split, "rotate_test": args.rotate_test or "no"}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "images": images.count, **about}
    rows = [
        f"{name:<20} {100 * one['accuracy']:6.2f} % {100 * one['iou']:6.2f} %" for name, one in scores.classes.items()
    ]
    turned = ", turned at random" if args.rotate_test == "yes" else ""
    which = f"{images.count} images of the {args.split} split{turned}"
    if args.task == "segment":
        digits = [one["iou"] for name, one in scores.classes.items() if name in data.label_names]
        content["mean_iou"] = sum(digits) / len(digits)
        rows.append(f"mean IoU of digits {100 * content['mean_iou']:.2f} %, area {100 * scores.area_accuracy:.2f} %")
        rows.append(which)
    else:
        rows.append(f"{100 * scores.area_accuracy:.2f} % of {which}")
    return Outcome(content, "\n".join([f"{'class':<20} accuracy     IoU", *rows]))
