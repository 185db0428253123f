"""Normal coordinates about boxes on meshes, in geodesic discs about the vertices next to their centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes, applied
from gaugenet.detection.cells import box_cells, located
from gaugenet.detection.charts import GRAIN, Charts, Coordinates, Difference, in_box, of_one_size
from gaugenet.group import Elements
from gaugenet.mesh.geometry import face_areas
from gaugenet.transforms.shape import mesh_surface

# By how much coordinates may stretch a triangle; more, and its corners lie on different sides of a cut locus.
_STRETCH = 3.0
# How far normals may be from those of the mesh, as in files in single precision.
_LEAN = 1e-5


@dataclass(frozen=True)
class _Discs:
    """Vertices in discs about others.

    Attributes:
        disc: ``(P,)`` number of the disc.
        vertex: ``(P,)`` vertex in it.
        log: ``(P, 2)`` its log map, as a vector in the frame of the centre.
        transport: ``(P,)`` from its frame to that of the centre.
    """

    disc: Tensor
    vertex: Tensor
    log: Tensor
    transport: Elements


class MeshCharts(Charts):
    """Coordinates about boxes on a bundle that ``FrameBundle`` made of a mesh: polar coordinates about the vertex.

    The centre is offset from its vertex, and coordinates about it are log(j) - offset, as in the plane: exact where the
    surface unrolls. Else they are off by curvature x offset x (distance from the centre)^2 / 3 or less, so that offsets
    should be short (``recentred``); discs have an error of their own, which falls with the edges.

    Args:
        data: Bundle of a mesh.

    Raises:
        ValueError: If the frames of the bundle are not tangent to the mesh.
    """

    def __init__(self, data: Data) -> None:
        self._surface = mesh_surface(data)
        mesh = self._surface.mesh
        self.pos = torch.from_numpy(mesh.pos)
        self.frame, own = data.frame.detach().cpu().double(), torch.from_numpy(self._surface.frame)
        lean = 1 - float((self.frame[:, 2] * own[:, 2]).sum(1).abs().min())
        if lean > _LEAN:
            raise ValueError(
                f"frames are not those of the mesh, normals differ by 1 - cos = {lean:.2g}: make the bundle again"
            )
        # g with components in the frames of the bundle = g times components in those computed here.
        angle = torch.atan2((own[:, 0] * self.frame[:, 1]).sum(1), (own[:, 0] * self.frame[:, 0]).sum(1))
        self._gauge = Elements(angle, (self.frame[:, 2] * own[:, 2]).sum(1) < 0)
        self.size = len(mesh.pos)
        self.cell = torch.from_numpy(np.ascontiguousarray(mesh.face.T))
        self.kept, self.faces = torch.from_numpy(mesh.kept), data.face.shape[1]
        self.area = torch.from_numpy(face_areas(mesh.pos, mesh.face))
        self.scale = float(self.area.sum().sqrt())
        self._side = (self.pos[self.cell] - self.pos[self.cell.roll(1, 0)]).norm(dim=-1).amax(0)
        self.longest = float(self._side.max())

    def coordinates(self, boxes: Boxes, reach: Tensor) -> Coordinates:
        discs = self._discs(boxes.vertex, reach + boxes.offset.norm(dim=1))
        xy = in_box(discs.log - boxes.offset[discs.disc], boxes.angle[discs.disc])
        keep = xy.norm(dim=1) <= reach[discs.disc]
        return Coordinates(discs.disc[keep], discs.vertex[keep], xy[keep])

    def recentred(self, boxes: Boxes) -> Boxes:
        """Return boxes written at the nearest vertices; centre and direction are transported as in the plane."""
        discs = self._discs(boxes.vertex, boxes.offset.norm(dim=1) + self.longest)
        way = boxes.offset[discs.disc] - discs.log
        order = torch.from_numpy(np.lexsort((discs.vertex.numpy(), way.norm(dim=1).numpy(), discs.disc.numpy())))
        first = order[torch.searchsorted(discs.disc[order], torch.arange(len(boxes)))]
        return _transported(boxes, discs.vertex[first], way[first], discs.transport[first])

    def seen_from(self, boxes: Boxes, at: Coordinates) -> Boxes:
        """Return boxes written at vertices, along the geodesics from the vertices where they were written."""
        reach = boxes.offset.norm(dim=1)
        far = reach[at.box] + at.xy.norm(dim=1)
        discs = self._discs(boxes.vertex, reach.scatter_reduce(0, at.box, far, "amax") * (1 + GRAIN))
        row = torch.searchsorted(discs.disc * self.size + discs.vertex, at.box * self.size + at.vertex)
        way = boxes.offset[at.box] - discs.log[row]
        return _transported(boxes[at.box], at.vertex, way, discs.transport[row])

    def difference(self, first: Boxes, second: Boxes) -> Difference:
        reach = sum(one.offset.norm(dim=1) + one.extent.norm(dim=1) for one in (first, second))
        discs = self._discs(first.vertex, reach)
        found = (discs.vertex == second.vertex[discs.disc]).nonzero()[:, 0]
        pair, transport = discs.disc[found], discs.transport[found]
        way = discs.log[found] + applied(transport, second.offset[pair]) - first.offset[pair]
        distance, turn = reach.new_full((len(first),), torch.inf), reach.new_full((len(first),), torch.nan)
        distance[pair] = way.norm(dim=1)
        turn[pair] = transport.angle + transport.sign * second.angle[pair] - first.angle[pair]
        return Difference(distance, turn)

    def embed(self, boxes: Boxes, xy: Tensor) -> Tensor:
        reach = xy.norm(dim=-1).amax(1) + self.longest
        about = box_cells(self, self.coordinates(boxes, reach), xy.abs().amax(1))
        cell, share = located(about, xy)
        pos = torch.einsum("nkc,cnka->nka", share, self.pos[self.cell[:, cell]])
        return pos.where((cell >= 0)[..., None], torch.nan)

    def direction(self, boxes: Boxes) -> Tensor:
        """Return the directions in space ``(N, 3)``, in the tangent planes of the vertices."""
        e1, e2 = self.frame[boxes.vertex, :2].unbind(1)
        return torch.cos(boxes.angle)[:, None] * e1 + torch.sin(boxes.angle)[:, None] * e2

    def sound(self, corner: Tensor, cell: Tensor) -> Tensor:
        """Return where coordinates stretch a triangle at most three times."""
        return (corner - corner.roll(1, 1)).norm(dim=-1).amax(1) <= _STRETCH * self._side[cell]

    def _discs(self, vertex: Tensor, radius: Tensor) -> _Discs:
        """Return the discs of ``radius (N,)`` about vertices ``(N,)``, with the centres, sorted by disc and vertex."""
        zero = torch.zeros(len(vertex), dtype=torch.float64)
        centre = torch.stack([zero, zero], 1)
        parts = [(torch.arange(len(vertex)), vertex, centre, zero, zero > 0)]
        for some, reach in of_one_size(radius):
            edges = self._surface.log_maps(vertex[some].unique().numpy(), reach)
            begin = torch.from_numpy(np.searchsorted(edges.index[1], np.arange(self.size + 1)))
            many = begin[vertex[some] + 1] - begin[vertex[some]]
            last = many.cumsum(0)
            row = torch.arange(int(many.sum())) + (begin[vertex[some]] - last + many).repeat_interleave(many)
            disc, log = some.repeat_interleave(many), torch.from_numpy(edges.log)[row]
            keep = log[:, 0] <= radius[disc]
            disc, row, log = disc[keep], row[keep], log[keep]
            there, here = torch.from_numpy(edges.index[0])[row], self._gauge[vertex[disc]]
            flip = None if edges.flip is None else torch.from_numpy(edges.flip)[row]
            straight = torch.stack([log[:, 0] * torch.cos(log[:, 1]), log[:, 0] * torch.sin(log[:, 1])], dim=1)
            transport = here @ Elements.of(torch.from_numpy(edges.transport)[row], flip) @ self._gauge[there].inverse()
            parts.append((disc, there, applied(here, straight), transport.angle, transport.flip))
        disc, at, log, angle, flips = (torch.cat(part) for part in zip(*parts, strict=True))
        order = torch.argsort(disc * self.size + at)
        return _Discs(disc[order], at[order], log[order], Elements(angle[order], flips[order]))


def _transported(boxes: Boxes, vertex: Tensor, way: Tensor, transport: Elements) -> Boxes:
    """Return boxes written at other vertices ``(N,)``.

    Args:
        way: ``(N, 2)`` to the centres from there, in the frames of the vertices before. transport: from there to these.
    """
    back = transport.inverse()
    return boxes.moved(vertex, applied(back, way), back.angle + back.sign * boxes.angle)
