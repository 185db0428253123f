"""Objects that a network finds in scenes on the sphere, paired with the true ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch_geometric.data import Data

from gaugenet.detection import Boxes, Charts, Scene, suppress
from gaugenet.detection.space_charts import SpaceCharts
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.models import DetectionNet
from gaugenet.train.spherical_images import SphericalImages

# Boxes are compared on an icosphere of this level, whatever points the network reads: areas are off by 0.05 %.
_LEVEL = 4


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
