"""The surface of a sample of a homogeneous space, in closed form."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gaugenet.homogeneous import HomogeneousSpace
from gaugenet.homogeneous.neighbours import GRAIN, pairs_between, pairs_within
from gaugenet.homogeneous.triangulation import face_areas, vertex_areas
from gaugenet.mesh.connectivity import connect
from gaugenet.surface.edges import BundleEdges, Pooling
from gaugenet.surface.stiffness import length_stiffness
from gaugenet.surface.surface import Surface

# Edges whose geometry is computed at a time: more take memory, fewer take calls.
_PORTION = 2**19
# Points this near to the cut locus have no direction, and are no neighbours.
_MARGIN = 1e-6
# Vertices may be so far from those of a coarser level, over the square root of its area a vertex. Of good samples none
# is further than about 1.
_FURTHEST = 3.0


class SpaceSurface(Surface):
    """Points of a homogeneous space, with the frames of its section.

    Args:
        space: The space.
        pos: ``(V, 3)`` positions of the points, as ``space.embed`` gives them.
        face: ``(3, F)`` geodesic triangles, counter-clockwise seen from outside, or None.
        area: ``(V,)`` areas of the points; None where the triangles give them.

    Attributes:
        space: The space.
        x: ``(V, dim)`` the points, float64.
        face: ``(3, F)`` int64, or None.
        cell_area: ``(F,)`` areas of the triangles, or None.

    Raises:
        ValueError: For points and triangles that are not in the space, fewer than two points, areas that are negative
            or of another shape, and where there are neither triangles nor areas.
    """

    def __init__(
        self, space: HomogeneousSpace, pos: Tensor, face: Tensor | None = None, area: Tensor | None = None
    ) -> None:
        pos = pos.detach().to("cpu", torch.float64, copy=True)
        self.space, self.x = space, space.points(pos)
        if len(self.x) < 2:
            raise ValueError(f"expected at least 2 points, got {len(self.x)}: give a sample of the space")
        self.face = None if face is None else face.detach().cpu().long()
        self.cell_area = None if self.face is None else face_areas(space, self.x, self.face)  # refuses unsound ones
        if area is None:
            if self.face is None:
                raise ValueError(
                    "a sample of a space needs face (3, F) or area (V,) for its weights, got neither: set one"
                )
            area = vertex_areas(space, self.x, self.face)
        elif area.shape != (len(self.x),) or not bool((area.isfinite() & (area >= 0)).all()):
            raise ValueError(f"area must have shape ({len(self.x)},), >= 0, got {tuple(area.shape)}: set one a point")
        self.pos, self.frame = pos.numpy(), space.frame(self.x).numpy()
        self.area = area.detach().cpu().double().numpy()

    @cached_property
    def ring(self) -> BundleEdges:
        if self.face is None:
            raise ValueError("the 1-ring needs face (3, F): ask for a radius or a number of neighbours")
        side = connect(np.ascontiguousarray(self.face.T.numpy())).edge
        return _edges_of_pairs(self.space, self.x, *torch.from_numpy(side).unbind(1))

    @cached_property
    def ring_stiffness(self) -> np.ndarray:
        """Cotangent weights ``(E,)`` of flat triangles with the lengths of the edges of ``ring``."""
        ring = self.ring
        assert self.face is not None
        return length_stiffness(self.face.T.numpy(), ring, len(self.x))

    def discs(self, vertex: np.ndarray, radius: float) -> BundleEdges:
        x = self.x[vertex]
        edges = _edges_of_pairs(self.space, x, *pairs_within(self.space, x, radius))
        keep = edges.log[:, 0] <= min(radius * (1 + GRAIN), self.space.reach - _MARGIN)
        return edges if keep.all() else edges.select(keep)

    def limit(self, vertex: np.ndarray) -> float:
        x = self.x[vertex]
        return min(2 * float(self.space.distance(x[:1], x).max()), self.space.reach)

    def distance(self, vertex: int) -> np.ndarray:
        distance: np.ndarray = self.space.distance(self.x[vertex], self.x).numpy()
        return distance

    def pooling(self, finer: np.ndarray, coarser: np.ndarray, reach: float = math.inf) -> Pooling:
        """Return for each finer point all coarser ones as near as the nearest coarser one of any finer point is.

        No ties are decided, so that pooling has all symmetries of the sample; midpoints of edges are shared by halves.

        Raises:
            ValueError: If the coarser points do not cover the sample.
        """
        space, x, y = self.space, self.x[finer], self.x[coarser]
        spacing = math.sqrt(float(self.area.sum()) / len(y))
        radius = 0.8 * spacing
        while True:
            fine, coarse = pairs_between(space, x, y, radius)
            if int(torch.bincount(fine, minlength=len(x)).min()) > 0:
                break
            if radius > _FURTHEST * spacing:
                raise ValueError(
                    f"the first {len(y)} vertices do not cover the sample, got vertices further than {radius:.3g} "
                    'from them: use a number of a nested sample, or sampling="farthest"'
                )
            radius *= 1.3
        r = space.distance(x[fine], y[coarse])
        nearest = torch.full((len(x),), math.inf, dtype=r.dtype).scatter_reduce(0, fine, r, "amin")
        reach = float(nearest.max()) * (1 + GRAIN)
        keep = r <= reach
        fine, coarse, r = fine[keep], coarse[keep], r[keep]
        transport = space.transport(x[fine], y[coarse])
        return Pooling(torch.stack([fine, coarse]).numpy(), r.numpy(), transport.numpy(), reach)


def _edges_of_pairs(space: HomogeneousSpace, x: Tensor, first: Tensor, second: Tensor) -> BundleEdges:
    """Return the edges both ways between pairs ``(P,), (P,)`` of points ``(V, dim)``.

    The reverse edge has the direction theta_ji = g_ij^-1 theta_ij + pi.
    """
    near, far = (rows.split(_PORTION) for rows in (first, second))
    parts = [(space.log(x[i], x[j]), space.transport(x[j], x[i])) for i, j in zip(near, far, strict=True)]
    log, transport = torch.cat([log for log, _ in parts]), torch.cat([turn for _, turn in parts])
    same = (log[:, 0] == 0).nonzero()[:, 0]
    if len(same):
        i, j = int(first[same[0]]), int(second[same[0]])
        raise ValueError(f"expected different points, got {len(same)} pairs of equal ones (e.g. {i} and {j}): drop one")
    back = torch.stack([log[:, 0], log[:, 1] - transport + torch.pi], dim=1)
    return BundleEdges.build(
        torch.cat([second, first]).numpy(),
        torch.cat([first, second]).numpy(),
        torch.cat([log, back]).numpy(),
        torch.cat([transport, -transport]).numpy(),
    )
