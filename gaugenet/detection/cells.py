"""Triangles in the coordinates of boxes: which ones a box meets, and the share of each inside one or two boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import torch
from torch import Tensor

from gaugenet.detection.charts import Charts, Coordinates

# Barycentric coordinates this far below 0 are inside, for rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class BoxCells:
    """Cells about boxes, sorted by box.

    Attributes:
        box: ``(P,)`` numbers of the boxes.
        cell: ``(P,)`` numbers of the cells.
        corner: ``(P, 3, 2)`` coordinates of their corners, along and across the box.
        extent: ``(N, 2)`` half lengths of the boxes.
    """

    box: Tensor
    cell: Tensor
    corner: Tensor
    extent: Tensor

    def of(self, box: int) -> BoxCells:
        """Return the cells about one box, numbered as box 0.

        Args:
            box: Number of the box.
        """
        begin, end = torch.searchsorted(self.box, torch.tensor([box, box + 1])).tolist()
        rows = slice(begin, end)
        return BoxCells(self.box[rows] - box, self.cell[rows], self.corner[rows], self.extent[box : box + 1])


@dataclass(frozen=True)
class CellBoxes:
    """Cells about boxes, sorted by cell.

    Attributes:
        box: ``(P,)`` numbers of the boxes.
        corner: ``(P, 3, 2)`` coordinates of the corners, along and across the box.
        extent: ``(N, 2)`` half lengths of the boxes.
        begin: ``(F + 1,)`` where the rows of each cell start.
    """

    box: Tensor
    corner: Tensor
    extent: Tensor
    begin: Tensor

    @classmethod
    def build(cls, cells: BoxCells, count: int) -> CellBoxes:
        """Sort the cells about boxes.

        Args:
            cells: Cells about boxes, sorted by box.
            count: F, number of cells of the surface.
        """
        order = torch.argsort(cells.cell, stable=True)
        begin = torch.searchsorted(cells.cell[order], torch.arange(count + 1))
        return cls(cells.box[order], cells.corner[order], cells.extent, begin)


def box_cells(charts: Charts, at: Coordinates, extent: Tensor) -> BoxCells:
    """Return the cells that may meet the rectangles |x| <= a, |y| <= b.

    Args:
        charts: Charts of the bundle.
        at: Coordinates of the corners, of all vertices within hypot(a, b) and the longest edge of the centre.
        extent: ``(N, 2)`` half lengths a and b.
    """
    cell = np.ascontiguousarray(charts.cell.numpy().T)
    order = np.argsort(cell[:, 0], kind="stable")
    begin = np.searchsorted(cell[order, 0], np.arange(charts.size + 1))
    first = np.searchsorted(at.box.numpy(), np.arange(len(extent) + 1))
    arguments = (first, at.vertex.numpy(), at.xy.numpy(), extent.numpy(), cell, order, begin)
    many = _met(*arguments, np.empty((0, 2), np.int64), np.empty((0, 3, 2)))
    index, corner = np.empty((many, 2), np.int64), np.empty((many, 3, 2))
    _met(*arguments, index, corner)
    box, number = torch.from_numpy(index).unbind(1)
    sound = charts.sound(torch.from_numpy(corner), number)
    return BoxCells(box[sound], number[sound], torch.from_numpy(corner)[sound], extent)


def shares(cells: BoxCells) -> Tensor:
    """Return the share ``(P,)`` of each cell that lies in its box; coordinates are linear between the corners.

    Args:
        cells: P cells about boxes.
    """
    half = cells.extent.numpy()[cells.box.numpy()]
    return torch.from_numpy(_shares(cells.corner.numpy(), half))


def intersections(first: BoxCells, second: CellBoxes, area: Tensor) -> Tensor:
    """Return the areas of the intersections of boxes ``(N, M)``.

    Args:
        first: Cells about N boxes.
        second: Cells about M boxes.
        area: ``(F,)`` areas of the cells.
    """
    out = np.zeros((len(first.extent), len(second.extent)))
    arguments = (first.box, first.cell, first.corner, first.extent, second.box, second.corner, second.extent)
    _intersect(*(one.numpy() for one in (*arguments, second.begin, area)), out)
    return torch.from_numpy(out)


def located(cells: BoxCells, xy: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cell ``(N, K)`` about each point, -1 for none, and barycentric coordinates ``(N, K, 3)``.

    Args:
        cells: Cells about N boxes.
        xy: ``(N, K, 2)`` points in the coordinates of the boxes.
    """
    first = np.searchsorted(cells.box.numpy(), np.arange(len(xy) + 1))
    cell, share = np.full(xy.shape[:2], -1), np.full((*xy.shape[:2], 3), np.nan)
    _locate(first, cells.cell.numpy(), cells.corner.numpy(), xy.contiguous().numpy(), cell, share)
    return torch.from_numpy(cell), torch.from_numpy(share)


