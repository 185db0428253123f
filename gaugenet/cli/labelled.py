"""Labelled shapes that are named on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from gaugenet.cli.arguments import at_least
from gaugenet.datasets.earth import CONTINENTS
from gaugenet.datasets.folder import ClassFolder, LabelledFolder
from gaugenet.datasets.mesh_dataset import MeshDataset, spread
from gaugenet.datasets.psb import PSB, PSBShapes

IMAGES = {"spherical-mnist": ("classify", "segment"), "spherical-scenes": ("detect", "segment")}  # and their tasks
SPHERE = {**IMAGES, "earth": ("segment",)}  # all data on the sphere
TASKS = ("segment", "classify", "detect")
TRAIN_SHAPES = 10
NONE_HELD_BACK = "--split validation needs a network whose training held some back, by --validation; this one's did not"


class Shapes(NamedTuple):
    """Labelled shapes to fit, and those held back to choose settings by."""

    train: MeshDataset
    validation: MeshDataset | None


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add --data, --root, --task, --category, --test, --hold-out and what says how classes are split."""
    parser.add_argument(
        "--data",
        required=True,
        choices=("psb", "folder", *SPHERE),
        help="psb: labelled Princeton Segmentation Benchmark; folder: your meshes, labels beside them (hand.off with "
        "hand_labels.txt, .txt, .seg or .npy) or inside PLY files; spherical-mnist: handwritten digits on the sphere, "
        "one in an image; spherical-scenes: up to five; earth: groups of climate on land, from elevation and colour",
    )
    parser.add_argument(
        "--root",
        required=True,
        type=Path,
        metavar="PATH",
        help="folder of the data, or LabeledDB_new.zip, or the .npz of Earth",
    )
    parser.add_argument(
        "--task",
        choices=TASKS,
        help="segment: label faces, vertices or points of images; classify: tell whole shapes apart, by the categories "
        "of psb or the folders inside a folder, or images; detect: find parts of shapes, or objects in images "
        "(default: segment; of spherical-mnist classify, of spherical-scenes detect)",
    )
    parser.add_argument("--category", metavar="NAME", help="of psb, such as Human")
    parser.add_argument(
        "--train-shapes",
        type=at_least(1),
        metavar="N",
        help=f"classify psb: shapes of each class for training (default: {TRAIN_SHAPES})",
    )
    parser.add_argument(
        "--split-seed", type=at_least(0), metavar="N", help="classify psb: which shapes are for training (default: 0)"
    )
    parser.add_argument(
        "--test",
        nargs="*",
        metavar="NAME",
        help="of folder: meshes kept for testing, without suffix; default: one in five, always the same ones",
    )
    parser.add_argument(
        "--hold-out",
        choices=CONTINENTS,
        metavar="CONTINENT",
        help=f"of earth: the land kept for testing, of {', '.join(CONTINENTS)}",
    )


def check_data(args: argparse.Namespace) -> None:
    """Refuse arguments that do not go together.

    Raises:
        ValueError: an argument of the other kind of data, or one too few.
    """
    sphere = args.data in SPHERE
    tasks = SPHERE.get(args.data, TASKS)
    if args.task is None:
        args.task = tasks[0]
    if args.task not in tasks:
        raise ValueError(f"--data {args.data} goes with --task {' or '.join(tasks)}, got {args.task}")
    turned = [name for name in ("rotate_train", "rotate_test") if getattr(args, name, None) is not None]
    if turned and not sphere:
        raise ValueError(
            f"--{turned[0].replace('_', '-')} goes with --data {' or '.join(SPHERE)}; --perturb rotate turns meshes"
        )
    if getattr(args, "family", None) is not None and not sphere:
        raise ValueError(
            f"--family goes with --data {' or '.join(SPHERE)}; networks on meshes are all gauge-equivariant"
        )
    _check_earth(args)
    if sphere:
        _check_sphere(args)
    if getattr(args, "objects", None) is not None and (sphere or args.task != "detect"):
        raise ValueError("--objects goes with --task detect of --data psb or folder")
    classify = args.task == "classify"
    if classify and args.category is not None:
        raise ValueError("--category goes with --task segment or detect; to classify, all categories are read")
    if classify and args.test is not None:
        raise ValueError(
            "--test goes with --task segment or detect; of a folder of classes one mesh in five is for testing"
        )
    if not (classify and args.data == "psb") and (args.train_shapes, args.split_seed) != (None, None):
        raise ValueError("--train-shapes and --split-seed go with --data psb --task classify")
    if args.data == "psb" and args.category is None and not classify:
        raise ValueError("--data psb needs --category, such as Human")
    if args.data == "psb" and args.test is not None:
        raise ValueError("--test goes with --data folder; which shapes of psb are for testing is fixed")
    if args.data == "folder" and args.category is not None:
        raise ValueError("--category goes with --data psb; a folder is one category")


