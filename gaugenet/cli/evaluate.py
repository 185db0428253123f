"""Score a network on labelled shapes: share of the area with the right label, mean IoU, and both for each label.

Every shape counts the same, whatever its size. With --task classify it is the share of shapes with the right class,
with --task detect the average precision of boxes about the connected regions of the labels that the network finds.
--category all scores each category of psb with the network psb-<name> that ships, or with --model, in which {category}
stands for the name in lower case. Of --data earth it is the land of the continent that --hold-out names.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gaugenet.cli.arguments import add_model, add_up, check_up
from gaugenet.cli.earth import earth_outcome
from gaugenet.cli.labelled import IMAGES, add_data, check_data
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.shape_scores import shapes_outcome
from gaugenet.cli.spherical import add_rotations
from gaugenet.cli.spherical_scores import images_outcome
from gaugenet.transforms.perturbation import KINDS
from gaugenet.viz.png import png_path

EXAMPLE = "gaugenet evaluate --data psb --root LabeledDB_new.zip --category Human --model psb-human"


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
    for picture in (args.confusion, args.picture):
        if picture is not None:
            png_path(picture)
    return images_outcome(args) if args.data in IMAGES else shapes_outcome(args)
