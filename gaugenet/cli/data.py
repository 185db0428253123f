"""Data sets on the command line: a sub-command for each, and one for each of its tasks."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gaugenet.cli.arguments import at_least

if TYPE_CHECKING:
    from gaugenet.datasets.mesh_dataset import MeshDataset
    from gaugenet.datasets.spherical_mnist import SphericalMNIST
    from gaugenet.datasets.spherical_scenes import SphericalScenes

# The tasks of each data set; the first one is the default.
TASKS = {
    "psb": ("segment", "classify", "detect"),
    "folder": ("segment", "classify", "detect"),
    "digits": ("classify", "segment"),
    "scenes": ("detect", "segment"),
    "earth": ("segment",),
}
MESHES = ("psb", "folder")
CONTINENTS = ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America")
TRAIN_SHAPES = 10
_HELP = {
    "psb": "labelled Princeton Segmentation Benchmark",
    "folder": "your meshes",
    "digits": "handwritten digits on the sphere, one in each image",
    "scenes": "up to five handwritten digits on the sphere",
    "earth": "groups of climate on land, from elevation and colour",
}
_ROOT = {
    "psb": "folder of the benchmark, or LabeledDB_new.zip",
    "folder": "folder of meshes with labels beside them (hand.off with hand_labels.txt, .txt, .seg or .npy) or inside "
    "PLY files",
    "digits": "folder of the four files of MNIST",
    "scenes": "folder of the four files of MNIST",
    "earth": "the .npz of Earth",
}
# Data sets as they were named before, and options that have another name in a family of networks on the sphere.
_OLDER = {"spherical-mnist": "digits", "spherical-scenes": "scenes"}
_LEVELS = {"harmonic": "--bands", "plain": "--widths"}
_TASKS = {
    "segment": "label faces, vertices or points",
    "classify": "classify whole shapes or images",
    "detect": "find parts of shapes, or objects in images, as oriented boxes",
}


def add_data(
    parser: argparse.ArgumentParser, add: Callable[[argparse.ArgumentParser, str, str], None]
) -> list[argparse.ArgumentParser]:
    """Add a sub-command for each data set, and below it one for each task, with the options that name the data.

    Args:
        parser: Parser of the command.
        add: Adds the other options to the parser of a data set and a task.

    Returns:
        The parsers of all pairs.
    """
    leaves = []
    layout = parser.formatter_class
    data_sets = parser.add_subparsers(dest="data", metavar="DATA", required=True)
    for data, tasks in TASKS.items():
        one = data_sets.add_parser(data, help=_HELP[data], description=f"{_HELP[data]}.", formatter_class=layout)
        words = one.add_subparsers(dest="task", metavar="TASK", required=True)
        for task in tasks:
            text = _TASKS[task] + (" (default)" if task == tasks[0] else "")
            # Abbreviations would depend on which options a pair has: --output could be --output-folder.
            leaf = words.add_parser(
                task, help=text, description=f"{_TASKS[task]}.", formatter_class=layout, allow_abbrev=False
            )
            _add_source(leaf, data, task)
            add(leaf, data, task)
            leaves.append(leaf)
    return leaves


def _add_source(parser: argparse.ArgumentParser, data: str, task: str) -> None:
    text = "folder with one folder of meshes for each class" if (data, task) == ("folder", "classify") else _ROOT[data]
    parser.add_argument("--root", required=True, type=Path, metavar="PATH", help=text)
    if data == "psb" and task != "classify":
        parser.add_argument("--category", required=True, metavar="NAME", help="such as Human")
    elif data == "psb":
        parser.add_argument(
            "--train-shapes",
            type=at_least(1),
            default=TRAIN_SHAPES,
            metavar="N",
            help=f"shapes of each class for training (default: {TRAIN_SHAPES})",
        )
        parser.add_argument(
            "--split-seed", type=at_least(0), default=0, metavar="N", help="seed of the split (default: 0)"
        )
    elif data == "folder" and task != "classify":
        parser.add_argument(
            "--test",
            nargs="*",
            metavar="NAME",
            help="meshes kept for testing, without suffix (default: one in five, always the same ones)",
        )
    elif data == "earth":
        parser.add_argument(
            "--hold-out",
            required=True,
            choices=CONTINENTS,
            metavar="CONTINENT",
            help=f"the land kept for testing: {', '.join(CONTINENTS)}",
        )


def add_rotation(parser: argparse.ArgumentParser, flag: str, what: str, usual: str = "no") -> None:
    """Add an option that rotates images at random.

    Args:
        parser: Parser of a data set and a task.
        flag: The option.
        what: What is rotated, for the help text.
        usual: The default.
    """
    parser.add_argument(flag, choices=("no", "yes"), default=usual, help=f"rotate {what} at random (default: {usual})")


def check_root(args: argparse.Namespace) -> None:
    """Refuse data that do not exist.

    Args:
        args: The parsed arguments.

    Raises:
        FileNotFoundError: If there is nothing at ``--root``.
    """
    if not args.root.exists():
        raise FileNotFoundError(f"{args.root}: no such file or folder; expected {_ROOT[args.data]}")


def read_shapes(args: argparse.Namespace, split: str, held_back: int = 0) -> MeshDataset:
    """Read a split of labelled meshes.

    Args:
        args: The parsed arguments.
        split: Name of the split.
        held_back: Number of training shapes that are held back, where the data set does so itself.
    """
    from gaugenet.datasets.folder import ClassFolder, LabelledFolder
    from gaugenet.datasets.psb import PSB, PSBShapes

    if args.data == "psb" and args.task == "classify":
        return PSBShapes(args.root, split, args.train_shapes, args.split_seed, held_back)
    if args.data == "psb":
        return PSB(args.root, args.category, split, held_back)
    if args.task == "classify":
        return ClassFolder(args.root, split, validation=held_back)
    return LabelledFolder(args.root, split, test=args.test)


def read_images(args: argparse.Namespace, split: str, held_back: int = 0) -> SphericalMNIST | SphericalScenes:
    """Read a split of the images on the sphere.

    Args:
        args: The parsed arguments.
        split: Name of the split.
        held_back: Number of training images that are held back.
    """
    if args.data == "scenes":
        from gaugenet.train.recipes.images import read_scenes

        return read_scenes(args.root, split, held_back)
    from gaugenet.datasets.spherical_mnist import SphericalMNIST

    return SphericalMNIST(args.root, split, held_back)


def spelled(words: Sequence[str]) -> list[str]:
    """Return a command line with the default task where none is named.

    Args:
        words: The command line, without the program.

    Raises:
        ValueError: If it is in the older spelling, with --data; the message is the current spelling.
    """
    words = list(words)
    if not words or words[0] not in ("train", "evaluate"):
        return words
    if _value(words, "--data") is not None:
        raise ValueError(f"--data and --task are words now: gaugenet {shlex.join(respelled(words))}")
    if len(words) > 2 and words[1] in TASKS and words[2].startswith("-") and words[2] not in ("-h", "--help"):
        words.insert(2, TASKS[words[1]][0])
    return words


def respelled(words: Sequence[str]) -> list[str]:
    """Return the current spelling of a call of ``train`` or ``evaluate`` with --data.

    Args:
        words: The command line in the older spelling, without the program.
    """
    data, task = _value(words, "--data") or "", _value(words, "--task")
    data = _OLDER.get(data, data)
    rest = _without(_without(words[1:], "--data"), "--task")
    if data in TASKS and data not in MESHES:
        levels = _LEVELS.get(_value(words, "--family") or "harmonic", "--levels")
        rest = [levels + word[len("--levels") :] if word.partition("=")[0] == "--levels" else word for word in rest]
    tasks = TASKS.get(data, ())
    names = [data, task or tasks[0]] if len(tasks) > 1 else [data] if task in (None, *tasks) else [data, task]
    return [words[0], *names, *rest]


def _value(words: Sequence[str], flag: str) -> str | None:
    """Return the value of an option, or None."""
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if _is(name, flag):
            return value if equals else next(iter(words[number + 1 : number + 2]), "")
    return None


def _without(words: Sequence[str], flag: str) -> list[str]:
    """Return the words without an option and its value."""
    for number, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if _is(name, flag):
            return [*words[:number], *words[number + (1 if equals else 2) :]]
    return list(words)


def _is(name: str, flag: str) -> bool:
    """Return whether a word is an option or an abbreviation of it that no other option had."""
    return len(name) > 3 and flag.startswith(name)
