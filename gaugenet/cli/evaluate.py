"""Score a network on labelled shapes: share of the area with the correct label, mean IoU, and both for each label.

Every shape has the same weight, whatever its size. To classify, it is the share of shapes with the correct class; to
detect, the average precision of boxes around the connected regions of the labels that the network finds.
`psb --category all` scores each category with the network psb-<name> that ships, or with --model, in which {category}
stands for the name in lower case. `earth` scores the land of the continent that --hold-out names. The default TASK is
the first one of the data set.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gaugenet import datasets, models, train, viz
from gaugenet.cli.arguments import check_up
from gaugenet.cli.data import MESHES, add_data, check_root, read_images, read_shapes
from gaugenet.cli.message import bar
from gaugenet.cli.outcome import Outcome, area_table, class_table, detection_outcome, head, row
from gaugenet.models.location import located, recorded, shipped
from gaugenet.viz.png import png_path

if TYPE_CHECKING:
    from gaugenet.train.fit import Progress

EXAMPLE = "gaugenet evaluate psb segment --root LabeledDB_new.zip --category Human --model psb-human"
ALL = "all"
# Means over the categories, where all are scored: name in the JSON, and heading.
_MEANS = {"segment": {"area_accuracy": "accuracy", "mean_iou": "IoU"}, "detect": {"ap50": "AP50", "ap": "AP"}}
_PICTURES = {
    "segment": "draw prediction and truth side by side for each shape, one file for each category",
    "detect": "draw boxes on each shape, one file for each",
}


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    return add_data(parser, _options, _words)


def _options(data: str, task: str) -> list[str]:
    confusion = [] if task == "detect" else ["confusion"]
    if data == "earth":
        return ["model", "rotate-test", "picture", *confusion]
    if data not in MESHES:
        return ["model", "split", "rotate-test", *confusion]
    whole = ["model optional", "split"] if data == "psb" and task != "classify" else ["model", "split whole"]
    return [*whole, "perturb", *(["picture", "up"] if task in _PICTURES else []), *confusion]


def _words(data: str, task: str) -> dict[str, object]:
    """Return words in the help texts."""
    if data == "earth":
        return {"picture": "draw the map", "whole": "Earth"}
    return {"picture": _PICTURES.get(task), "whole": "each image"}


def run(args: argparse.Namespace) -> Outcome:
    """Score one network, or one for each category.

    Args:
        args: The parsed arguments.
    """
    check_up(args)
    for name in ("confusion", "picture"):
        if getattr(args, name, None) is not None:
            png_path(getattr(args, name))
    everything = getattr(args, "category", None) == ALL
    if not everything:
        if args.model is None:
            raise ValueError("the following arguments are required: --model; see gaugenet evaluate psb --help")
        located(args.model)
    check_root(args)
    return _of_all(args) if everything else _of_one(args)


def _of_all(args: argparse.Namespace) -> Outcome:
    """Score one network for each category, as if each had been named; it is added to the names of pictures."""
    contents = {}
    for category, model in _models(args).items():
        located(model)
        one = argparse.Namespace(**{**vars(args), "category": category, "model": model})
        for name in ("picture", "confusion"):
            if (path := getattr(args, name, None)) is not None:
                setattr(one, name, path.with_stem(f"{path.stem}-{category.lower()}"))
        contents[category] = _of_one(one).content
    names = _MEANS[args.task]
    means = {name: sum(one[name] for one in contents.values()) / len(contents) for name in names}
    rows = [head("category", *names.values())]
    rows += [row(category, *(one[name] for name in names)) for category, one in contents.items()]
    rows += [row("mean", *means.values()), _which(args, sum(len(one["shapes"]) for one in contents.values()))]
    return Outcome({**means, "categories": contents}, "\n".join(rows))


def _models(args: argparse.Namespace) -> dict[str, str]:
    """Return the network of each category that has one."""
    categories = datasets.psb_categories(args.root)
    if args.model is not None:
        return {category: args.model.replace("{category}", category.lower()) for category in categories}
    ending = "-parts" if args.task == "detect" else ""
    found = {category: f"psb-{category.lower()}{ending}" for category in categories}
    found = {category: model for category, model in found.items() if model in shipped()}
    if not found:
        raise ValueError("no network for any category ships; give --model with {category} in its path")
    return found


def _of_one(args: argparse.Namespace) -> Outcome:
    """Score one network."""
    net, about = models.load(args.model), recorded(args.model)
    if args.data == "earth":
        return _of_earth(args, net, about)
    if args.data not in MESHES:
        return _of_images(args, net, about)
    train.scoring.check_task(net, args.task, args.model)
    shapes = read_shapes(args, "train" if args.split == "validation" else args.split)
    if args.split == "validation":
        shapes = train.scoring.held_back(shapes, about)
    elif args.split == "test":
        train.scoring.check_unseen(shapes, about, args.data, args.task)
    score: dict[str, Callable[..., Outcome]]
    score = {"segment": _segmented, "classify": _classified, "detect": _detected}
    return score[args.task](args, net, shapes)


def _segmented(args: argparse.Namespace, net: models.SegmentationNet, shapes: datasets.MeshDataset) -> Outcome:
    labels: list[Any] = []
    seen = None if args.picture is None else lambda *shape: labels.append(shape)
    scores = train.scoring.score_shapes(net, shapes, args.perturb, seen, _shown(args))
    _draw_confusion(args, scores, net)
    if args.picture is not None:
        from gaugenet.cli.pictures import draw_labels

        titles = [f"{name}: {100 * share:.1f} %" for name, share in zip(shapes.names, scores.accuracies)]
        draw_labels(args.picture, labels, titles, net.label_names, args.up)
    content = {
        "area_accuracy": scores.area_accuracy,
        "mean_iou": scores.mean_iou,
        "accuracies": scores.accuracies,
        "classes": scores.classes,
        "shapes": list(shapes.names),
        "split": args.split,
        "perturb": args.perturb,
    }
    worst_first = sorted(zip(scores.accuracies, shapes.names, strict=True))
    rows = [*area_table("label", scores), f"{_which(args, len(shapes))}, the worst first:"]
    rows += [f"  {name:<18} {100 * accuracy:6.2f} %" for accuracy, name in worst_first]
    return Outcome(content, "\n".join(rows))


def _classified(args: argparse.Namespace, net: models.ClassificationNet, shapes: datasets.MeshDataset) -> Outcome:
    scores = train.scoring.score_shapes(net, shapes, args.perturb, show=_shown(args))
    _draw_confusion(args, scores, net)
    wrong = [name for name, right in zip(shapes.names, scores.accuracies) if right < 1]
    about = {"split": args.split, "perturb": args.perturb}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "wrong": wrong, **about}
    which = f"{100 * scores.area_accuracy:.2f} % of {_which(args, len(shapes))}; wrong: {', '.join(wrong) or 'none'}"
    return Outcome(content, "\n".join([*class_table("class", scores), which]))


def _detected(args: argparse.Namespace, net: models.DetectionNet, shapes: datasets.MeshDataset) -> Outcome:
    seen = None
    if args.picture is not None:
        from gaugenet.cli.pictures import part_picture

        seen = part_picture(args.picture, net.label_names, shapes.label_names, args.up)
    scenes = train.scoring.find_parts(net, shapes, args.perturb, seen, _shown(args))
    objects = sum(len(scene.true) for scene in scenes)
    about = {"objects": objects, "shapes": shapes.names, "split": args.split, "perturb": args.perturb}
    which = f"{objects} object{'' if objects == 1 else 's'} on {_which(args, len(shapes))}"
    found = train.scoring.precision(net, scenes)
    unit = "% of the root of the area"
    return detection_outcome(net.label_names, found, about, which, lambda length: f"{100 * length:.2f} {unit}")


def _of_images(args: argparse.Namespace, net: Any, record: dict[str, Any]) -> Outcome:
    """Score a network on images on the sphere."""
    scoring = train.scoring
    images = read_images(args, args.split, scoring.check_images(record) if args.split == "validation" else 0)
    names = images.region_names if args.task == "segment" else images.label_names
    scoring.check_task(net, args.task, args.model, names)
    rotate = args.rotate_test == "yes"
    about = {"images": len(images), "split": args.split, "rotate_test": args.rotate_test}
    which = f"{len(images)} images of the {args.split} split{', turned at random' if rotate else ''}"
    if isinstance(images, datasets.SphericalScenes) and args.task == "detect":
        found = scoring.precision(net, scoring.find_objects(net, images, rotate, bar))
        return detection_outcome(
            net.label_names, found, about, which, lambda angle: f"{math.degrees(angle):.2f} degrees"
        )
    scores = scoring.score_images(net, images, args.task, rotate, bar)
    _draw_confusion(args, scores, net)
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, **about}
    rows = class_table("class", scores)
    if args.task == "segment":  # the first name is that of the background
        digits = [one["iou"] for name, one in scores.classes.items() if name in net.label_names[1:]]
        content["mean_iou"] = sum(digits) / len(digits)
        rows.append(f"mean IoU of digits {100 * content['mean_iou']:.2f} %")
        which = f"the area of {which}"
    return Outcome(content, "\n".join([*rows, f"{100 * scores.area_accuracy:.2f} % of {which}"]))


def _of_earth(args: argparse.Namespace, net: Any, record: dict[str, Any]) -> Outcome:
    """Score a network on the land that its training held out."""
    earth = datasets.Earth(args.root)
    train.scoring.check_task(net, "segment", args.model, earth.label_names)
    train.scoring.check_land(args.model, record, args.hold_out)
    scores = train.scoring.score_land(net, earth, args.hold_out, args.rotate_test == "yes")
    _draw_confusion(args, scores, net)
    if args.picture is not None:
        from gaugenet.cli.pictures import draw_map

        draw_map(args.picture, net, earth, args.hold_out)
    content = {
        "area_accuracy": scores.area_accuracy,
        "mean_iou": scores.mean_iou,
        "classes": scores.classes,
        "hold_out": args.hold_out,
        "rotate_test": args.rotate_test,
    }
    copies = train.recipes.earth.COPIES["turned"]
    turned = f", {copies} times turned at random" if args.rotate_test == "yes" else ""
    return Outcome(content, "\n".join([*area_table("group", scores), f"land of {args.hold_out}{turned}"]))


def _draw_confusion(args: argparse.Namespace, scores: train.Scores, net: models.Network) -> None:
    if args.confusion is not None:
        viz.confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)


def _shown(args: argparse.Namespace) -> Progress:
    """Return a progress bar with the name of the category, if there is one."""
    category = getattr(args, "category", None)
    return lambda items, text, total, note=None: bar(items, category or text, total)


def _which(args: argparse.Namespace, count: int) -> str:
    """Return words for the shapes that were scored."""
    of = "" if args.split == "all" else f" of the {args.split} split"
    perturbed = "" if args.perturb is None else f" (perturbed: {args.perturb})"
    return f"{count} shape{'' if count == 1 else 's'}{of}{perturbed}"
