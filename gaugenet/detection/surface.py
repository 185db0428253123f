"""What boxes ask of the surface that they are on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.detection.boxes import Boxes


@dataclass(frozen=True)
class Coordinates:
    """Normal coordinates of vertices about the centres of boxes, sorted by box and vertex.

    Attributes:
        box: ``(P,)``. vertex: ``(P,)``. xy: ``(P, 2)`` [mesh unit], along and across the direction of the box.
    """

    box: Tensor
    vertex: Tensor
    xy: Tensor


@dataclass(frozen=True)
class Difference:
    """How boxes lie to others, pair by pair.

    Attributes:
        distance: ``(N,)`` between the centres [mesh unit], infinite where they are farther apart than both reach.
        turn: ``(N,)`` [rad] from the direction of the first to that of the second, carried to the first; NaN likewise.
    """

    distance: Tensor
    turn: Tensor


class Surface(ABC):
    """The geometry about boxes on one bundle; computed in float64 on the CPU.

    Attributes:
        cell: ``(3, F)`` vertices of what areas are summed over: triangles, or each vertex three times where there are
            no faces. area: ``(F,)`` of the cells. longest: longest edge of a cell [mesh unit].
        kept: ``(F,)`` ascending: which of the ``faces`` of the bundle the cells are; of an unclean mesh not all.
        size: number of vertices. pos: ``(V, 3)``. frame: ``(V, 3, 3)`` of the bundle.
        scale: the length over which networks say lengths [mesh unit]: of meshes the square root of the area, as of
            input fields, so that a mesh twice as large has boxes twice as large; 1 in a homogeneous space.
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
        """Return the vertices within ``reach (N,)`` [mesh unit] of the centre of each box."""

    @abstractmethod
    def recentred(self, boxes: Boxes) -> Boxes:
        """Return the same boxes, each seen from the vertex nearest to its centre."""

    @abstractmethod
    def seen_from(self, boxes: Boxes, at: Coordinates) -> Boxes:
        """Return boxes ``(P,)`` as vertices about them see them: box ``at.box`` written at the vertex ``at.vertex``."""

    @abstractmethod
    def difference(self, first: Boxes, second: Boxes) -> Difference:
        """Compare the boxes of two lists of one length, pair by pair."""

    @abstractmethod
    def embed(self, boxes: Boxes, xy: Tensor) -> Tensor:
        """Return positions ``(N, K, 3)`` of points ``(N, K, 2)`` in the coordinates of boxes, NaN off the surface."""

    def centre(self, boxes: Boxes) -> Tensor:
        """Return the positions of the centres ``(N, 3)``, NaN off the surface."""
        return self.embed(boxes, torch.zeros(len(boxes), 1, 2, dtype=torch.float64))[:, 0]

    @abstractmethod
    def direction(self, boxes: Boxes) -> Tensor:
        """Return the directions as unit vectors in space ``(N, 3)``."""

    @abstractmethod
    def sound(self, corner: Tensor, cell: Tensor) -> Tensor:
        """Return where coordinates ``(P, 3, 2)`` of corners of cells ``(P,)`` do not jump across a cut locus."""

    def checked(self, boxes: Boxes) -> Boxes:
        """Return boxes in float64 on the CPU.

        Raises:
            ValueError: for vertices that the surface does not have.
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
    """Give numbers of discs whose radii ``(N,)`` are within a factor of two, and the largest of these."""
    octave = radius.clamp(min=torch.finfo(radius.dtype).tiny).log2().ceil()
    for one in octave.unique():
        some = (octave == one).nonzero()[:, 0]
        yield some, float(radius[some].max())


def in_box(vector: Tensor, angle: Tensor) -> Tensor:
    """Return vectors ``(P, 2)`` turned back by angles ``(P,)``: components along and across."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack([cos * vector[:, 0] + sin * vector[:, 1], cos * vector[:, 1] - sin * vector[:, 0]], dim=1)
