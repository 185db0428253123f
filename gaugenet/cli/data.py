"""Data sets on the command line: a sub-command for each, and one for each of its tasks."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence

from gaugenet import datasets, train
from gaugenet.cli.arguments import Parser
from gaugenet.cli.options import OPTIONS, add_options, flags

# The tasks of each data set; the first one is the default.
TASKS = {
    "psb": ("segment", "classify", "detect"),
    "folder": ("segment", "classify", "detect"),
    "digits": ("classify", "segment"),
    "scenes": ("detect", "segment"),
    "earth": ("segment",),
}
MESHES = ("psb", "folder")
# The options that name the data.
_SOURCE = {
    ("psb", "segment"): ["category"],
    ("psb", "detect"): ["category"],
    ("psb", "classify"): ["train-shapes", "split-seed"],
    ("folder", "segment"): ["test"],
    ("folder", "detect"): ["test"],
    ("earth", "segment"): ["hold-out"],
}
_HELP = {
    "psb": "labelled Princeton Segmentation Benchmark",
    "folder": "your meshes",
    "digits": "handwritten digits on the sphere, one in each image",
    "scenes": "up to five handwritten digits on the sphere",
    "earth": "groups of climate on land, from elevation and colour",
    "segment": "label faces, vertices or points",
    "classify": "classify whole shapes or images",
    "detect": "find parts of shapes, or objects in images, as oriented boxes",
}
_ROOT = {
    "psb": "folder of the benchmark, or LabeledDB_new.zip",
    "folder": "folder of meshes with labels beside them (hand.off with hand_labels.txt, .txt, .seg or .npy) or inside "
    "PLY files; to classify, folder with one folder of meshes for each class",
    "digits": "folder of the four files of MNIST",
    "scenes": "folder of the four files of MNIST",
    "earth": "the .npz of Earth",
}
# Data sets as they were named before, and options that have another name in a family of networks on the sphere.
_OLDER = {"spherical-mnist": "digits", "spherical-scenes": "scenes"}
_LEVELS = {"harmonic": "bands", "gauge": "levels", "plain": "widths"}


def add_data(
    parser: argparse.ArgumentParser,
    options: Callable[[str, str], Sequence[str]],
    words: Callable[[str, str], dict[str, object]],
) -> list[argparse.ArgumentParser]:
    """Add a sub-command for each data set, and below it one for each task, with the options that name the data.

    Args:
        parser: Parser of the command.
        options: Returns the names of the other options of a data set and a task.
        words: Returns the words in the help texts of those options.

    Returns:
        The parsers of all pairs.
    """
    leaves = []
    layout = parser.formatter_class
    data_sets = parser.add_subparsers(dest="data", metavar="DATA", required=True)
    for data, tasks in TASKS.items():
        one = data_sets.add_parser(data, help=_HELP[data], description=f"{_HELP[data]}.", formatter_class=layout)
        pairs = one.add_subparsers(dest="task", metavar="TASK", required=True)
        for task in tasks:
            text = _HELP[task] + (" (default)" if task == tasks[0] else "")
            # Abbreviations would depend on which options a pair has: --output could be --output-folder.
            leaf = pairs.add_parser(
                task, help=text, description=f"{_HELP[task]}.", formatter_class=layout, allow_abbrev=False
            )
            names = ["root", *_SOURCE.get((data, task), []), *options(data, task)]
            add_options(leaf, names, root=_ROOT[data], **words(data, task))
            leaves.append(leaf)
    return leaves


def check_root(args: argparse.Namespace) -> None:
    """Refuse data that do not exist.

    Args:
        args: The parsed arguments.

    Raises:
        FileNotFoundError: If there is nothing at ``--root``.
    """
    if not args.root.exists():
        raise FileNotFoundError(f"{args.root}: no such file or folder; expected {_ROOT[args.data]}")


def read_shapes(args: argparse.Namespace, split: str, held_back: int = 0) -> datasets.MeshDataset:
    """Read a split of labelled meshes.

    Args:
        args: The parsed arguments.
        split: Name of the split.
        held_back: Number of training shapes that are held back, where the data set does so itself.
    """
    if args.data == "psb" and args.task == "classify":
        return datasets.PSBShapes(args.root, split, args.train_shapes, args.split_seed, held_back)
    if args.data == "psb":
        return datasets.PSB(args.root, args.category, split, held_back)
    if args.task == "classify":
        return datasets.ClassFolder(args.root, split, validation=held_back)
    return datasets.LabelledFolder(args.root, split, test=args.test)


def read_images(
    args: argparse.Namespace, split: str, held_back: int = 0
) -> datasets.SphericalMNIST | datasets.SphericalScenes:
    """Read a split of the images on the sphere.

    Args:
        args: The parsed arguments.
        split: Name of the split.
        held_back: Number of training images that are held back.
    """
    read = train.recipes.images.read_scenes if args.data == "scenes" else datasets.SphericalMNIST
    return read(args.root, split, held_back)


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
    if any(word.startswith("--da") for word in words):
        raise ValueError(f"--data and --task are words now: gaugenet {shlex.join(respelled(words))}")
    if len(words) > 2 and words[1] in TASKS and words[2].startswith("-") and words[2] not in ("-h", "--help"):
        words.insert(2, TASKS[words[1]][0])
    return words


def respelled(words: Sequence[str]) -> list[str]:
    """Return the current spelling of a call of ``train`` or ``evaluate`` with --data.

    Args:
        words: The command line in the older spelling, without the program.
    """
    # One parser had the options of all pairs, which could be abbreviated.
    older = Parser(prog="gaugenet", add_help=False, argument_default=argparse.SUPPRESS)
    for flag in ("--data", "--task"):
        older.add_argument(flag)
    older.add_argument("--json", action="store_true")
    for name, settings in OPTIONS.items():
        if " " not in name and name not in ("mesh", "bands", "widths"):
            older.add_argument(*flags(name), **{key: settings[key] for key in ("action", "nargs") if key in settings})
    known, rest = older.parse_known_args(words[1:])
    given = dict(vars(known))
    data = given.pop("data", "")
    data = _OLDER.get(data, data)
    tasks = TASKS.get(data, ("",))
    task = given.pop("task", tasks[0])
    found = [words[0], data, *([] if tasks == (task,) else [task])]
    for dest, value in given.items():
        name = dest.replace("_", "-")
        if name == "levels" and data in TASKS and data not in MESHES:
            name = _LEVELS[given.get("family", "harmonic")]
        found += [flags(name)[0], *([] if value is True else value if isinstance(value, list) else [value])]
    return [*found, *rest]
