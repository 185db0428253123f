"""Boxes of labelled regions of a mesh."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts
from gaugenet.detection.coordinates import charts_of, recentred
from gaugenet.mesh.connectivity import components, connect, members
from gaugenet.surface.sampling import farthest_points

# Vertices of a region that may be its centre.
_CANDIDATES = 48
# Share of the area of a region that may stand out of its box at each side.
_OUTSIDE = 0.02


def region_boxes(data: Data | Charts, face_label: Tensor, labels: Sequence[int], smallest: float = 0.0) -> Boxes:
    """Return a box about each connected region of faces with one of some labels, such as each leg of an ant.

    The centre is the vertex of the region from which the mean square of distances is least, of 48 spread over it; the
    direction the principal axis of the region as seen from there, up to a half turn; the box leaves 2 % of the area out
    at each of its four sides, which moves the centre to the middle.

    Args:
        data: Bundle of a mesh, or its charts.
        face_label: ``(F,)`` labels of faces; those of faces that cleaning leaves out do not matter.
        labels: Labels that are objects; the class of a box is the position of its label.
        smallest: Share of the area of the mesh that a region needs to count.

    Raises:
        ValueError: For labels of another shape.
    """
    charts = charts_of(data)
    _check(face_label, charts.faces)
    kept = face_label.detach().cpu()[charts.kept]
    found = labelled_regions(charts.cell, charts.area, kept, labels, smallest)
    return Boxes.joined([_box(charts, region.face, region.label) for region in found])


@dataclass(frozen=True)
class Region:
    """Connected faces of one label.

    Attributes:
        label: Position of the label among those that were asked for.
        face: ``(K,)`` numbers of the faces.
    """

    label: int
    face: Tensor


def labelled_regions(
    face: Tensor, area: Tensor, face_label: Tensor, labels: Sequence[int], smallest: float = 0.0
) -> list[Region]:
    """Return the regions of faces of some labels that are connected by edges: label by label, large first.

    Args:
        face: ``(3, F)`` vertices of the faces.
        area: ``(F,)`` areas of the faces.
        face_label: ``(F,)`` labels of the faces.
        labels: Labels that are objects.
        smallest: Share of the area of all faces that a region needs to count.

    Raises:
        ValueError: For labels of another shape.
    """
    _check(face_label, len(area))
    least, label_of = smallest * float(area.sum()), face_label.detach().cpu()
    return [
        Region(number, region)
        for number, label in enumerate(labels)
        for region in _connected(face, area, label_of == label)
        if float(area[region].sum()) >= least
    ]


def _check(face_label: Tensor, faces: int) -> None:
    if tuple(face_label.shape) != (faces,):
        raise ValueError(
            f"regions need a label for each of the {faces} faces, got {tuple(face_label.shape)}: "
            "read labels and mesh together"
        )


def _connected(every: Tensor, area: Tensor, chosen: Tensor) -> list[Tensor]:
    """Return the faces of each connected region of chosen ones, that share edges; the largest first."""
    face = chosen.nonzero()[:, 0]
    shared = connect(np.ascontiguousarray(every[:, face].numpy().T)).pair // 3
    regions = [face[torch.from_numpy(some)] for some in members(components(shared, len(face)))]
    return sorted(regions, key=lambda some: -float(area[some].sum()))


def _box(charts: Charts, face: Tensor, label: int) -> Boxes:
    cell = charts.cell[:, face]
    area = torch.zeros(charts.size, dtype=torch.float64)
    area.index_add_(0, cell.flatten(), (charts.area[face] / 3).repeat(3))
    vertex = cell.unique()
    some = vertex[_spread(charts.pos[vertex], _CANDIDATES)]
    reach, total = float(area.sum().sqrt()), float(area.sum())
    none = torch.zeros(len(some), dtype=torch.float64)
    while True:  # until the disc about one of them holds the whole region
        points = Boxes.at_vertices(some, none, none[:, None].repeat(1, 2) + reach, torch.full_like(some, label))
        at = charts.coordinates(points, none + reach)
        weight = area[at.vertex]
        seen = torch.zeros_like(none).index_add_(0, at.box, weight)
        if float(seen.max()) > (1 - 1e-9) * total or reach > charts.longest * charts.size:
            break
        reach *= 1.5
    spread = torch.zeros_like(none).index_add_(0, at.box, weight * at.xy.square().sum(1))
    # What is outside a disc counts as far away, so that its centre is not chosen.
    best = int((spread + (total - seen) * reach**2).argmin())
    mine = (at.box == best) & (weight > 0)
    xy, weight = at.xy[mine], weight[mine]
    middle = (weight[:, None] * xy).sum(0) / weight.sum()
    centred = xy - middle
    axis = torch.linalg.eigh(centred.T @ (weight[:, None] * centred)).eigenvectors[:, -1]
    turn = torch.stack([axis, torch.stack([-axis[1], axis[0]])])
    low, high = torch.stack([_range(xy @ way, weight) for way in turn]).unbind(1)
    offset = (0.5 * (low + high)) @ turn
    extent = (0.5 * (high - low)).clamp_min(0.5 * _edge(charts.area[face]))
    angle = torch.atan2(axis[1], axis[0])
    one = torch.ones(1, dtype=torch.float64)
    return recentred(Boxes(some[[best]], offset[None], angle[None], extent[None], torch.tensor([label]), one), charts)


def _spread(pos: Tensor, count: int) -> Tensor:
    """Return the numbers of ``count`` points of ``(N, 3)``, each the farthest from those before it, middle first.

    They depend on where points are, and not on how they are numbered.
    """

    def apart(k: int) -> np.ndarray:
        square: np.ndarray = (pos - pos[k]).square().sum(1).numpy()
        return square

    first = int((pos - pos.mean(0)).square().sum(1).argmin())
    return torch.from_numpy(farthest_points(first, apart, min(count, len(pos)), grain=0.0).vertex)


def _edge(area: Tensor) -> float:
    """Return the edge of an equilateral triangle of the mean of some areas."""
    return math.sqrt(4 / math.sqrt(3) * float(area.mean()))


def _range(value: Tensor, weight: Tensor) -> Tensor:
    """Return the values below and above which a small share of the weight lies."""
    order = torch.argsort(value)
    share = weight[order].cumsum(0) / weight.sum()
    ends = torch.tensor([_OUTSIDE, 1 - _OUTSIDE], dtype=share.dtype)
    return value[order][torch.searchsorted(share, ends).clamp_max(len(value) - 1)]
