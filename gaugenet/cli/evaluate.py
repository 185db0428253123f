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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet.cli.arguments import add_model, add_up, check_up
from gaugenet.cli.data import MESHES, add_data, add_rotation, check_root, read_images, read_shapes
from gaugenet.cli.message import bar
from gaugenet.cli.outcome import Outcome, area_table, class_table, detection_outcome, head, row
from gaugenet.models.location import located, recorded, shipped
from gaugenet.viz.png import png_path

if TYPE_CHECKING:
    from gaugenet.datasets.mesh_dataset import MeshDataset
    from gaugenet.models.classification import ClassificationNet
    from gaugenet.models.detection import DetectionNet
    from gaugenet.models.network import Network
    from gaugenet.models.segmentation import SegmentationNet
    from gaugenet.train.fit import Progress
    from gaugenet.train.metrics import Scores

EXAMPLE = "gaugenet evaluate psb segment --root LabeledDB_new.zip --category Human --model psb-human"
ALL = "all"
PERTURBATIONS = ("rotate", "noise", "coarser", "finer", "holes")
# Means over the categories, where all are scored: name in the JSON, and heading.
_MEANS = {"segment": {"area_accuracy": "accuracy", "mean_iou": "IoU"}, "detect": {"ap50": "AP50", "ap": "AP"}}


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    return add_data(parser, _add)


def _add(parser: argparse.ArgumentParser, data: str, task: str) -> None:
    all_of_psb = data == "psb" and task != "classify"
    add_model(parser, not all_of_psb, "; not needed for --category all" if all_of_psb else "")
    if data != "earth":
        whole = data in MESHES and not all_of_psb
        parser.add_argument(
            "--split",
            choices=("train", "validation", "test", *(["all"] if whole else [])),
            default="test",
            help="what to score; validation: what the training of the network held back (default: test)",
        )
    if data in MESHES:
        parser.add_argument(
            "--perturb",
            choices=PERTURBATIONS,
            help="score perturbed copies: rotated, with noise, decimated to 30 %% of the faces, subdivided unevenly, "
            "or with five holes; labels are kept",
        )
    else:
        add_rotation(parser, "--rotate-test", "Earth" if data == "earth" else "each image")
    pictures = {
        "segment": "draw prediction and truth side by side for each shape, one file for each category",
        "detect": "draw boxes on each shape, one file for each",
    }
    if data == "earth":
        parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the map")
    elif data in MESHES and task in pictures:
        parser.add_argument("--picture", type=Path, metavar="PNG", help=pictures[task])
        add_up(parser)
    if task != "detect":
        parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the confusion matrix")


def run(args: argparse.Namespace) -> Outcome:
    """Score one network, or one for each category.

    Args:
        args: The parsed arguments.
    """
    if hasattr(args, "up"):
        check_up(args)
    for name in ("confusion", "picture"):
        if getattr(args, name, None) is not None:
            png_path(getattr(args, name))
    everything = getattr(args, "category", None) == ALL
    if args.model is None and not everything:
        raise ValueError("the following arguments are required: --model; see gaugenet evaluate psb --help")
    if args.model is not None and not everything:
        located(args.model)
    check_root(args)
    if everything:
        return _of_all(args)
    if args.data == "earth":
        return _of_earth(args)
    return _of_shapes(args) if args.data in MESHES else _of_images(args)


def _of_all(args: argparse.Namespace) -> Outcome:
    """Score one network for each category, as if each had been named; it is added to the names of pictures."""
    contents = {}
    for category, model in _models(args).items():
        located(model)
        one = argparse.Namespace(**{**vars(args), "category": category, "model": model})
        for name in ("picture", "confusion"):
            if (path := getattr(args, name, None)) is not None:
                setattr(one, name, path.with_stem(f"{path.stem}-{category.lower()}"))
        contents[category] = _of_shapes(one).content
    names = _MEANS[args.task]
    means = {name: sum(one[name] for one in contents.values()) / len(contents) for name in names}
    rows = [head("category", *names.values())]
    rows += [row(category, *(one[name] for name in names)) for category, one in contents.items()]
    rows += [row("mean", *means.values()), _which(args, sum(len(one["shapes"]) for one in contents.values()))]
    return Outcome({**means, "categories": contents}, "\n".join(rows))


def _models(args: argparse.Namespace) -> dict[str, str]:
    """Return the network of each category that has one."""
    from gaugenet.datasets.psb import psb_categories

    categories = psb_categories(args.root)
    if args.model is not None:
        return {category: args.model.replace("{category}", category.lower()) for category in categories}
    ending = "-parts" if args.task == "detect" else ""
    models = {category: f"psb-{category.lower()}{ending}" for category in categories}
    models = {category: model for category, model in models.items() if model in shipped()}
    if not models:
        raise ValueError("no network for any category ships; give --model with {category} in its path")
    return models


def _of_shapes(args: argparse.Namespace) -> Outcome:
    """Score a network on meshes."""
    from gaugenet.models.store import load
    from gaugenet.train.scoring import check_task, check_unseen, held_back

    net = load(args.model)
    check_task(net, args.task, args.model)
    about = recorded(args.model)
    shapes = read_shapes(args, "train" if args.split == "validation" else args.split)
    if args.split == "validation":
        shapes = held_back(shapes, about)
    elif args.split == "test":
        check_unseen(shapes, about, args.data, args.task)
    score: dict[str, Callable[[argparse.Namespace, Any, MeshDataset], Outcome]]
    score = {"segment": _segmented, "classify": _classified, "detect": _detected}
    return score[args.task](args, net, shapes)


