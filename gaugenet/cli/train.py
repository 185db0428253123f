"""Train a network: on shapes, to segment or classify them or find their parts, on images on the sphere, or on Earth.

DIR gets net.safetensors and net.json (the network, to be named to --model as DIR/net), history.json and curves.png
(loss and accuracy of each epoch), checkpoint.pt (after each epoch; a run that is killed goes on with the same command
and --resume, and ends with the same numbers), run.json (data, settings and configuration) and bundles/ (cached
geometry). The default TASK is the first one of the data set.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gaugenet import datasets, train, viz
from gaugenet.cli.data import MESHES, add_data, check_root, read_images, read_shapes
from gaugenet.cli.message import bar
from gaugenet.cli.options import FAMILIES
from gaugenet.cli.outcome import Outcome
from gaugenet.io.file import check_folder
from gaugenet.train.settings import FitSettings, usual_settings

if TYPE_CHECKING:
    from gaugenet.train.recipes import Job

EXAMPLE = "gaugenet train psb segment --root LabeledDB_new.zip --category Human -o out/human --workers 2"
# Defaults of the networks, for the help text.
NETS = {
    "segment": {"levels": "2048,512,128", "rep": '"24x0 + 12x1 + 12x2"', "layers": "conv"},
    "classify": {"levels": "1024,256,64", "rep": '"12x0 + 6x1 + 6x2"', "layers": "none"},
}
NETS["detect"] = NETS["segment"]
_RUN = ("output-folder", "resume", "epochs", "seed")
_OF_MESHES = ("validation", "cache", "variants", "remesh", "workers", "levels", "rep", "layers", "fields", "field")
_OF_TASK = {"segment": ("output",), "classify": (), "detect": ("objects",)}
_EXAMPLES = {"digits": "images", "scenes": "scenes"}


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    family = _family(argv)

    def options(data: str, task: str) -> list[str]:
        if data in MESHES:
            return [*_RUN, *_OF_MESHES, "one-sided", *_OF_TASK[task]]
        own = ["validation-continent", "rotate-train earth"] if data == "earth" else ["validation", "rotate-train"]
        of_family = [name if name in ("bands", "widths") else f"{name} sphere" for name in FAMILIES.get(family, ())]
        return [*_RUN, *own, "rotate-test", "family", *of_family]

    return add_data(parser, options, _words)


def _words(data: str, task: str) -> dict[str, object]:
    """Return words in the help texts."""
    usual, examples = usual_settings(data, task), _EXAMPLES.get(data, "shapes")
    classify = task == "classify"
    return {
        **NETS[task],
        "passes": "tens of rotated copies of Earth" if data == "earth" else f"passes over the {examples}",
        "epochs": usual.epochs,
        "variants": usual.variants,
        "examples": f"{examples} of each class" if classify and data in MESHES else examples,
        "without": "; without layers only the group matters" if classify else "",
        "other": "or none, to classify by the distribution of the input fields" if classify else "or polynomial",
        "whole": "Earth" if data == "earth" else "each image",
    }


def _family(argv: Sequence[str]) -> str:
    """Return the family of networks that a command line names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--family", nargs="?", default="harmonic")
    return parser.parse_known_args(list(argv))[0].family or ""


def run(args: argparse.Namespace) -> Outcome:
    """Train, and write the network.

    Args:
        args: The parsed arguments.
    """
    check_root(args)
    check_folder(args.output_folder)
    if getattr(args, "cache", None) is not None:
        check_folder(args.cache)
    job = _mesh_job(args) if args.data in MESHES else _sphere_job(args)
    history = job.run(args.output_folder, args.resume, getattr(args, "workers", 1), bar)
    folder, last = train.recipes.RunFolder(args.output_folder), history[-1]
    viz.curves_picture(folder.curves, history)
    content = {
        "network": str(folder.network),
        "curves": str(folder.curves),
        "epochs": len(history),
        "loss": last["loss"],
        "accuracy": last["accuracy"],
        "validation_accuracy": last.get("validation_accuracy"),
        "parameters": sum(parameter.numel() for parameter in job.net.parameters()),
    }
    summary = train.recipes.job.summary(last)
    text = f"epoch {len(history)}: {summary}\nnetwork: {folder.network}\ncurves: {folder.curves}"
    return Outcome(content, text)


def _mesh_job(args: argparse.Namespace) -> Job:
    """Return the job of training on meshes."""
    shapes, held = train.recipes.shapes, args.validation
    recipes: dict[str, Callable[..., Job]]
    recipes = {"segment": shapes.segmentation, "classify": shapes.classification, "detect": shapes.detection}
    if args.data == "folder" and args.task != "classify":
        splits = shapes.hold_back(read_shapes(args, "train"), held)
    else:
        splits = read_shapes(args, "train", held), read_shapes(args, "validation", held) if held else None
    given = _given(args, "output", "objects", "levels", "rep", "layers")
    given["fields"] = {**args.fields, **({"oriented": False} if args.one_sided else {})}
    settings = replace(_settings(args), remesh=args.remesh, **_given(args, "variants"))
    return recipes[args.task](*splits, **given, frame_field=args.field, settings=settings, cache=args.cache)


def _sphere_job(args: argparse.Namespace) -> Job:
    """Return the job of training on images on the sphere, or on Earth."""
    images = train.recipes.images
    given: dict[str, Any] = {name: getattr(args, name) == "yes" for name in ("rotate_train", "rotate_test")}
    given["family"] = images.Family(args.family, _given(args, *FAMILIES[args.family]))
    given["settings"] = _settings(args)
    if args.data == "earth":
        if args.hold_out == args.validation_continent:
            raise ValueError(f"--validation-continent must be another one than --hold-out, got {args.hold_out} twice")
        earth = datasets.Earth(args.root)
        return train.recipes.earth.segmentation(earth, args.hold_out, args.validation_continent, **given)
    recipe: Callable[..., Job] = images.digits if args.data == "digits" else images.scenes
    held = args.validation
    splits = read_images(args, "train", held), read_images(args, "validation", held) if held else None
    return recipe(*splits, args.task, **given)


def _settings(args: argparse.Namespace) -> FitSettings:
    usual = usual_settings(args.data, args.task, getattr(args, "family", "harmonic"))
    return replace(usual, seed=args.seed, **_given(args, "epochs"))


def _given(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the options of some names that were given."""
    return {name: value for name in names if (value := getattr(args, name, None)) is not None}