@numba.njit(cache=True, nogil=True)
def _met(first, vertex, xy, extent, cell, order, begin, index, corner):
    """Count the cells all of whose corners are known and that are not on one side of the box; write them if asked."""
    place = np.full(len(begin) - 1, -1)
    many = 0
    for box in range(len(extent)):
        a, b = extent[box]
        for k in range(first[box], first[box + 1]):
            place[vertex[k]] = k
        for k in range(first[box], first[box + 1]):
            for slot in range(begin[vertex[k]], begin[vertex[k] + 1]):
                one, two = place[cell[order[slot], 1]], place[cell[order[slot], 2]]
                if one < 0 or two < 0:
                    continue
                x0, x1, x2 = xy[k, 0], xy[one, 0], xy[two, 0]
                y0, y1, y2 = xy[k, 1], xy[one, 1], xy[two, 1]
                if min(x0, x1, x2) > a or max(x0, x1, x2) < -a or min(y0, y1, y2) > b or max(y0, y1, y2) < -b:
                    continue
                if len(index):
                    index[many] = box, order[slot]
                    corner[many, 0], corner[many, 1], corner[many, 2] = xy[k], xy[one], xy[two]
                many += 1
        for k in range(first[box], first[box + 1]):
            place[vertex[k]] = -1
    return many


@numba.njit(cache=True, nogil=True)
def _shares(corner, half):
    out = np.empty(len(corner))
    polygon, spare = np.empty((12, 2)), np.empty((12, 2))
    for k in range(len(corner)):
        out[k] = 2 * _polygon_area(polygon, _clip_triangle(corner[k], half[k], polygon, spare))
    return out


@numba.njit(cache=True, nogil=True)
def _intersect(box, cell, corner, extent, others, other_corner, other_extent, begin, area, out):
    here, polygon, spare = np.empty((12, 2)), np.empty((12, 2)), np.empty((12, 2))
    for k in range(len(cell)):
        corners = _clip_triangle(corner[k], extent[box[k]], here, spare)
        if corners == 0:
            continue
        whole = _polygon_area(here, corners)
        for other in range(begin[cell[k]], begin[cell[k] + 1]):
            share = whole
            if not _inside(other_corner[other], other_extent[others[other]]):
                for one in range(corners):
                    polygon[one, 0], polygon[one, 1] = here[one, 0], here[one, 1]
                many = _clip_to_box(other_corner[other], other_extent[others[other]], polygon, corners, spare)
                share = _polygon_area(polygon, many)
            out[box[k], others[other]] += 2 * area[cell[k]] * share


@numba.njit(cache=True, nogil=True)
def _clip_triangle(corner, half, polygon, spare):
    """Cut a cell off at the sides of a box; the polygon has barycentric coordinates of its second and third corner."""
    polygon[0, 0], polygon[0, 1] = 0.0, 0.0
    polygon[1, 0], polygon[1, 1] = 1.0, 0.0
    polygon[2, 0], polygon[2, 1] = 0.0, 1.0
    return 3 if _inside(corner, half) else _clip_to_box(corner, half, polygon, 3, spare)


@numba.njit(cache=True, nogil=True)
def _inside(corner, half):
    within = True
    for k in range(3):
        within = within and abs(corner[k, 0]) <= half[0] and abs(corner[k, 1]) <= half[1]
    return within


@numba.njit(cache=True, nogil=True)
def _clip_to_box(corner, half, polygon, many, spare):
    """Cut a polygon off at the four sides of a box (Sutherland & Hodgman 1974); return how many corners are left."""
    for axis in range(2):
        for sign in (-1.0, 1.0):
            base = sign * corner[0, axis] - half[axis]
            du, dv = sign * (corner[1, axis] - corner[0, axis]), sign * (corner[2, axis] - corner[0, axis])
            if base <= 0.0 and base + du <= 0.0 and base + dv <= 0.0:
                continue  # this side cuts nothing off
            kept = 0
            for k in range(many):
                before, here = polygon[k - 1 if k else many - 1], polygon[k]
                outside_before, outside = base + du * before[0] + dv * before[1], base + du * here[0] + dv * here[1]
                if (outside_before > 0.0) != (outside > 0.0):
                    t = outside_before / (outside_before - outside)
                    spare[kept, 0] = before[0] + t * (here[0] - before[0])
                    spare[kept, 1] = before[1] + t * (here[1] - before[1])
                    kept += 1
                if outside <= 0.0:
                    spare[kept, 0], spare[kept, 1] = here[0], here[1]
                    kept += 1
            many = kept
            for k in range(many):
                polygon[k, 0], polygon[k, 1] = spare[k, 0], spare[k, 1]
    return many


@numba.njit(cache=True, nogil=True)
def _polygon_area(polygon, many):
    twice = 0.0
    for k in range(many):
        before = k - 1 if k else many - 1
        twice += polygon[before, 0] * polygon[k, 1] - polygon[k, 0] * polygon[before, 1]
    return 0.5 * twice


@numba.njit(cache=True, nogil=True)
def _locate(first, cell, corner, xy, found, share):
    for box in range(len(xy)):
        for p in range(xy.shape[1]):
            best = -_ROUNDING
            for k in range(first[box], first[box + 1]):
                x, y = xy[box, p, 0] - corner[k, 0, 0], xy[box, p, 1] - corner[k, 0, 1]
                ax, ay = corner[k, 1, 0] - corner[k, 0, 0], corner[k, 1, 1] - corner[k, 0, 1]
                bx, by = corner[k, 2, 0] - corner[k, 0, 0], corner[k, 2, 1] - corner[k, 0, 1]
                double = ax * by - ay * bx
                if double == 0.0:
                    continue
                u, v = (x * by - y * bx) / double, (ax * y - ay * x) / double
                least = min(u, v, 1.0 - u - v)
                if least > best:
                    best, found[box, p] = least, cell[k]
                    share[box, p, 0], share[box, p, 1], share[box, p, 2] = 1.0 - u - v, u, v
