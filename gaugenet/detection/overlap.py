"""Areas of boxes and of what they have in common."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.cells import BoxCells, CellBoxes, box_cells, intersections, shares
from gaugenet.detection.coordinates import surface_of
from gaugenet.detection.surface import Surface

# By how much reaches grow so that rounding does not lose a corner.
_GRAIN = 1e-9


def areas(boxes: Boxes, data: Data | Surface) -> Tensor:
    """Return the areas ``(N,)`` of boxes [mesh unit squared], as far as the surface goes.

    Coordinates are interpolated linearly in each triangle and the triangle is cut off at the sides of the box, so that
    boxes may be smaller than triangles: exact where the surface unrolls, else of second order in the edges. Bundles
    without faces count whole vertices, with an error of first order in their spacing.
    """
    surface = surface_of(data)
    return _covered(_about(boxes, surface), surface)


def iou(first: Boxes, second: Boxes, data: Data | Surface) -> Tensor:
    """Return the intersection over union ``(N, M)``, by area, of all pairs of N and M boxes, whatever their classes.

    Triangles are cut off at the sides of both boxes; errors are those of ``areas``. Boxes off the surface have 0.
    """
    surface = surface_of(data)
    one, two = _about(first, surface), _about(second, surface)
    common = intersections(one, CellBoxes.build(two, len(surface.area)), surface.area)
    return _over_union(common, _covered(one, surface)[:, None], _covered(two, surface))


class Overlaps:
    """The same among the boxes of one list, row by row, so that only the rows that are asked for are computed."""

    def __init__(self, boxes: Boxes, surface: Surface) -> None:
        self._cells, self._area = _about(boxes, surface), surface.area
        self._by_cell = CellBoxes.build(self._cells, len(surface.area))
        self._covered = _covered(self._cells, surface)

    def row(self, box: int) -> Tensor:
        """Return the intersections over union ``(N,)`` of one box with all."""
        common = intersections(self._cells.of(box), self._by_cell, self._area)[0]
        return _over_union(common, self._covered[box], self._covered)


def _over_union(common: Tensor, first: Tensor, second: Tensor) -> Tensor:
    union = first + second - common
    return torch.where(union > 0, common / union.clamp(min=torch.finfo(union.dtype).tiny), 0.0)


def _about(boxes: Boxes, surface: Surface) -> BoxCells:
    boxes = surface.checked(boxes)
    reach = (boxes.extent.norm(dim=1) + surface.longest) * (1 + _GRAIN)
    return box_cells(surface, surface.coordinates(boxes, reach), boxes.extent)


def _covered(cells: BoxCells, surface: Surface) -> Tensor:
    total = torch.zeros(len(cells.extent), dtype=torch.float64)
    return total.index_add_(0, cells.box, shares(cells) * surface.area[cells.cell])
