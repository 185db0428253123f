"""Normal coordinates about boxes on a surface: the interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.detection.boxes import Boxes

# By how much reaches grow so that rounding does not lose a vertex.
GRAIN = 1e-9


@dataclass(frozen=True)
class Coordinates:
    """Normal coordinates of vertices about the centres of boxes, sorted by box and vertex.

    Attributes:
        box: ``(P,)`` numbers of the boxes.
        vertex: ``(P,)`` vertices.
        xy: ``(P, 2)`` [mesh unit], along and across the direction of the box.
    """

    box: Tensor
    vertex: Tensor
    xy: Tensor


@dataclass(frozen=True)
class Difference:
    """Differences of boxes from others, pair by pair.

    Attributes:
        distance: ``(N,)`` between the centres [mesh unit], infinite where they are farther apart than both reach.
        turn: ``(N,)`` [rad] from the direction of the first to that of the second, transported to the first; NaN
            likewise.
    """

    distance: Tensor
    turn: Tensor


class Charts(ABC):
    """Normal coordinates about the boxes on one bundle; computed in float64 on the CPU.

    Attributes:
        cell: ``(3, F)`` vertices of the cells over which areas are summed: triangles, or each vertex three times where
            there are no faces.
        area: ``(F,)`` of the cells [mesh unit squared].
        longest: Longest edge of a cell [mesh unit].
        kept: ``(F,)`` ascending: which of the ``faces`` of the bundle the cells are; of an unclean mesh not all.
        faces: Number of faces of the bundle.
        size: Number of vertices.
        pos: ``(V, 3)`` [mesh unit].
        frame: ``(V, 3, 3)`` of the bundle.
        scale: Length by which networks divide lengths [mesh unit]: of meshes the square root of the area, as for input
            fields, so that a mesh twice as large has boxes twice as large; 1 in a homogeneous space.
    """

    cell: Tensor
    area: Tensor
    longest: float
    kept: Tensor
    faces: int
    size: int
    pos: Tensor
    frame: Tensor
    scale: float = 1.0

    @abstractmethod
    def coordinates(self, boxes: Boxes, reach: Tensor) -> Coordinates:
        """Return the vertices near the centre of each box.

        Args:
            boxes: N boxes.
            reach: ``(N,)`` largest distances [mesh unit].
        """

    @abstractmethod
    def recentred(self, boxes: Boxes) -> Boxes:
        """Return the same boxes, each written at the vertex nearest to its centre.

        Args:
            boxes: Boxes at any vertices.
        """

    @abstractmethod
    def seen_from(self, boxes: Boxes, at: Coordinates) -> Boxes:
        """Return boxes ``(P,)`` written at vertices about them.

        Args:
            boxes: N boxes.
            at: P pairs: the box ``at.box`` is written at the vertex ``at.vertex``.
        """

    @abstractmethod
    def difference(self, first: Boxes, second: Boxes) -> Difference:
        """Compare the boxes of two lists of one length, pair by pair.

        Args:
            first: N boxes.
            second: N boxes.
        """

    @abstractmethod
    def embed(self, boxes: Boxes, xy: Tensor) -> Tensor:
        """Return positions in space ``(N, K, 3)``, NaN off the surface.

        Args:
            boxes: N boxes.
            xy: ``(N, K, 2)`` points in their coordinates.
        """

    def centre(self, boxes: Boxes) -> Tensor:
        """Return the positions of the centres ``(N, 3)``, NaN off the surface.

        Args:
            boxes: N boxes.
        """
        return self.embed(boxes, torch.zeros(len(boxes), 1, 2, dtype=torch.float64))[:, 0]

    @abstractmethod
    def direction(self, boxes: Boxes) -> Tensor:
        """Return the directions as unit vectors in space ``(N, 3)``.

        Args:
            boxes: N boxes.
        """

    @abstractmethod
    def sound(self, corner: Tensor, cell: Tensor) -> Tensor:
        """Return where the corners of cells do not lie on different sides of a cut locus, ``(P,)`` bool.

        Args:
            corner: ``(P, 3, 2)`` coordinates of the corners.
            cell: ``(P,)`` numbers of the cells.
        """

    def checked(self, boxes: Boxes) -> Boxes:
        """Return boxes in float64 on the CPU.

        Args:
            boxes: Boxes in any precision.

        Raises:
            ValueError: For vertices that the surface does not have.
        """
        if len(boxes) and int(boxes.vertex.max()) >= self.size:
            raise ValueError(
                f"boxes are at vertices up to {int(boxes.vertex.max())}, but the bundle has {self.size}: boxes belong "
                "to one bundle"
            )
        offset, angle, extent, score = (
            one.detach().cpu().double() for one in (boxes.offset, boxes.angle, boxes.extent, boxes.score)
        )
        return Boxes(boxes.vertex.cpu(), offset, angle, extent, boxes.label.cpu(), score)


def of_one_size(radius: Tensor) -> Iterator[tuple[Tensor, float]]:
    """Yield groups of discs whose radii are within a factor of two: their numbers, and the largest radius.

    Args:
        radius: ``(N,)`` radii of discs.
    """
    octave = radius.clamp(min=torch.finfo(radius.dtype).tiny).log2().ceil()
    for one in octave.unique():
        some = (octave == one).nonzero()[:, 0]
        yield some, float(radius[some].max())


def in_box(vector: Tensor, angle: Tensor) -> Tensor:
    """Return vectors rotated by minus angles, ``(P, 2)``: components along and across.

    Args:
        vector: ``(P, 2)`` vectors.
        angle: ``(P,)`` [rad].
    """
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack([cos * vector[:, 0] + sin * vector[:, 1], cos * vector[:, 1] - sin * vector[:, 0]], dim=1)
