"""What a network finds in scenes on the sphere, beside what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch_geometric.data import Data

from gaugenet.detection import Boxes, Scene, Surface, suppress
from gaugenet.detection.space_surface import SpaceSurface
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.models import DetectionNet
from gaugenet.train.spherical_images import SphericalImages

# Boxes are compared on an icosphere of this level, whatever the network runs on: areas are off by 0.05 %.
_LEVEL = 4


def sphere_surface(level: int = _LEVEL) -> SpaceSurface:
    """Return the geometry of boxes on an icosphere."""
    points = icosphere(level)
    data = Data(pos=points.pos, face=points.face, frame=Sphere().frame(points.pos), area_0=points.area)
    return SpaceSurface(data, Sphere())


def on_another(boxes: Boxes, here: Surface, there: SpaceSurface) -> Boxes:
    """Return boxes on one sample of the sphere, in the same order, written on another."""
    return there.boxes_at(here.centre(boxes), here.direction(boxes), boxes.extent, boxes.label, boxes.score)


def found_in(net: DetectionNet, data: Data, here: Surface, iou: float = 0.5, **candidates: Any) -> Boxes:
    """Return the boxes of one scene, surest first, that are compared as where they are scored.

    Overlap on the points of a grid is coarse: of boxes with half lengths about 0.2 it is off by 0.02 in the mean.

    Args:
        net: on the sphere. data: one field on its sample. here: of that sample. iou: of ``suppress``.
        candidates: settings of ``BoxCode.candidates``.
    """
    there = sphere_surface()
    voted = net.code.candidates(net.evaluated(data), **candidates)
    return here.recentred(here.checked(voted))[suppress(on_another(voted, here, there), there, iou)]


def found_scenes(
    net: DetectionNet, images: SphericalImages, iou: float = 0.5, seen: Iterable[Any] | None = None
) -> Iterator[Scene]:
    """Yield detected and true boxes of every scene, on ``sphere_surface()``.

    Args:
        net: on the sphere. images: scenes to detect in, on the sample of the network. iou: of ``suppress``.
        seen: the batches of ``images``, where something counts them as they come.
    """
    here, there = SpaceSurface(images.sample.bundle, Sphere()), sphere_surface()
    for data in images if seen is None else seen:
        output = net.evaluated(data).cpu().unflatten(0, (-1, here.size))
        for one, objects in zip(output, data.objects, strict=True):
            found = on_another(net.code.candidates(one), here, there)
            yield Scene.of(found[suppress(found, there, iou)], there.boxes_at(*objects), there)
