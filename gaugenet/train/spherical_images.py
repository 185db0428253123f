"""Images on the sphere in batches, and the objects that a network finds in them, paired with the true ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gaugenet.datasets import SphericalMNIST, SphericalScenes
from gaugenet.detection import Boxes, BoxTargets, Charts, Scene, suppress
from gaugenet.detection.space_charts import SpaceCharts
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.models import DetectionNet, SphereSample
from gaugenet.nn import Level
from gaugenet.so3 import random_rotation

TASKS = ("classify", "segment", "detect")
# Boxes are compared on an icosphere of this level, whatever points the network reads: areas are off by 0.05 %.
_LEVEL = 4


class SphericalImages:
    """Images at the points at which a network reads fields, ``x`` (B V, 1), with its training targets.

    To classify, the targets are ``y`` (B,); to segment, ``vertex_label`` (B V,); to detect, those of a
    ``DetectionNet``, and ``objects``, a list of B. A batch holds B copies of the sample's bundle. They are built once
    for each B and kept, with the geometry that layers compute from them; only fields and targets differ between
    batches.

    Args:
        images: Images on S^2; for detection, scenes.
        sample: Points of the network, ``sphere_sample(net)``.
        rotate: Whether each image is rotated at random, by the Haar measure; in training each time it is drawn, from
            the global generator, which ``Fit`` seeds.
        task: "classify", "segment" or "detect".
        batch: Size B of the batches in which images are scored.
        seed: Seed of the rotations of scored images.

    Raises:
        ValueError: If the task is unknown, scenes are to be classified, or single digits detected.
    """

    variants = 1

    def __init__(
        self,
        images: SphericalMNIST | SphericalScenes,
        sample: SphereSample,
        rotate: bool = False,
        task: str = "classify",
        batch: int = 64,
        seed: int = 0,
    ) -> None:
        scenes = isinstance(images, SphericalScenes)
        if task not in TASKS or (task == "classify" and scenes) or (task == "detect" and not scenes):
            kind = "scenes, to segment or detect" if scenes else "single digits, to classify or segment"
            raise ValueError(f'SphericalImages got {kind}, with task "{task}": choose another')
        self.images, self.sample, self.rotate, self.task = images, sample, rotate, task
        self.batch, self.seed = batch, seed
        self._point = sample.point.float()
        self._surface = SpaceCharts(sample.bundle, Sphere()) if task == "detect" else None
        self._batches: dict[int, tuple[Data, Level | None]] = {}

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.images)

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Data, int]]:
        """Draw some images.

        Args:
            numbers: Numbers of the images.

        Yields:
            One batch, and its size.
        """
        yield self._data(torch.tensor(numbers), None), len(numbers)

    def __len__(self) -> int:
        return -(-self.count // self.batch)

    def __iter__(self) -> Iterator[Any]:
        generator = torch.Generator().manual_seed(self.seed)
        for numbers in torch.arange(self.count).split(self.batch):
            yield self._data(numbers, generator)

    def _data(self, numbers: Tensor, generator: torch.Generator | None) -> Data:
        rotation = random_rotation(len(numbers), generator=generator) if self.rotate else None
        data = self._copies(len(numbers))
        data.x = self.images.at(numbers, self._point, rotation).reshape(-1, 1)
        if isinstance(self.images, SphericalScenes) and self._surface is not None:
            rotations = rotation if rotation is not None else [None] * len(numbers)
            data.objects = scenes = [self.images.objects(int(n), g) for n, g in zip(numbers, rotations, strict=True)]
            scene = torch.arange(len(numbers)).repeat_interleave(torch.tensor([len(one.label) for one in scenes]))
            boxes = self._surface.boxes_at(*(torch.cat(part) for part in zip(*scenes, strict=True)))
            for name, value in vars(BoxTargets.of(boxes, self._surface, scene, len(numbers))).items():
                data[f"box_{name}"] = value
        elif self.task == "segment":
            data.vertex_label = self.images.regions_at(numbers, self._point, rotation).flatten()
        elif isinstance(self.images, SphericalMNIST):
            data.y = self.images.labels[numbers]
        return data

    def _copies(self, count: int) -> Data:
        """Return data with ``count`` copies of the bundle."""
        if count not in self._batches:
            if "edge_index_0" in self.sample.bundle:
                one = copy.copy(self.sample.bundle)
                one.x, one.y = torch.zeros(len(self._point), 1), torch.zeros(1, dtype=torch.int64)  # for Batch to count
                batch = Batch.from_data_list([one] * count)
                self._batches[count] = batch, Level(batch)
            else:
                self._batches[count] = Data(area_0=self.sample.weight.repeat(count)), None
        batch, level = self._batches[count]
        data = copy.copy(batch)
        if level is not None:
            data.level = level
        return data


def sphere_surface(level: int = _LEVEL) -> SpaceCharts:
    """Return the geometry of boxes on an icosphere.

    Args:
        level: Number of subdivisions of the icosahedron.
    """
    points = icosphere(level)
    data = Data(pos=points.pos, face=points.face, frame=Sphere().frame(points.pos), area_0=points.area)
    return SpaceCharts(data, Sphere())


def on_another(boxes: Boxes, here: Charts, there: SpaceCharts) -> Boxes:
    """Return boxes on one sample of the sphere as boxes on another, in the same order.

    Args:
        boxes: The boxes.
        here: Charts that they are on.
        there: Charts of the result.
    """
    return there.boxes_at(here.centre(boxes), here.direction(boxes), boxes.extent, boxes.label, boxes.score)


def found_in(net: DetectionNet, data: Data, here: Charts, iou: float = 0.5, **candidates: Any) -> Boxes:
    """Return the boxes of one scene by falling score.

    Overlap is computed on the icosphere on which networks are scored. On the points of a grid it is coarse: for boxes
    with half lengths about 0.2 its mean error is 0.02.

    Args:
        net: Network on the sphere.
        data: One field on the sample of the network.
        here: Charts of that sample.
        iou: Intersection over union above which ``suppress`` drops the box with the lower score.
        candidates: Settings of ``BoxCode.candidates``.
    """
    there = sphere_surface()
    voted = net.code.candidates(net.evaluated(data), **candidates)
    return here.recentred(here.checked(voted))[suppress(on_another(voted, here, there), there, iou)]


def found_scenes(
    net: DetectionNet, images: SphericalImages, iou: float = 0.5, seen: Iterable[Any] | None = None
) -> Iterator[Scene]:
    """Find objects in scenes, and pair them with the true ones.

    Args:
        net: Network on the sphere.
        images: Scenes on the sample of the network.
        iou: Intersection over union above which ``suppress`` drops the box with the lower score.
        seen: The batches of ``images``, if they are iterated elsewhere, such as by a progress bar.

    Yields:
        Detected and true boxes of each scene, on ``sphere_surface()``.
    """
    here, there = SpaceCharts(images.sample.bundle, Sphere()), sphere_surface()
    for data in images if seen is None else seen:
        output = net.evaluated(data).cpu().unflatten(0, (-1, here.size))
        for one, objects in zip(output, data.objects, strict=True):
            found = on_another(net.code.candidates(one), here, there)
            yield Scene.of(found[suppress(found, there, iou)], there.boxes_at(*objects), there)
