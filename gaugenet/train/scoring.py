"""Scores of networks on data sets, as the program ``gaugenet evaluate`` computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.datasets import Earth, MeshDataset, SphericalMNIST, SphericalScenes
from gaugenet.detection import Boxes, Charts, Precision, Scene, average_precision, charts_of
from gaugenet.io.mesh_data import LABELS
from gaugenet.models import ClassificationNet, DetectionNet, Network, SegmentationNet, on_sphere, sphere_sample
from gaugenet.train.fit import Progress, silent
from gaugenet.train.metrics import Scores, evaluate
from gaugenet.train.named import named
from gaugenet.train.recipes.earth import scored_land
from gaugenet.train.region_targets import RegionTargets
from gaugenet.train.spherical_images import SphericalImages, found_scenes
from gaugenet.transforms import Perturbation

TASKS = {
    "segment": (SegmentationNet, "segments"),
    "classify": (ClassificationNet, "classifies"),
    "detect": (DetectionNet, "finds objects"),
}
_NONE_HELD_BACK = (
    "--split validation needs a network whose training held some back, by --validation; this one's did not"
)


def check_task(net: Network, task: str, name: str, sphere: Sequence[str] | None = None) -> None:
    """Check that a network does a task.

    Args:
        net: The network.
        task: "segment", "classify" or "detect".
        name: Name of the network in the error message.
        sphere: Names of the labels of data on the sphere, which those of the network must be; None for meshes.

    Raises:
        ValueError: If it does not.
    """
    where = "meshes" if sphere is None else "the sphere"
    kind, verb = TASKS[task]
    if not isinstance(net, kind) or on_sphere(net) != (sphere is not None):
        other = "the sphere" if on_sphere(net) else "meshes"
        raise ValueError(f"expected a network that {verb} on {where}, got {name}, a {type(net).__name__} on {other}")
    if sphere is not None and tuple(net.label_names) != tuple(sphere):
        raise ValueError(
            f"expected a network with labels {', '.join(sphere)}, got {name} with labels {', '.join(net.label_names)}: "
            "give one that was trained on these data"
        )


def held_back(shapes: MeshDataset, about: Mapping[str, Any]) -> MeshDataset:
    """Return the training shapes that the training of a network held back.

    Args:
        shapes: The training split of the data.
        about: Record of the training (``recorded``).

    Raises:
        ValueError: If the training held none back, or they are not among the shapes.
    """
    names = about.get("validation")
    if not names or not isinstance(names, list):
        raise ValueError(_NONE_HELD_BACK)
    missing = [name for name in names if name not in shapes.names]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(names)} shapes that the training held back (e.g. {missing[0]}) are not in the "
            "training split: name the data as in training"
        )
    return shapes[[number for number, name in enumerate(shapes.names) if name in names]]


def check_images(about: Mapping[str, Any]) -> int:
    """Return how many images the training of a network held back.

    Args:
        about: Record of the training (``recorded``).

    Raises:
        ValueError: If the training held none back.
    """
    count = about.get("validation")
    if not count or not isinstance(count, int):  # of meshes it is their names
        raise ValueError(_NONE_HELD_BACK)
    return count


def check_land(name: str, about: Mapping[str, Any], continent: str) -> None:
    """Check that a network was not trained on the climate of a continent.

    Args:
        name: Name of the network in the error message.
        about: Record of the training (``recorded``).
        continent: The continent to test the network on.

    Raises:
        ValueError: If it was trained on it.
    """
    unseen = [about.get("hold_out"), about.get("validation_continent")]
    if about.get("data") == "earth" and continent not in unseen:
        raise ValueError(
            f"{name} was trained on the land of {continent}: --hold-out can be "
            f"{' or '.join(one for one in unseen if one)}"
        )


def check_unseen(shapes: MeshDataset, about: Mapping[str, Any], data: str, task: str) -> None:
    """Check that a network was not trained on shapes.

    Args:
        shapes: Shapes to test the network on.
        about: Record of the training (``recorded``).
        data: Name of the data in records, such as "psb".
        task: Task of the network.

    Raises:
        ValueError: If it was trained on a shape of the same name in the same data.
    """
    if (about.get("data"), about.get("task")) != (data, task):
        return
    known = [name for name in shapes.names if name in about["train"]]
    if known:
        raise ValueError(
            f"{len(known)} of {len(shapes)} shapes to test on have names that the network was trained on (e.g. "
            f"{known[0]}): give the --test, --train-shapes and --split-seed of its training, or --split all"
        )


def score_shapes(
    net: SegmentationNet | ClassificationNet,
    shapes: MeshDataset,
    perturb: str | None = None,
    seen: Callable[[Data, Tensor], None] | None = None,
    show: Progress = silent,
) -> Scores:
    """Score a network that segments or classifies meshes; labels are matched by name.

    Args:
        net: The network.
        shapes: Labelled shapes.
        perturb: Kind of ``Perturbation`` of each shape, or None.
        seen: Called with each shape and its predicted labels.
        show: Shows the progress.

    Raises:
        ValueError: If the data have a label that the network does not have.
    """
    return evaluate(net, show(_inputs(net, shapes, perturb), "evaluate", len(shapes)), seen)


def find_parts(
    net: DetectionNet,
    shapes: MeshDataset,
    perturb: str | None = None,
    seen: Callable[[str, Data, Charts, Boxes], None] | None = None,
    show: Progress = silent,
) -> list[Scene]:
    """Find parts of meshes, and pair them with the connected regions of the labels of the same names.

    Args:
        net: A network that finds objects on meshes.
        shapes: Labelled shapes.
        perturb: Kind of ``Perturbation`` of each shape, or None.
        seen: Called with the name of each shape, its bundle, its surface and the boxes found.
        show: Shows the progress.

    Returns:
        One scene for each shape; distances are divided by the square root of its area.

    Raises:
        ValueError: If the data do not have a label of the network.
    """
    targets, scenes = RegionTargets.of_names(net.label_names, shapes.label_names), []
    for place in show(range(len(shapes)), "evaluate", len(shapes)):
        with named(shapes.names[place]):
            data = net.transform(_perturbed(shapes[place], perturb))
            surface = charts_of(data)
            found = net.detect(data, surface)
            scene = Scene.of(found, targets.boxes(data, surface), surface)
        scenes.append(replace(scene, distance=scene.distance / surface.scale))
        if seen is not None:
            seen(shapes.names[place], data, surface, found)
    return scenes


def score_images(
    net: Network,
    images: SphericalMNIST | SphericalScenes,
    task: str,
    rotate: bool = False,
    show: Progress = silent,
) -> Scores:
    """Score a network that classifies or segments images on the sphere.

    Args:
        net: A network on the sphere.
        images: Labelled images.
        task: "classify" or "segment".
        rotate: Whether each image is rotated at random.
        show: Shows the progress.
    """
    examples = SphericalImages(images, sphere_sample(net), rotate, task)
    return evaluate(net, show(examples, "evaluate", len(examples)))


def find_objects(
    net: DetectionNet, scenes: SphericalScenes, rotate: bool = False, show: Progress = silent
) -> list[Scene]:
    """Find objects in scenes on the sphere, and pair them with the true ones.

    Args:
        net: A network that finds objects on the sphere.
        scenes: Scenes with objects.
        rotate: Whether each scene is rotated at random.
        show: Shows the progress.
    """
    examples = SphericalImages(scenes, sphere_sample(net), rotate, "detect")
    return list(found_scenes(net, examples, seen=show(examples, "evaluate", len(examples))))


def score_land(net: Network, earth: Earth, continent: str, rotate: bool = False) -> Scores:
    """Score a network on the climate of a continent.

    Args:
        net: A network on the sphere.
        earth: Elevation, colour and climate.
        continent: Continent whose land is scored.
        rotate: Whether Earth is rotated at random.
    """
    return evaluate(net, scored_land(earth, sphere_sample(net), continent, rotate))


def precision(net: DetectionNet, scenes: Sequence[Scene]) -> Precision:
    """Return the average precision of a network.

    Args:
        net: A network that finds objects.
        scenes: What it found in each scene beside the true boxes.
    """
    return average_precision(scenes, len(net.label_names), half_turns=net.code.half_turns)


def _inputs(net: SegmentationNet | ClassificationNet, shapes: MeshDataset, perturb: str | None) -> Iterator[Data]:
    """Yield the shapes as the network reads them, with its numbers for their labels."""
    unknown = sorted(set(shapes.label_names) - set(net.label_names))
    if unknown:
        raise ValueError(
            f"the network has no label {', '.join(map(repr, unknown))}, which the data have; "
            f"its labels are {', '.join(net.label_names)}"
        )
    number = torch.tensor([*(net.label_names.index(name) for name in shapes.label_names), -1])
    for place, name in enumerate(shapes.names):
        with named(name if perturb is None else f"{name} (perturbed: {perturb})"):
            data = net.transform(_perturbed(shapes[place], perturb))
        for key in LABELS:
            if key in data:
                data[key] = number[data[key]]
        yield data


def _perturbed(shape: Data, perturb: str | None) -> Data:
    return shape if perturb is None else Perturbation(perturb)(shape)
