"""Areas of boxes, their overlap, and non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.cells import BoxCells, CellBoxes, box_cells, intersections, shares
from gaugenet.detection.charts import GRAIN, Charts
from gaugenet.detection.coordinates import charts_of


def areas(boxes: Boxes, data: Data | Charts) -> Tensor:
    """Return the areas ``(N,)`` of boxes [mesh unit squared], as far as the surface goes.

    Coordinates are interpolated linearly in each triangle and the triangle is cut off at the sides of the box, so that
    boxes may be smaller than triangles: exact where the surface unrolls, else of second order in the edges. Bundles
    without faces count whole vertices, with an error of first order in their spacing.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
    """
    charts = charts_of(data)
    return _covered(_about(boxes, charts), charts)


def iou(first: Boxes, second: Boxes, data: Data | Charts) -> Tensor:
    """Return the intersection over union ``(N, M)``, by area, of all pairs of N and M boxes, whatever their classes.

    Triangles are cut off at the sides of both boxes; errors are those of ``areas``. Boxes off the surface have 0.

    Args:
        first: N boxes.
        second: M boxes on the same bundle.
        data: The bundle, or its charts.
    """
    charts = charts_of(data)
    one, two = _about(first, charts), _about(second, charts)
    common = intersections(one, CellBoxes.build(two, len(charts.area)), charts.area)
    return _over_union(common, _covered(one, charts)[:, None], _covered(two, charts))


class Overlaps:
    """Intersections over union among the boxes of one list, computed row by row when they are asked for.

    Args:
        boxes: N boxes.
        charts: Charts of their bundle.
    """

    def __init__(self, boxes: Boxes, charts: Charts) -> None:
        self._cells, self._area = _about(boxes, charts), charts.area
        self._by_cell = CellBoxes.build(self._cells, len(charts.area))
        self._covered = _covered(self._cells, charts)

    def row(self, box: int) -> Tensor:
        """Return the intersections over union ``(N,)`` of one box with all.

        Args:
            box: Number of the box.
        """
        common = intersections(self._cells.of(box), self._by_cell, self._area)[0]
        return _over_union(common, self._covered[box], self._covered)


def suppress(boxes: Boxes, data: Data | Charts, iou: float = 0.5) -> Tensor:
    """Return the numbers ``(K,)`` of the boxes that stay, highest score first: greedy non-maximum suppression.

    By falling score, a box stays unless its intersection over union with one of its class that stays already is more
    than ``iou``. Of equal scores the first box comes first.

    Args:
        boxes: N boxes with scores.
        data: Their bundle, or its charts.
        iou: Largest intersection over union of two boxes of one class that stay.

    Raises:
        ValueError: For an ``iou`` that is not in 0..1.
    """
    if not 0 <= iou <= 1:
        raise ValueError(f"suppress expects an iou in 0..1, got {iou}")
    charts = charts_of(data)
    boxes = charts.checked(boxes)
    order = torch.argsort(-boxes.score, stable=True)
    stays = torch.ones(len(boxes), dtype=torch.bool)
    for label in boxes.label.unique():
        rows = order[boxes.label[order] == label]
        overlaps = Overlaps(boxes[rows], charts)
        alive = torch.ones(len(rows), dtype=torch.bool)
        for k in range(len(rows)):
            if alive[k]:
                alive[k + 1 :] &= overlaps.row(k)[k + 1 :] <= iou
        stays[rows] = alive
    return order[stays[order]]


def _over_union(common: Tensor, first: Tensor, second: Tensor) -> Tensor:
    union = first + second - common
    return torch.where(union > 0, common / union.clamp(min=torch.finfo(union.dtype).tiny), 0.0)


def _about(boxes: Boxes, charts: Charts) -> BoxCells:
    boxes = charts.checked(boxes)
    reach = (boxes.extent.norm(dim=1) + charts.longest) * (1 + GRAIN)
    return box_cells(charts, charts.coordinates(boxes, reach), boxes.extent)


def _covered(cells: BoxCells, charts: Charts) -> Tensor:
    total = torch.zeros(len(cells.extent), dtype=torch.float64)
    return total.index_add_(0, cells.box, shares(cells) * charts.area[cells.cell])
