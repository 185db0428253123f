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
from gaugenet.models import SphericalClassificationNet, load
from gaugenet.train import FitSettings, SphericalImages, evaluate
from gaugenet.viz import confusion_picture

SETTINGS = FitSettings(epochs=6, batch=32, variants=1, noise=0.0, average=0.99)
CHOICES = ("no", "yes")


def add_rotations(parser: argparse.ArgumentParser, train: bool) -> None:
    """Add --rotate-test, and where a network is trained --rotate-train."""
    if train:
        parser.add_argument(
            "--rotate-train",
            choices=CHOICES,
            help=f"{IMAGES}: turn every image at random, anew each time (default: no)",
        )
    parser.add_argument(
        "--rotate-test", choices=CHOICES, help=f"{IMAGES}: turn the images that are scored at random (default: no)"
    )


def images_job(args: argparse.Namespace) -> Job:
    """Return what is to be fitted to digits on the sphere.

    Raises:
        ValueError: for arguments that are about meshes.
    """
    meshes = ("output", "layers", "field", "cache", "fields", "one_sided", "remesh")
    idle = [name for name in meshes if getattr(args, name)]
    if idle:
        raise ValueError(f"--{idle[0].replace('_', '-')} is about meshes, and goes with --data psb or folder")
    train = SphericalMNIST(args.root, "train", args.validation)
    held_back = SphericalMNIST(args.root, "validation", args.validation) if args.validation else None
    settings = {"bands": args.levels, "rep": args.rep}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        net = SphericalClassificationNet(
            train.label_names, **{name: value for name, value in settings.items() if value is not None}
        )
    point = net.grid.points
    return Job(
        net,
        SphericalImages(train, point, args.rotate_train == "yes"),
        None if held_back is None else SphericalImages(held_back, point, args.rotate_test == "yes"),
        FitSettings(**{**vars(SETTINGS), "epochs": args.epochs or SETTINGS.epochs, "seed": args.seed}),
        {"rotate_train": args.rotate_train or "no", "validation": args.validation},
    )


def images_outcome(args: argparse.Namespace) -> Outcome:
    """Score a network on digits on the sphere.

    Raises:
        ValueError: for a network of another kind, and arguments that are about meshes.
    """
    if args.picture is not None or args.perturb is not None or args.split == "all":
        raise ValueError("--picture, --perturb and --split all are about meshes, and go with --data psb or folder")
    if args.model is None:
        raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
    net = load(args.model)
    if not isinstance(net, SphericalClassificationNet):
        kind = type(net).__name__
        raise ValueError(f"--data {IMAGES} needs a SphericalClassificationNet, got {args.model}, a {kind}")
    images = SphericalImages(SphericalMNIST(args.root, args.split), net.grid.points, args.rotate_test == "yes")
    scores = evaluate(net, bar(images, "evaluate", len(images)))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    about: dict[str, Any] = {"split": args.split, "rotate_test": args.rotate_test or "no"}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "images": images.count, **about}
    rows = [
        f"{name:<20} {100 * one['accuracy']:6.2f} % {100 * one['iou']:6.2f} %" for name, one in scores.classes.items()
    ]
    turned = ", turned at random" if args.rotate_test == "yes" else ""
    rows.append(f"{100 * scores.area_accuracy:.2f} % of {images.count} images of the {args.split} split{turned}")
    return Outcome(content, "\n".join([f"{'class':<20} accuracy     IoU", *rows]))
