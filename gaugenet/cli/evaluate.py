"""Score a network on labelled shapes: share of the area with the right label, mean IoU, and both for each label.

Every shape counts the same, whatever its size. With --task classify it is the share of shapes with the right class,
with --task detect the average precision of boxes about the connected regions of the labels that the network finds.
--category all scores each category of psb with the network psb-<name> that ships, or with --model, in which {category}
stands for the name in lower case. Of --data earth it is the land of the continent that --hold-out names.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from gaugenet.cli.arguments import add_model, add_up, check_up
from gaugenet.cli.earth import earth_outcome
from gaugenet.cli.labelled import IMAGES, add_data, check_data, open_held_back, open_split
from gaugenet.cli.message import named
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.parts import parts_outcome
from gaugenet.cli.progress import bar
from gaugenet.cli.spherical import add_rotations
from gaugenet.cli.spherical_scores import images_outcome
from gaugenet.data.labels import corner_majority
from gaugenet.data.mesh_data import LABELS
from gaugenet.data.mesh_dataset import MeshDataset
from gaugenet.data.perturbation import KINDS, Perturbation
from gaugenet.data.psb import psb_categories
from gaugenet.models import ClassificationNet, DetectionNet, SegmentationNet, load, shipped
from gaugenet.models.store import recorded
from gaugenet.train import Scores, evaluate
from gaugenet.viz import Panel, confusion_picture, segmentation_picture
from gaugenet.viz.png import png_path

EXAMPLE = "gaugenet evaluate --data psb --root LabeledDB_new.zip --category Human --model psb-human"
ALL = "all"


class _Result(NamedTuple):
    """Names of shapes, and how they were scored."""

    names: list[str]
    scores: Scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_data(parser)
    add_rotations(parser, train=False)
    add_model(parser, required=False)
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        default="test",
        help="what to score; validation: what the training of the network held back; all: shapes of folder, or to "
        "classify (default: test)",
    )
    parser.add_argument(
        "--perturb",
        choices=KINDS,
        help="score perturbed copies: turned, with noise, decimated to 30 %% of the faces, subdivided unevenly, or "
        "with five holes; labels go along",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="PNG",
        help="draw prediction beside truth for each shape, one file a category; to detect, boxes on each, one a shape; "
        "of earth the map",
    )
    add_up(parser)
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the confusion matrix, one a category")


def run(args: argparse.Namespace) -> Outcome:
    """Score one network, or one a category."""
    check_data(args)
    check_up(args)
    if args.data == "earth":
        return earth_outcome(args)
    if args.data in IMAGES:
        if args.confusion is not None:
            png_path(args.confusion)
        return images_outcome(args)
    for picture in (args.confusion, args.picture):
        if picture is not None:
            png_path(picture)
    if args.category != ALL:
        if args.model is None:
            raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
        if args.task == "classify":
            return _classified(args)
        if args.task == "detect":
            return _detected(args)
        names, scores = _scores(args, args.category, args.model)
        return Outcome(_content(args, names, scores), _text(args, names, scores))
    if args.task != "segment":
        raise ValueError(f"--category {ALL} goes with --task segment; to detect, name one")
    models = _models(args)
    results = {}
    for category, model in models.items():
        results[category] = _scores(args, category, model, f"-{category.lower()}")
    accuracy = sum(scores.area_accuracy for _, scores in results.values()) / len(results)
    iou = sum(scores.mean_iou for _, scores in results.values()) / len(results)
    categories = {category: _content(args, *result) for category, result in results.items()}
    content = {"area_accuracy": accuracy, "mean_iou": iou, "categories": categories}
    rows = [_row(category, scores.area_accuracy, scores.mean_iou) for category, (_, scores) in results.items()]
    rows += [_row("mean", accuracy, iou), _which(args, sum(len(names) for names, _ in results.values()))]
    return Outcome(content, "\n".join([_HEAD.format("category"), *rows]))


def _classified(args: argparse.Namespace) -> Outcome:
    """Score a network on whole shapes."""
    if args.picture is not None:
        raise ValueError("--picture goes with --task segment; to classify there is --confusion")
    net, shapes = _opened(args, None, args.model)
    scores = evaluate(net, bar(_inputs(net, shapes, args.perturb), "evaluate", len(shapes)))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    wrong = [name for name, right in zip(shapes.names, scores.accuracies) if right < 1]
    about = {"split": args.split, "perturb": args.perturb}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "wrong": wrong, **about}
    rows = [_row(name, one["accuracy"], one["iou"]) for name, one in scores.classes.items()]
    which = _which(args, len(shapes))
    rows.append(f"{100 * scores.area_accuracy:.2f} % of {which}; wrong: {', '.join(wrong) or 'none'}")
    return Outcome(content, "\n".join([_HEAD.format("class"), *rows]))


def _detected(args: argparse.Namespace) -> Outcome:
    """Score a network that finds parts of shapes."""
    if args.confusion is not None:
        raise ValueError("--confusion goes with --task segment or classify; objects that are not found have no label")
    net, shapes = _opened(args, args.category, args.model)
    return parts_outcome(args, net, shapes, _which(args, len(shapes)))


def _opened(args: argparse.Namespace, category: str | None, model: str) -> tuple[Any, MeshDataset]:
    """Return a network and the shapes to score it on.

    Raises:
        ValueError: the network is for another task, or was trained on shapes of the test split.
    """
    net = load(model)
    wanted = {"segment": SegmentationNet, "classify": ClassificationNet, "detect": DetectionNet}[args.task]
    if not isinstance(net, wanted):
        raise ValueError(f"--task {args.task} needs a {wanted.__name__}, got {model}, a {type(net).__name__}")
    about = recorded(model)
    if args.split == "validation":
        shapes = open_held_back(args, category, about.get("validation", ()))
    else:
        shapes = open_split(args, category, args.split)
    if args.split == "test" and (about.get("data"), about.get("task")) == (args.data, args.task):
        known = [name for name in shapes.names if name in about["train"]]
        if known:
            raise ValueError(
                f"{len(known)} of {len(shapes)} shapes to test on have names that the network was trained on (e.g. "
                f"{known[0]}): give the --test, --train-shapes and --split-seed of its training, or --split all"
            )
    shapes.transform = None if args.perturb is None else Perturbation(args.perturb)
    return net, shapes


def _models(args: argparse.Namespace) -> dict[str, str]:
    """Return the network of each category that has one."""
    categories = psb_categories(args.root)
    if args.model is not None:
        return {category: args.model.replace("{category}", category.lower()) for category in categories}
    models = {category: f"psb-{category.lower()}" for category in categories}
    models = {category: model for category, model in models.items() if model in shipped()}
    if not models:
        raise ValueError("no network for any category ships; give --model with {category} in its path")
    return models


def _scores(args: argparse.Namespace, category: str | None, model: str, suffix: str = "") -> _Result:
    """Score one network; pictures get the suffix behind their stems."""
    net, shapes = _opened(args, category, model)
    panels: list[Panel] = []
    seen = None if args.picture is None else partial(_add_panels, panels)
    scores = evaluate(net, bar(_inputs(net, shapes, args.perturb), category or "evaluate", len(shapes)), seen)
    if args.confusion is not None:
        confusion_picture(_suffixed(args.confusion, suffix), scores.matrix.numpy(), net.label_names)
    if args.picture is not None:
        titled = [replace(panel, title=title) for panel, title in zip(panels, _titles(shapes.names, scores))]
        segmentation_picture(_suffixed(args.picture, suffix), titled, net.label_names, views=1, together=2, up=args.up)
    return _Result(shapes.names, scores)


def _add_panels(panels: list[Panel], data: Any, prediction: torch.Tensor) -> None:
    pos, face = data.pos.numpy(), data.face.numpy().T
    for label in (prediction, data.face_label if len(prediction) == len(face) else data.vertex_label):
        at_faces = label if len(label) == len(face) else corner_majority(label, data.face)
        panels.append(Panel("", pos, face, at_faces.numpy()))


def _titles(names: Sequence[str], scores: Scores) -> Iterator[str]:
    for name, accuracy in zip(names, scores.accuracies):
        yield f"{name}: {100 * accuracy:.1f} %"
        yield "truth"


def _suffixed(path: Path, suffix: str) -> Path:
    return path.with_stem(path.stem + suffix)


def _inputs(net: SegmentationNet | ClassificationNet, shapes: MeshDataset, perturb: str | None) -> Iterator[Any]:
    """Yield the shapes as the network reads them, with its numbers for their labels."""
    unknown = sorted(set(shapes.label_names) - set(net.label_names))
    if unknown:
        raise ValueError(
            f"the network has no label {', '.join(map(repr, unknown))}, which the data have; "
            f"its labels are {', '.join(net.label_names)}"
        )
    number = torch.tensor([*(net.label_names.index(name) for name in shapes.label_names), -1])
    for place, name in enumerate(shapes.names):
        with named(f"{name}{_perturbed(perturb)}"):
            data = net.transform(shapes[place])
        for key in LABELS:
            if key in data:
                data[key] = number[data[key]]
        yield data


def _content(args: argparse.Namespace, names: Sequence[str], scores: Scores) -> dict[str, Any]:
    return {
        "area_accuracy": scores.area_accuracy,
        "mean_iou": scores.mean_iou,
        "accuracies": scores.accuracies,
        "classes": scores.classes,
        "shapes": list(names),
        "split": args.split,
        "perturb": args.perturb,
    }


_HEAD = "{:<20} accuracy     IoU"


def _row(name: str, accuracy: float, iou: float) -> str:
    return f"{name:<20} {100 * accuracy:6.2f} % {100 * iou:6.2f} %"


def _which(args: argparse.Namespace, count: int) -> str:
    """Name the shapes that were scored."""
    of = "" if args.split == "all" else f" of the {args.split} split"
    return f"{count} shape{'' if count == 1 else 's'}{of}{_perturbed(args.perturb)}"


def _perturbed(kind: str | None) -> str:
    return "" if kind is None else f" (perturbed: {kind})"


def _text(args: argparse.Namespace, names: Sequence[str], scores: Scores) -> str:
    rows = [_row(name, one["accuracy"], one["iou"]) for name, one in scores.classes.items()]
    rows.append(_row("all (area, mean IoU)", scores.area_accuracy, scores.mean_iou))
    worst_first = sorted(zip(scores.accuracies, names, strict=True))
    each = [f"  {name:<18} {100 * accuracy:6.2f} %" for accuracy, name in worst_first]
    return "\n".join([_HEAD.format("label"), *rows, f"{_which(args, len(names))}, the worst first:", *each])
