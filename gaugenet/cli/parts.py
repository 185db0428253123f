"""Parts of labelled meshes that are objects: which ones, and how a network finds them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gaugenet.cli.detection_scores import detection_outcome
from gaugenet.cli.message import named
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.outlined import outlined
from gaugenet.cli.progress import bar
from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.detection import Boxes, Scene, Surface, average_precision, surface_of
from gaugenet.models import DetectionNet
from gaugenet.train import RegionTargets
from gaugenet.train.region_targets import at_faces
from gaugenet.viz import UNLABELLED, boxes_picture, palette

# Labels of the benchmark whose regions are objects if --objects says nothing; of other categories all labels are.
OBJECTS = {"Airplane": ("wing",), "Ant": ("leg",), "Fish": ("fin",), "Human": ("foot", "hand")}
# Least score of a box in pictures, as of the command detect.
_DRAWN = 0.3


def object_names(args: argparse.Namespace, shapes: MeshDataset) -> tuple[str, ...]:
    """Return the names of the labels whose regions are objects."""
    return tuple(args.objects or OBJECTS.get(args.category, shapes.label_names))


def region_targets(names: Sequence[str], shapes: MeshDataset) -> RegionTargets:
    """Return what makes boxes of the regions of some labels.

    Raises:
        ValueError: for labels that the shapes do not know.
    """
    unknown = [name for name in names if name not in shapes.label_names]
    if unknown:
        raise ValueError(
            f"objects are regions of labels, and the data have no label {', '.join(map(repr, unknown))}; "
            f"their labels are {', '.join(shapes.label_names)}: name some of them to --objects in training"
        )
    return RegionTargets([shapes.label_names.index(name) for name in names])


def parts_network(names: Sequence[str], targets: RegionTargets, train: MeshDataset, **settings: Any) -> DetectionNet:
    """Return a network with random weights; a region looks the same after half a turn, for its axis has no sign."""
    return DetectionNet(names, targets.unit(train), range(len(names)), **settings)


def parts_outcome(args: argparse.Namespace, net: DetectionNet, shapes: MeshDataset, which: str) -> Outcome:
    """Score a network on the parts of shapes; lengths are over the root of the area of each."""
    targets, scenes = region_targets(net.label_names, shapes), []
    for place in bar(range(len(shapes)), args.category or "evaluate", len(shapes)):
        with named(shapes.names[place]):
            data = net.transform(shapes[place])
            surface = surface_of(data)
            found = net.detect(data, surface)
            scene = Scene.of(found, targets.boxes(data, surface), surface)
        scenes.append(replace(scene, distance=scene.distance / surface.scale))
        if args.picture is not None:
            file = args.picture.with_stem(f"{args.picture.stem}-{shapes.names[place]}")
            _draw(file, data, surface, found, net.label_names, _numbers(data, targets), args.up)
    precision = average_precision(scenes, len(net.label_names), half_turns=net.code.half_turns)
    objects = sum(len(scene.true) for scene in scenes)
    about = {"objects": objects, "shapes": shapes.names, "split": args.split, "perturb": args.perturb}
    text = f"{objects} object{'' if objects == 1 else 's'} on {which}"
    return detection_outcome(
        net.label_names, precision, about, text, lambda length: f"{100 * length:.2f} % of the root of the area"
    )


def _numbers(data: Any, targets: RegionTargets) -> np.ndarray:
    """Return the class of each face, -1 where it belongs to no object."""
    label, number = at_faces(data).numpy(), np.full(len(data.face[0]), -1)
    for place, one in enumerate(targets.labels):
        number[label == one] = place
    return number


def _draw(
    file: Path, data: Any, surface: Surface, found: Boxes, names: Sequence[str], truth: np.ndarray, up: Any
) -> None:
    """Draw the boxes that were found on the shape, with true regions in pale colours of their classes."""
    drawn = found[found.score >= _DRAWN]
    pale = 0.75 * np.asarray(UNLABELLED) + 0.25 * palette(len(names))
    rgb = np.vstack([pale, UNLABELLED])[truth].astype(np.uint8)
    pos, face = data.pos.numpy(), data.face.numpy().T
    boxes_picture(file, pos, face, outlined(drawn, surface), names, face_rgb=rgb, title=file.stem, up=up)