def _check_sphere(args: argparse.Namespace) -> None:
    named = ("category", "test", "train_shapes", "split_seed")
    trained = ("output", "field", "cache", "fields", "one_sided", "remesh", "variants", "workers")
    for name in named + trained:
        if getattr(args, name, None) not in (None, False, {}):
            raise ValueError(f"--{name.replace('_', '-')} is about meshes, and goes with --data psb or folder")


def _check_earth(args: argparse.Namespace) -> None:
    validation = getattr(args, "validation_continent", None)
    if args.data != "earth":
        for name, value in (("hold-out", args.hold_out), ("validation-continent", validation)):
            if value is not None:
                raise ValueError(f"--{name} goes with --data earth")
    elif args.hold_out is None:
        raise ValueError(f"--data earth needs --hold-out, one of {', '.join(CONTINENTS)}")
    elif args.hold_out == validation:
        raise ValueError(f"--validation-continent must be another one than is held out, got {validation} for both")
    elif getattr(args, "validation", 0):
        raise ValueError("--validation goes with shapes and images; of Earth --validation-continent holds land back")


def open_split(args: argparse.Namespace, split: str) -> MeshDataset:
    """Read one split of the data."""
    if args.task == "classify":
        return _classes(args, split)
    if args.data == "psb":
        return PSB(args.root, args.category, split)
    return LabelledFolder(args.root, split, test=args.test)


def open_held_back(args: argparse.Namespace, held_back: Any) -> MeshDataset:
    """Read the training shapes that a training held back: their names, or of images a number.

    Raises:
        ValueError: there are none, or they are not among the data.
    """
    if not held_back or not isinstance(held_back, list):
        raise ValueError(NONE_HELD_BACK)
    shapes = open_split(args, "train")
    missing = [name for name in held_back if name not in shapes.names]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(held_back)} shapes that the training held back (e.g. {missing[0]}) are not for "
            f"training in {args.root}: name the data as in training"
        )
    return shapes[[number for number, name in enumerate(shapes.names) if name in held_back]]


def _classes(args: argparse.Namespace, split: str, validation: int = 0) -> MeshDataset:
    if args.data == "folder":
        return ClassFolder(args.root, split, validation=validation)
    return PSBShapes(args.root, split, args.train_shapes or TRAIN_SHAPES, args.split_seed or 0, validation)


def open_training(args: argparse.Namespace) -> Shapes:
    """Read the training shapes, ``args.validation`` of them, or of each class, held back.

    Raises:
        ValueError: none would be left.
    """
    held = args.validation
    if args.task == "classify":
        train = _classes(args, "train", held)
        return Shapes(train, _classes(args, "validation", held) if held else None)
    if args.data == "psb":
        train = PSB(args.root, args.category, "train", held)
        return Shapes(train, PSB(args.root, args.category, "validation", held) if held else None)
    shapes = open_split(args, "train")
    count = len(shapes)
    if held >= count:
        raise ValueError(f"--validation must leave one of the {count} training shapes, got {held}")
    back = spread(count, held)
    train = shapes[[k for k in range(count) if k not in back]]
    return Shapes(train, shapes[back] if held else None)
