"""How networks do on images on the sphere that are named on the command line."""

from __future__ import annotations

import argparse
import math
from typing import Any

from gaugenet.cli.detection_scores import detection_outcome
from gaugenet.cli.labelled import NONE_HELD_BACK
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.progress import bar
from gaugenet.cli.spherical import NETS, images_of
from gaugenet.detection import average_precision
from gaugenet.models import DetectionNet, Network, load, on_sphere, sphere_sample
from gaugenet.models.store import recorded
from gaugenet.train import Scores, SphericalImages, evaluate, found_scenes
from gaugenet.viz import confusion_picture


def images_outcome(args: argparse.Namespace) -> Outcome:
    """Score a network on images on the sphere.

    Raises:
        ValueError: for a network of another kind, and arguments that are about meshes.
    """
    if args.picture is not None or args.perturb is not None or args.split == "all":
        raise ValueError("--picture, --perturb and --split all are about meshes, and go with --data psb or folder")
    if args.model is None:
        raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
    if args.task == "detect" and args.confusion is not None:
        raise ValueError("--confusion goes with --task segment or classify; objects that are not found have no label")
    held_back = 0
    if args.split == "validation":
        held_back = recorded(args.model).get("validation", 0)
        if not held_back or not isinstance(held_back, int):  # of meshes it is their names
            raise ValueError(NONE_HELD_BACK)
    net, data = load(args.model), images_of(args, args.split, held_back)
    names = data.region_names if args.task == "segment" else data.label_names
    if not isinstance(net, NETS[args.task]) or not on_sphere(net) or tuple(net.label_names) != names:
        raise ValueError(
            f"--data {args.data} --task {args.task} needs a network that was trained on it, got {args.model}, a "
            f"{type(net).__name__} with labels {', '.join(net.label_names) or 'of none'}"
        )
    images = SphericalImages(data, sphere_sample(net), args.rotate_test == "yes", args.task)
    turned = ", turned at random" if args.rotate_test == "yes" else ""
    which = f"{images.count} images of the {args.split} split{turned}"
    about = {"images": images.count, "split": args.split, "rotate_test": args.rotate_test or "no"}
    if isinstance(net, DetectionNet):
        return _detected(net, images, about, which)
    scores = evaluate(net, bar(images, "evaluate", len(images)))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    return _labelled(net, scores, about, which, args.task == "segment")


def _labelled(net: Network, scores: Scores, about: dict[str, Any], which: str, segmented: bool) -> Outcome:
    content = {"accuracy": scores.area_accuracy, "classes": scores.classes, **about}
    rows = [f"{'class':<20} accuracy     IoU"]
    rows += [
        f"{name:<20} {100 * one['accuracy']:6.2f} % {100 * one['iou']:6.2f} %" for name, one in scores.classes.items()
    ]
    if segmented:  # the first name is that of the background
        digits = [one["iou"] for name, one in scores.classes.items() if name in net.label_names[1:]]
        content["mean_iou"] = sum(digits) / len(digits)
        rows.append(f"mean IoU of digits {100 * content['mean_iou']:.2f} %")
    rows.append(f"{100 * scores.area_accuracy:.2f} % of {'the area of ' if segmented else ''}{which}")
    return Outcome(content, "\n".join(rows))


def _detected(net: DetectionNet, images: SphericalImages, about: dict[str, Any], which: str) -> Outcome:
    batches = bar(images, "evaluate", len(images))
    scenes = list(found_scenes(net, images, seen=batches))
    found = average_precision(scenes, len(net.label_names), half_turns=net.code.half_turns)
    return detection_outcome(net.label_names, found, about, which, lambda angle: f"{math.degrees(angle):.2f} degrees")
