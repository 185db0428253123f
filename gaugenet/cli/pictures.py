"""Pictures of what networks find, beside the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.datasets import CONTINENTS, Earth
from gaugenet.detection import Boxes, Charts, outlines
from gaugenet.io.labels import corner_majority
from gaugenet.models import Network, at_pixels, sphere_sample
from gaugenet.models.comparison import area_accuracy
from gaugenet.train import TurnedEarth
from gaugenet.train.region_targets import at_faces
from gaugenet.transforms import pixel_centres
from gaugenet.viz import (
    UNLABELLED,
    Outlines,
    Panel,
    boxes_picture,
    images_picture,
    label_image,
    palette,
    segmentation_picture,
)

DRAWN = 0.3  # least score of a box, as of the command detect
MAP = (360, 720)  # rows and columns of maps


def outlined(boxes: Boxes, surface: Charts) -> Outlines:
    """Return the outlines of boxes on a surface, with their classes and scores.

    Args:
        boxes: The boxes.
        surface: The surface that they are on.
    """
    return Outlines(outlines(boxes, surface).numpy(), boxes.label.numpy(), np.clip(boxes.score.numpy(), 0, 1))


def draw_labels(
    path: Path, shapes: Sequence[tuple[Data, Tensor]], titles: Sequence[str], names: Sequence[str], up: Any
) -> None:
    """Draw prediction and truth of labelled meshes side by side.

    Args:
        path: File of the picture.
        shapes: Shapes with their predicted labels.
        titles: Titles of the predictions.
        names: Names of the labels.
        up: Axis that is upright, or None.
    """
    panels = []
    for (data, prediction), title in zip(shapes, titles, strict=True):
        pos, face = data.pos.numpy(), data.face.numpy().T
        truth = data.face_label if len(prediction) == len(face) else data.vertex_label
        for label, text in ((prediction, title), (truth, "truth")):
            at = label if len(label) == len(face) else corner_majority(label, data.face)
            panels.append(Panel(text, pos, face, at.numpy()))
    segmentation_picture(path, panels, names, views=1, together=2, up=up)


def part_picture(
    path: Path, names: Sequence[str], label_names: Sequence[str], up: Any
) -> Callable[[str, Data, Charts, Boxes], None]:
    """Return a function that draws the boxes found on a shape, over its true regions in pale colours.

    Args:
        path: File of the pictures, to which the name of the shape is added.
        names: Names of the classes of the boxes.
        label_names: Names of the labels of the data.
        up: Axis that is upright, or None.
    """
    pale = 0.75 * np.asarray(UNLABELLED) + 0.25 * palette(len(names))
    colour = np.vstack([pale, UNLABELLED]).astype(np.uint8)
    number = np.array([*(names.index(one) if one in names else -1 for one in label_names), -1])

    def draw(name: str, data: Data, surface: Charts, found: Boxes) -> None:
        file = path.with_stem(f"{path.stem}-{name}")
        drawn, pos, face = found[found.score >= DRAWN], data.pos.numpy(), data.face.numpy().T
        rgb = colour[number[at_faces(data).numpy()]]
        boxes_picture(file, pos, face, outlined(drawn, surface), names, face_rgb=rgb, title=file.stem, up=up)

    return draw


def draw_map(path: Path, net: Network, earth: Earth, continent: str) -> None:
    """Draw the groups of climate of a continent above the predicted ones, in pale colours on other land.

    Args:
        path: File of the picture.
        net: A network on the sphere.
        earth: Elevation, colour and climate.
        continent: The continent.
    """
    sample = sphere_sample(net)
    (data,) = TurnedEarth(earth, sample, [continent], rotate=False)
    point = pixel_centres(*MAP)
    truth = earth.labels(point).unflatten(0, MAP)
    label = net.labels(net.evaluated(data), data)
    right = area_accuracy(label, data.vertex_label, sample.weight)
    found = at_pixels(label, sample, *MAP).where(truth >= 0, truth)
    shown = (earth.continents(point) == CONTINENTS.index(continent)).unflatten(0, MAP).numpy()
    colour = palette(len(Earth.label_names))
    images = [label_image(label.numpy(), colour, shown) for label in (truth, found)]
    titles = ["truth", f"predicted, without the labels of {continent}: {100 * right:.1f} % of its land right"]
    images_picture(path, images, titles, Earth.label_names)
