"""Climate on Earth: what is fitted to the land of most continents, and how it does on one that was held out."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from gaugenet.cli.job import Job
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.spherical import FAMILIES, network_of
from gaugenet.datasets.earth import CONTINENTS, Earth
from gaugenet.models import SegmentationNet, SphereSample, load, on_sphere, sphere_sample
from gaugenet.models.comparison import area_accuracy
from gaugenet.models.spherical import at_pixels
from gaugenet.models.store import recorded
from gaugenet.train import FitSettings, TurnedEarth, evaluate
from gaugenet.transforms.equirectangular import pixel_centres
from gaugenet.viz import confusion_picture, images_picture, label_image, palette
from gaugenet.viz.png import png_path

# There is one Earth, which networks that train longer know better, and others worse. Noise is what did best on North
# America, with South America held out; docs/earth.md has the numbers.
EPOCHS = 10
_FIT = FitSettings(epochs=EPOCHS, batch=1, variants=1)
SETTINGS = {"harmonic": replace(_FIT, noise=0.3), "gauge": replace(_FIT, noise=0.0), "plain": replace(_FIT, noise=0.3)}
COPIES = {"train": 10, "turned": 8}  # in an epoch, and where copies that are turned are scored
MAP = (360, 720)  # rows and columns of maps
_USUAL: dict[str, dict[str, Any]] = {
    "harmonic": {"inputs": "4x0", "band_limit": 60, "bands": (30, 15, 8), "growth": 2.0, "dropout": 0.3},
    "gauge": {
        "inputs": "4x0",
        "levels": (2562, 642),
        "neighbours": 20,
        "rep": "8x0 + 4x1 + 4x2",
        "blocks": 1,
        "dropout": 0.1,
    },
    "plain": {"inputs": "4x0", "band_limit": 60, "dropout": 0.3},
}


def add_validation(parser: argparse.ArgumentParser) -> None:
    """Add --validation-continent."""
    parser.add_argument(
        "--validation-continent",
        choices=CONTINENTS,
        metavar="CONTINENT",
        help="of earth: hold back the land of another continent, too, and score it, to choose settings by",
    )


def earth_job(args: argparse.Namespace) -> Job:
    """Return what is to be fitted to Earth."""
    earth, settings = Earth(args.root), SETTINGS[args.family or FAMILIES[0]]
    net = network_of(args, Earth.label_names, _USUAL)
    sample, back = sphere_sample(net), args.validation_continent
    train = [name for name in CONTINENTS if name not in (args.hold_out, back)]
    turn = (args.rotate_train or "yes") == "yes"
    return Job(
        net,
        TurnedEarth(earth, sample, train, turn, COPIES["train"]),
        None if back is None else _scored(earth, sample, back, args.rotate_test),
        replace(settings, epochs=args.epochs or settings.epochs, seed=args.seed),
        {
            "hold_out": args.hold_out,
            "validation_continent": back,
            "rotate_train": "yes" if turn else "no",
            "rotate_test": args.rotate_test or "no",
        },
    )


def _scored(earth: Earth, sample: SphereSample, continent: str, rotate: str | None) -> TurnedEarth:
    turn = rotate == "yes"
    return TurnedEarth(earth, sample, [continent], turn, COPIES["turned"] if turn else 1)


def earth_outcome(args: argparse.Namespace) -> Outcome:
    """Score a network on the land that its training held out.

    Raises:
        ValueError: for a network of another kind, or that knows this land, and for arguments that are about meshes.
    """
    if args.perturb is not None or args.up is not None or args.split != "test":
        raise ValueError("--perturb, --up and --split are about meshes and images, and --data earth does without")
    if args.model is None:
        raise ValueError("evaluate needs --model, the name or path of a network; see gaugenet evaluate --help")
    for picture in (args.confusion, args.picture):
        if picture is not None:
            png_path(picture)
    net, about = load(args.model), recorded(args.model)
    if not isinstance(net, SegmentationNet) or not on_sphere(net) or tuple(net.label_names) != Earth.label_names:
        raise ValueError(
            f"--data earth needs a network that was trained on it, got {args.model}, a {type(net).__name__} with "
            f"labels {', '.join(net.label_names) or 'of none'}"
        )
    unseen = [about.get("hold_out"), about.get("validation_continent")]
    if about.get("data") == "earth" and args.hold_out not in unseen:
        raise ValueError(
            f"{args.model} was trained on the land of {args.hold_out}: --hold-out can be "
            f"{' or '.join(name for name in unseen if name)}"
        )
    earth, sample = Earth(args.root), sphere_sample(net)
    scores = evaluate(net, _scored(earth, sample, args.hold_out, args.rotate_test))
    if args.confusion is not None:
        confusion_picture(args.confusion, scores.matrix.numpy(), net.label_names)
    if args.picture is not None:
        _picture(args, net, earth, sample)
    content = {
        "area_accuracy": scores.area_accuracy,
        "mean_iou": scores.mean_iou,
        "classes": scores.classes,
        "hold_out": args.hold_out,
        "rotate_test": args.rotate_test or "no",
    }
    rows = [f"{'group':<20} accuracy     IoU"]
    rows += [
        f"{name:<20} {100 * one['accuracy']:6.2f} % {100 * one['iou']:6.2f} %" for name, one in scores.classes.items()
    ]
    rows.append(f"{'all (area, mean IoU)':<20} {100 * scores.area_accuracy:6.2f} % {100 * scores.mean_iou:6.2f} %")
    turned = f", {COPIES['turned']} times turned at random" if args.rotate_test == "yes" else ""
    return Outcome(content, "\n".join([*rows, f"land of {args.hold_out}{turned}"]))


def _picture(args: argparse.Namespace, net: SegmentationNet, earth: Earth, sample: SphereSample) -> None:
    """Draw the groups on land above what the network says of it where Earth is not turned, other land pale."""
    (data,) = TurnedEarth(earth, sample, [args.hold_out], rotate=False)
    point = pixel_centres(*MAP)
    truth = earth.labels(point).unflatten(0, MAP)
    label = net.labels(net.evaluated(data), data)
    right = area_accuracy(label, data.vertex_label, sample.weight)
    found = at_pixels(label, sample, *MAP).where(truth >= 0, truth)
    shown = (earth.continents(point) == CONTINENTS.index(args.hold_out)).unflatten(0, MAP).numpy()
    colour = palette(len(Earth.label_names))
    images = [label_image(label.numpy(), colour, shown) for label in (truth, found)]
    titles = ["truth", f"predicted, without the labels of {args.hold_out}: {100 * right:.1f} % of its land right"]
    images_picture(args.picture, images, titles, Earth.label_names)
