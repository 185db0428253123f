"""Boxes on a bundle: coordinates of vertices in them, the vertices nearest to them, and their outlines."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts, Coordinates
from gaugenet.detection.mesh_charts import MeshCharts
from gaugenet.detection.space_charts import SpaceCharts
from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere

_SPACES = {str(space): space for space in (Sphere(), Plane(), HyperbolicPlane())}


def charts_of(data: Data | Charts) -> Charts:
    """Return the coordinates about boxes on a bundle; keep them where several questions are asked about one.

    Args:
        data: Bundle of a mesh or of a sample of a homogeneous space; charts are returned as they are.

    Raises:
        ValueError: If there is no bundle, several in a batch, or one of points without a surface.
    """
    if isinstance(data, Charts):
        return data
    if getattr(data, "frame", None) is None:
        raise ValueError("boxes need a bundle (no frame): apply gaugenet.FrameBundle or HomogeneousBundle first")
    if data.get("batch") is not None:
        raise ValueError(f"boxes belong to one bundle, got a batch of {data.num_graphs}: take data.to_data_list()")
    if data.get("space") is not None:
        return SpaceCharts(data, _SPACES[data.space])
    if data.face is None:
        raise ValueError("boxes need faces or a homogeneous space, got a point cloud: mesh it first")
    return MeshCharts(data)


def coordinates(boxes: Boxes, data: Data | Charts) -> Coordinates:
    """Return normal coordinates about each box of the vertices as near to its centre as its corners are.

    With c the centre and d the direction there, (x, y) = R(-d) log_c(j). ``(P,)`` pairs of a box and a vertex in all.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
    """
    charts = charts_of(data)
    boxes = charts.checked(boxes)
    return charts.coordinates(boxes, boxes.extent.norm(dim=1))


def contains(boxes: Boxes, data: Data | Charts) -> Coordinates:
    """Return the coordinates of only those vertices that are inside each box, |x| <= a and |y| <= b.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
    """
    at = coordinates(boxes, data)
    half = boxes.extent.detach().cpu().double()[at.box]
    inside = (at.xy.abs() <= half).all(1)
    return Coordinates(at.box[inside], at.vertex[inside], at.xy[inside])


def recentred(boxes: Boxes, data: Data | Charts) -> Boxes:
    """Return the same boxes, each written at the vertex nearest to its centre, in float64.

    Offset and direction are transported: exactly on a homogeneous space, on a mesh as in the plane, which is off by
    curvature times the areas that the old vertex, the new one and the centre enclose.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
    """
    charts = charts_of(data)
    return charts.recentred(charts.checked(boxes))


def outlines(boxes: Boxes, data: Data | Charts, steps: int = 24) -> Tensor:
    """Return lines on the surface ``(N, 9 steps + 1, 3)``: from the centre ahead to the front side, and once around.

    The sides of the rectangle in the tangent plane under the exponential map; NaN where they leave the surface.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
        steps: Number of points on each half of a side.

    Raises:
        ValueError: For steps < 1.
    """
    if steps < 1:
        raise ValueError(f"outlines expects steps >= 1, got {steps}")
    charts = charts_of(data)
    boxes = charts.checked(boxes)
    corner = torch.tensor(
        [[0, 0], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1], [1, 0]], dtype=torch.float64
    )
    share = torch.arange(steps, dtype=torch.float64)[:, None] / steps
    line = (corner[:-1, None] * (1 - share) + corner[1:, None] * share).flatten(0, 1)
    line = torch.cat([line, corner[-1:]])
    return charts.embed(boxes, line * boxes.extent[:, None])
