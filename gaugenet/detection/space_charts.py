"""Normal coordinates about boxes on samples of a homogeneous space, in closed form."""

from __future__ import annotations

import scipy
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts, Coordinates, Difference, of_one_size
from gaugenet.homogeneous import HomogeneousSpace
from gaugenet.homogeneous.neighbours import pairs_between
from gaugenet.transforms.shape import space_surface

# Nearest points in the coordinates of the space among which the nearest along the surface is.
_CANDIDATES = 8


class SpaceCharts(Charts):
    """Coordinates about boxes on a bundle that ``HomogeneousBundle`` made, by exp, log map and transport of the space.

    All radii below the injectivity radius, pi on the sphere, are exact. Cells are the geodesic triangles of the sample;
    without faces the vertices, with the areas of the bundle.

    Args:
        data: Bundle of a sample.
        space: The space.
    """

    def __init__(self, data: Data, space: HomogeneousSpace) -> None:
        area = data.area_0 if data.face is None and data.get("area") is None else None
        surface = space_surface(data, space, area)
        self.space, self._x, self.pos = space, surface.x, torch.from_numpy(surface.pos)
        self.frame, own = data.frame.detach().cpu().double(), torch.from_numpy(surface.frame)
        # By how much the frames of the bundle are turned against those of the section.
        self._turn = torch.atan2(*((self.frame[:, 0] * own[:, axis]).sum(1) for axis in (1, 0)))
        self.size, self._tree = len(self._x), scipy.spatial.cKDTree(self._x.numpy())
        if surface.face is None or surface.cell_area is None:
            self.cell, self.area = torch.arange(self.size).repeat(3, 1), data.area_0.detach().cpu().double()
            self.longest = 0.0
        else:
            self.cell, self.area = surface.face, surface.cell_area
            self.longest = float(space.distance(self._x[self.cell], self._x[self.cell.roll(1, 0)]).max())
        self.faces = self.cell.shape[1]
        self.kept = torch.arange(self.faces)

    def coordinates(self, boxes: Boxes, reach: Tensor) -> Coordinates:
        centre, heading = self._placed(boxes)
        box, vertex = [torch.empty(0, dtype=torch.int64)], [torch.empty(0, dtype=torch.int64)]
        for some, radius in of_one_size(reach):
            one, other = pairs_between(self.space, centre[some], self._x, radius)
            box, vertex = [*box, some[one]], [*vertex, other]
        where, at = torch.cat(box), torch.cat(vertex)
        r, theta = self.space.log(centre[where], self._x[at]).unbind(1)
        theta = theta - heading[where]
        keep = (r <= reach[where]).nonzero()[:, 0]
        keep = keep[torch.argsort(where[keep] * self.size + at[keep])]
        xy = torch.stack([r * torch.cos(theta), r * torch.sin(theta)], dim=1)
        return Coordinates(where[keep], at[keep], xy[keep])

    def recentred(self, boxes: Boxes) -> Boxes:
        centre, heading = self._placed(boxes)
        return self._at(boxes, self._nearest(centre), centre, heading)

    def boxes_at(
        self, centre: Tensor, direction: Tensor, extent: Tensor, label: Tensor, score: Tensor | None = None
    ) -> Boxes:
        """Return the boxes with given centres and directions, written at the nearest points.

        Args:
            centre: ``(N, n)`` points of the space.
            direction: ``(N, 3)`` tangent vectors there, in space.
            extent: ``(N, 2)`` half lengths along and across the direction.
            label: ``(N,)`` int64 classes.
            score: ``(N,)``, by default 1.
        """
        e1, e2 = self.space.frame(centre)[:, :2].unbind(1)
        heading = torch.atan2((direction * e2).sum(1), (direction * e1).sum(1))
        vertex = self._nearest(centre)
        boxes = Boxes.at_vertices(vertex, heading, extent, label, score)
        return self._at(boxes, vertex, centre, heading)

    def seen_from(self, boxes: Boxes, at: Coordinates) -> Boxes:
        centre, heading = self._placed(boxes)
        return self._at(boxes[at.box], at.vertex, centre[at.box], heading[at.box])

    def difference(self, first: Boxes, second: Boxes) -> Difference:
        (here, ahead), (there, other) = self._placed(first), self._placed(second)
        turn = other + self.space.transport(there, here) - ahead
        return Difference(self.space.distance(here, there), turn)

    def embed(self, boxes: Boxes, xy: Tensor) -> Tensor:
        centre, heading = self._placed(boxes)
        r, theta = xy.norm(dim=-1), torch.atan2(xy[..., 1], xy[..., 0]) + heading[:, None]
        pos = self.space.embed(self.space.exp(centre[:, None], torch.stack([r, theta], dim=-1)))
        return pos.where((r < self.space.reach)[..., None], torch.nan)

    def direction(self, boxes: Boxes) -> Tensor:
        centre, heading = self._placed(boxes)
        e1, e2 = self.space.frame(centre)[:, :2].unbind(1)
        return torch.cos(heading)[:, None] * e1 + torch.sin(heading)[:, None] * e2

    def sound(self, corner: Tensor, cell: Tensor) -> Tensor:
        """Return where corners run counter-clockwise: not around the antipode, where the log map jumps."""
        if self.longest == 0.0:
            return torch.ones(len(cell), dtype=torch.bool)
        one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        return one[:, 0] * two[:, 1] > one[:, 1] * two[:, 0]

    def _nearest(self, centre: Tensor) -> Tensor:
        """Return the points ``(N,)`` nearest to others."""
        many = min(_CANDIDATES, self.size)
        near = torch.from_numpy(self._tree.query(centre.numpy(), k=[*range(1, many + 1)])[1])
        best = self.space.distance(centre[:, None], self._x[near]).argmin(1, keepdim=True)
        return near.gather(1, best)[:, 0]

    def _at(self, boxes: Boxes, vertex: Tensor, centre: Tensor, heading: Tensor) -> Boxes:
        """Return boxes with given centres and directions, written at vertices ``(N,)``."""
        here = self._x[vertex]
        r, theta = self.space.log(here, centre).unbind(1)
        theta = theta - self._turn[vertex]
        offset = torch.stack([r * torch.cos(theta), r * torch.sin(theta)], dim=1)
        return boxes.moved(vertex, offset, heading + self.space.transport(centre, here) - self._turn[vertex])

    def _placed(self, boxes: Boxes) -> tuple[Tensor, Tensor]:
        """Return the centres and the angles of the directions in the frames of the section there."""
        here, turn = self._x[boxes.vertex], self._turn[boxes.vertex]
        theta = torch.atan2(boxes.offset[:, 1], boxes.offset[:, 0]) + turn
        centre = self.space.exp(here, torch.stack([boxes.offset.norm(dim=1), theta], dim=1))
        return centre, boxes.angle + turn + self.space.transport(here, centre)
