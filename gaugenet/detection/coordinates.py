"""Coordinates of vertices in boxes, and boxes seen from the vertices nearest to them."""

from __future__ import annotations

from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.mesh_surface import MeshSurface
from gaugenet.detection.space_surface import SpaceSurface
from gaugenet.detection.surface import Coordinates, Surface
from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere

_SPACES = {str(space): space for space in (Sphere(), Plane(), HyperbolicPlane())}


def surface_of(data: Data | Surface) -> Surface:
    """Return the geometry of boxes on a bundle; it is worth keeping where several questions are asked of one.

    Raises:
        ValueError: where there is no bundle, several in a batch, or one of points without a surface.
    """
    if isinstance(data, Surface):
        return data
    if getattr(data, "frame", None) is None:
        raise ValueError("boxes need a bundle (no frame): apply gaugenet.FrameBundle or HomogeneousBundle first")
    if data.get("batch") is not None:
        raise ValueError(f"boxes belong to one bundle, got a batch of {data.num_graphs}: take data.to_data_list()")
    if data.get("space") is not None:
        return SpaceSurface(data, _SPACES[data.space])
    if data.face is None:
        raise ValueError("boxes need faces or a homogeneous space, got a point cloud: mesh it first")
    return MeshSurface(data)


def coordinates(boxes: Boxes, data: Data | Surface) -> Coordinates:
    """Return normal coordinates about each box of the vertices as near to its centre as its corners are.

    With c the centre and d the direction there, (x, y) = R(-d) log_c(j). ``(P,)`` pairs of a box and a vertex in all.
    """
    surface = surface_of(data)
    boxes = surface.checked(boxes)
    return surface.coordinates(boxes, boxes.extent.norm(dim=1))


def contains(boxes: Boxes, data: Data | Surface) -> Coordinates:
    """Return the coordinates of the vertices inside of each box alone, |x| <= a and |y| <= b."""
    at = coordinates(boxes, data)
    half = boxes.extent.detach().cpu().double()[at.box]
    inside = (at.xy.abs() <= half).all(1)
    return Coordinates(at.box[inside], at.vertex[inside], at.xy[inside])


def recentred(boxes: Boxes, data: Data | Surface) -> Boxes:
    """Return the same boxes, each seen from the vertex nearest to its centre, in float64.

    Offset and direction are carried along: exactly on a homogeneous space, on a mesh as in the plane, which is off by
    curvature times the areas that the old vertex, the new one and the centre enclose.
    """
    surface = surface_of(data)
    return surface.recentred(surface.checked(boxes))
