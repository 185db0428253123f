"""How networks do on labelled meshes that are named on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from gaugenet.cli.labelled import open_held_back, open_split
from gaugenet.cli.message import named
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.parts import parts_outcome
from gaugenet.cli.progress import bar
from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.datasets.psb import psb_categories
from gaugenet.io.labels import corner_majority
from gaugenet.io.mesh_data import LABELS
from gaugenet.models import ClassificationNet, DetectionNet, Network, SegmentationNet, load, shipped
from gaugenet.models.store import recorded
from gaugenet.train import Scores, evaluate
from gaugenet.transforms.perturbation import Perturbation
from gaugenet.viz import Panel, confusion_picture, segmentation_picture

ALL = "all"
# What is said of each category where all are scored: name in the JSON, and in words.
_SCORES = {
    "segment": {"area_accuracy": "accuracy", "mean_iou": "IoU"},
    "detect": {"ap50": "AP50", "ap": "AP"},
}


def shapes_outcome(args: argparse.Namespace) -> Outcome:
    """Score a network on meshes, or of every category of psb the network that is for it.

    Raises:
        ValueError: for arguments that do not go together, and networks of another kind.
    """
    if args.category == ALL:
        return _of_all(args)
    if args.model is None:
        raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
    return {"segment": _segmented, "classify": _classified, "detect": _detected}[args.task](args)


def _of_all(args: argparse.Namespace) -> Outcome:
    """Score one network a category, as if each had been named; files of pictures are named by it."""
    score, names = {"segment": _segmented, "detect": _detected}[args.task], _SCORES[args.task]
    contents = {}
    for category, model in _models(args).items():
        files = {
            name: None if path is None else path.with_stem(f"{path.stem}-{category.lower()}")
            for name, path in (("picture", args.picture), ("confusion", args.confusion))
        }
        one = argparse.Namespace(**{**vars(args), **files, "category": category, "model": model})
        contents[category] = score(one).content
    means = {name: sum(one[name] for one in contents.values()) / len(contents) for name in names}
    first, second = names
    rows = [_head("category", *names.values())]
    rows += [_row(category, one[first], one[second]) for category, one in contents.items()]
    rows += [_row("mean", *means.values()), _which(args, sum(len(one["shapes"]) for one in contents.values()))]
    return Outcome({**means, "categories": contents}, "\n".join(rows))


def _segmented(args: argparse.Namespace) -> Outcome:
    """Score a network that labels faces or vertices."""
    net, shapes = _opened(args)
    panels: list[Panel] = []
    seen = None if args.picture is None else partial(_add_panels, panels)
    label = args.category or "evaluate"
    scores = evaluate(net, bar(_inputs(net, shapes, args.perturb), label, len(shapes)), seen)
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    if args.picture is not None:
        titled = [replace(panel, title=title) for panel, title in zip(panels, _titles(shapes.names, scores))]
        segmentation_picture(args.picture, titled, net.label_names, views=1, together=2, up=args.up)
    content = {
        "area_accuracy": scores.area_accuracy,
        "mean_iou": scores.mean_iou,
        "accuracies": scores.accuracies,
        "classes": scores.classes,
        "shapes": list(shapes.names),
        "split": args.split,
        "perturb": args.perturb,
    }
    rows = [_head("label", *_SCORES["segment"].values()), *_class_rows(scores)]
    rows.append(_row("all (area, mean IoU)", scores.area_accuracy, scores.mean_iou))
    rows.append(f"{_which(args, len(shapes))}, the worst first:")
    worst_first = sorted(zip(scores.accuracies, shapes.names, strict=True))
    rows += [f"  {name:<18} {100 * accuracy:6.2f} %" for accuracy, name in worst_first]
    return Outcome(content, "\n".join(rows))


def _classified(args: argparse.Namespace) -> Outcome:
    """Score a network on whole shapes."""
    if args.picture is not None:
        raise ValueError("--picture goes with --task segment; to classify there is --confusion")
    net, shapes = _opened(args)
    scores = evaluate(net, bar(_inputs(net, shapes, args.perturb), "evaluate", len(shapes)))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    wrong = [name for name, right in zip(shapes.names, scores.accuracies) if right < 1]
    about = {"split": args.split, "perturb": args.perturb}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "wrong": wrong, **about}
    rows = [_head("class", *_SCORES["segment"].values()), *_class_rows(scores)]
    which = _which(args, len(shapes))
    rows.append(f"{100 * scores.area_accuracy:.2f} % of {which}; wrong: {', '.join(wrong) or 'none'}")
    return Outcome(content, "\n".join(rows))


def _detected(args: argparse.Namespace) -> Outcome:
    """Score a network that finds parts of shapes."""
    if args.confusion is not None:
        raise ValueError("--confusion goes with --task segment or classify; objects that are not found have no label")
    net, shapes = _opened(args)
    return parts_outcome(args, net, shapes, _which(args, len(shapes)))


def _opened(args: argparse.Namespace) -> tuple[Any, MeshDataset]:
    """Return a network and the shapes to score it on.

    Raises:
        ValueError: the network is for another task, or was trained on shapes of the test split.
    """
    net = load(args.model)
    kinds: dict[str, type[Network]]
    kinds = {"segment": SegmentationNet, "classify": ClassificationNet, "detect": DetectionNet}
    wanted = kinds[args.task]
    if not isinstance(net, wanted) or net.trunk.own_frames:
        raise ValueError(f"--task {args.task} needs a {wanted.__name__}, got {args.model}, a {type(net).__name__}")
    about = recorded(args.model)
    if args.split == "validation":
        shapes = open_held_back(args, about.get("validation"))
    else:
        shapes = open_split(args, args.split)
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
    ending = "-parts" if args.task == "detect" else ""
    models = {category: f"psb-{category.lower()}{ending}" for category in categories}
    models = {category: model for category, model in models.items() if model in shipped()}
    if not models:
        raise ValueError("no network for any category ships; give --model with {category} in its path")
    return models


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


def _add_panels(panels: list[Panel], data: Any, prediction: torch.Tensor) -> None:
    pos, face = data.pos.numpy(), data.face.numpy().T
    for label in (prediction, data.face_label if len(prediction) == len(face) else data.vertex_label):
        at_faces = label if len(label) == len(face) else corner_majority(label, data.face)
        panels.append(Panel("", pos, face, at_faces.numpy()))


def _titles(names: Sequence[str], scores: Scores) -> Iterator[str]:
    for name, accuracy in zip(names, scores.accuracies):
        yield f"{name}: {100 * accuracy:.1f} %"
        yield "truth"


def _class_rows(scores: Scores) -> list[str]:
    return [_row(name, one["accuracy"], one["iou"]) for name, one in scores.classes.items()]


def _head(name: str, first: str, second: str) -> str:
    return f"{name:<20} {first:>8} {second:>7}"


def _row(name: str, first: float, second: float) -> str:
    return f"{name:<20} {100 * first:6.2f} % {100 * second:6.2f} %"


def _which(args: argparse.Namespace, count: int) -> str:
    """Name the shapes that were scored."""
    of = "" if args.split == "all" else f" of the {args.split} split"
    return f"{count} shape{'' if count == 1 else 's'}{of}{_perturbed(args.perturb)}"


def _perturbed(kind: str | None) -> str:
    return "" if kind is None else f" (perturbed: {kind})"
