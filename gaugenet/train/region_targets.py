"""Parts of labelled meshes as objects: their boxes, and what a network learns of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.detection import Boxes, Surface, labelled_regions, region_boxes, surface_of
from gaugenet.io.labels import corner_majority
from gaugenet.models import set_targets
from gaugenet.models.comparison import face_areas

# Share of the area that a region needs: smaller ones are specks at the seams of labels.
SMALLEST = 0.002
# Part of the repr, by which caches know what they hold: raise it when the boxes of regions become others.
_BOXES = 2


class RegionTargets(BaseTransform):
    """Add what a ``DetectionNet`` learns of the connected regions of some labels, such as each leg of an ant.

    Boxes are made of the labels and the geometry that a mesh has now, so that those of a deformed copy are its own.

    Args:
        labels: which ones are objects; classes are their positions. smallest: share of the area that a region needs.

    Raises:
        ValueError: for no label.
    """

    def __init__(self, labels: Sequence[int], smallest: float = SMALLEST) -> None:
        if not labels:
            raise ValueError("RegionTargets expects labels that are objects, got none: name at least one")
        self.labels, self.smallest = tuple(labels), smallest

    def boxes(self, data: Data, surface: Surface | None = None) -> Boxes:
        """Return the boxes about the regions of a bundle with labels."""
        surface = surface_of(data if surface is None else surface)
        return region_boxes(surface, at_faces(data), self.labels, self.smallest)

    def unit(self, shapes: Iterable[Data]) -> float:
        """Return half the side of a square as large as a usual region of labelled meshes, over the root of their area.

        That is about the half length of a box, and needs no geodesics. Three digits.

        Raises:
            ValueError: where no shape has a region.
        """
        sizes = []
        for data in shapes:
            area = face_areas(data.pos.double(), data.face)
            found = labelled_regions(data.face, area, at_faces(data), self.labels, self.smallest)
            sizes += [0.5 * float((area[region.face].sum() / area.sum()).sqrt()) for region in found]
        if not sizes:
            raise ValueError("expected shapes with regions of the labels that are objects, got none: name other labels")
        return float(f"{sum(sizes) / len(sizes):.3g}")

    def forward(self, data: Data) -> Data:
        surface = surface_of(data)
        return set_targets(data, self.boxes(data, surface), surface)

    def __repr__(self) -> str:
        return f"RegionTargets({self.labels}, smallest={self.smallest}, boxes={_BOXES})"


def at_faces(data: Data) -> Tensor:
    """Return the label of each face ``(F,)``: its own, or the one that most of its corners have.

    Raises:
        ValueError: for data without labels.
    """
    label = getattr(data, "face_label", None)
    if label is not None:
        return label
    label = getattr(data, "vertex_label", None)
    if label is None:
        raise ValueError("regions need labels (no face_label or vertex_label): read them with the mesh")
    return corner_majority(torch.as_tensor(label), data.face)
