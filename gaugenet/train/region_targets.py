"""Parts of labelled meshes as objects: their boxes, and the training targets of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.detection import Boxes, Charts, charts_of, labelled_regions, region_boxes
from gaugenet.io.labels import corner_majority
from gaugenet.models import set_targets
from gaugenet.models.comparison import face_areas

# Share of the area that a region needs: smaller ones are specks at the boundaries between labels.
SMALLEST = 0.002
# Part of the repr, from which the names of cached files are made: raise it when the boxes of regions change.
_BOXES = 2


class RegionTargets(BaseTransform):
    """Add the targets of a ``DetectionNet`` for the connected regions of some labels, such as each leg of an ant.

    Boxes are computed from the labels and the current geometry of a mesh, so that a deformed copy has its own.

    Args:
        labels: Labels whose regions are objects; classes are positions in it.
        smallest: Share of the area that a region needs.

    Raises:
        ValueError: If there is no label.
    """

    def __init__(self, labels: Sequence[int], smallest: float = SMALLEST) -> None:
        if not labels:
            raise ValueError("RegionTargets expects labels that are objects, got none: name at least one")
        self.labels, self.smallest = tuple(labels), smallest

    @classmethod
    def of_names(cls, names: Sequence[str], label_names: Sequence[str]) -> RegionTargets:
        """Return the transform for the regions of labels that are given by name.

        Args:
            names: Names of the labels whose regions are objects.
            label_names: Names of all labels of the data.

        Raises:
            ValueError: If the data have no such label.
        """
        unknown = [name for name in names if name not in label_names]
        if unknown:
            raise ValueError(
                f"objects are regions of labels, and the data have no label {', '.join(map(repr, unknown))}; "
                f"their labels are {', '.join(label_names)}: name some of them as objects (--objects) in training"
            )
        return cls([label_names.index(name) for name in names])

    def boxes(self, data: Data, surface: Charts | None = None) -> Boxes:
        """Return the boxes around the regions.

        Args:
            data: Bundle with labels.
            surface: Charts of the bundle, if it is known already.
        """
        surface = charts_of(data if surface is None else surface)
        return region_boxes(surface, at_faces(data), self.labels, self.smallest)

    def unit(self, shapes: Iterable[Data]) -> float:
        """Return half the side of a square with the mean size of a region, over the square root of a mesh's area.

        That is about the half length of a box, and needs no geodesics. It is rounded to three digits.

        Args:
            shapes: Labelled meshes.

        Raises:
            ValueError: If no shape has a region.
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
        """Add the targets to a bundle ``data`` with labels."""
        surface = charts_of(data)
        return set_targets(data, self.boxes(data, surface), surface)

    def __repr__(self) -> str:
        return f"RegionTargets({self.labels}, smallest={self.smallest}, boxes={_BOXES})"


def at_faces(data: Data) -> Tensor:
    """Return the label of each face, (F,): its own, or that of most of its corners.

    Args:
        data: Labelled mesh.

    Raises:
        ValueError: If the data have no labels.
    """
    label = getattr(data, "face_label", None)
    if label is not None:
        return label
    label = getattr(data, "vertex_label", None)
    if label is None:
        raise ValueError("regions need labels (no face_label or vertex_label): read them with the mesh")
    return corner_majority(torch.as_tensor(label), data.face)