def _segmented(args: argparse.Namespace, net: SegmentationNet, shapes: MeshDataset) -> Outcome:
    from gaugenet.train.scoring import score_shapes

    labels: list[Any] = []
    seen = None if args.picture is None else lambda *shape: labels.append(shape)
    scores = score_shapes(net, shapes, args.perturb, seen, _shown(args))
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
    rows = area_table("label", scores.classes, (scores.area_accuracy, scores.mean_iou))
    rows.append(f"{_which(args, len(shapes))}, the worst first:")
    worst_first = sorted(zip(scores.accuracies, shapes.names, strict=True))
    rows += [f"  {name:<18} {100 * accuracy:6.2f} %" for accuracy, name in worst_first]
    return Outcome(content, "\n".join(rows))


def _classified(args: argparse.Namespace, net: ClassificationNet, shapes: MeshDataset) -> Outcome:
    from gaugenet.train.scoring import score_shapes

    scores = score_shapes(net, shapes, args.perturb, show=_shown(args))
    _draw_confusion(args, scores, net)
    wrong = [name for name, right in zip(shapes.names, scores.accuracies) if right < 1]
    about = {"split": args.split, "perturb": args.perturb}
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, "wrong": wrong, **about}
    which = f"{100 * scores.area_accuracy:.2f} % of {_which(args, len(shapes))}; wrong: {', '.join(wrong) or 'none'}"
    return Outcome(content, "\n".join([*class_table("class", scores.classes), which]))


def _detected(args: argparse.Namespace, net: DetectionNet, shapes: MeshDataset) -> Outcome:
    from gaugenet.train.scoring import find_parts, precision

    seen = None
    if args.picture is not None:
        from gaugenet.cli.pictures import part_picture

        seen = part_picture(args.picture, net.label_names, shapes.label_names, args.up)
    scenes = find_parts(net, shapes, args.perturb, seen, _shown(args))
    objects = sum(len(scene.true) for scene in scenes)
    about = {"objects": objects, "shapes": shapes.names, "split": args.split, "perturb": args.perturb}
    which = f"{objects} object{'' if objects == 1 else 's'} on {_which(args, len(shapes))}"
    return detection_outcome(
        net.label_names,
        precision(net, scenes),
        about,
        which,
        lambda length: f"{100 * length:.2f} % of the root of the area",
    )


def _of_images(args: argparse.Namespace) -> Outcome:
    """Score a network on images on the sphere."""
    from gaugenet.datasets.spherical_scenes import SphericalScenes
    from gaugenet.models.store import load
    from gaugenet.train.scoring import check_images, check_task, find_objects, precision, score_images

    held_back = check_images(recorded(args.model)) if args.split == "validation" else 0
    net, images = load(args.model), read_images(args, args.split, held_back)
    names = images.region_names if args.task == "segment" else images.label_names
    check_task(net, args.task, args.model, names)
    rotate = args.rotate_test == "yes"
    about = {"images": len(images), "split": args.split, "rotate_test": args.rotate_test}
    turned = ", turned at random" if rotate else ""
    which = f"{len(images)} images of the {args.split} split{turned}"
    if isinstance(images, SphericalScenes) and args.task == "detect":
        found = precision(net, find_objects(net, images, rotate, bar))
        return detection_outcome(
            net.label_names, found, about, which, lambda angle: f"{math.degrees(angle):.2f} degrees"
        )
    scores = score_images(net, images, args.task, rotate, bar)
    _draw_confusion(args, scores, net)
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, **about}
    rows = class_table("class", scores.classes)
    if args.task == "segment":  # the first name is that of the background
        digits = [one["iou"] for name, one in scores.classes.items() if name in net.label_names[1:]]
        content["mean_iou"] = sum(digits) / len(digits)
        rows.append(f"mean IoU of digits {100 * content['mean_iou']:.2f} %")
        which = f"the area of {which}"
    return Outcome(content, "\n".join([*rows, f"{100 * scores.area_accuracy:.2f} % of {which}"]))


def _of_earth(args: argparse.Namespace) -> Outcome:
    """Score a network on the land that its training held out."""
    from gaugenet.datasets.earth import Earth
    from gaugenet.models.store import load
    from gaugenet.train.recipes.earth import COPIES
    from gaugenet.train.scoring import check_land, check_task, score_land

    net, earth = load(args.model), Earth(args.root)
    check_task(net, "segment", args.model, earth.label_names)
    check_land(args.model, recorded(args.model), args.hold_out)
    scores = score_land(net, earth, args.hold_out, args.rotate_test == "yes")
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
    rows = area_table("group", scores.classes, (scores.area_accuracy, scores.mean_iou))
    turned = f", {COPIES['turned']} times turned at random" if args.rotate_test == "yes" else ""
    return Outcome(content, "\n".join([*rows, f"land of {args.hold_out}{turned}"]))


def _draw_confusion(args: argparse.Namespace, scores: Scores, net: Network) -> None:
    if args.confusion is not None:
        from gaugenet.viz.plots import confusion_picture

        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)


def _shown(args: argparse.Namespace) -> Progress:
    """Return a progress bar with the name of the category, if there is one."""
    category = getattr(args, "category", None)
    return lambda items, text, total, note=None: bar(items, category or text, total)


def _which(args: argparse.Namespace, count: int) -> str:
    """Return words for the shapes that were scored."""
    of = "" if args.split == "all" else f" of the {args.split} split"
    perturbed = "" if args.perturb is None else f" (perturbed: {args.perturb})"
    return f"{count} shape{'' if count == 1 else 's'}{of}{perturbed}"
