"""The bundle of a point cloud, from its tangent planes."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from scipy.spatial import cKDTree

from gaugenet.bundle.connection_laplacian import kernel_stiffness
from gaugenet.bundle.edges import BundleEdges
from gaugenet.bundle.frame_bundle import Bundle
from gaugenet.bundle.levels import Level
from gaugenet.bundle.neighbourhood import discs_until_count, symmetric
from gaugenet.bundle.pooling import Pooling
from gaugenet.bundle.tangent_planes import TangentPlanes

# Mean number of neighbours where none is asked for: about what two rings of a mesh have inside a common radius.
_NEIGHBOURS = 12.0
# Nearest coarser points among which those on the other side of a thin sheet are passed over.
_CANDIDATES = 8


def build_point_bundle(
    pos: np.ndarray,
    normal: np.ndarray | None = None,
    radius: float | None = None,
    neighbours: float | None = None,
    levels: Sequence[int] = (),
    level_neighbours: float = 30,
) -> Bundle:
    """Build frames, neighbourhoods and levels of points ``(V, 3)`` on a surface.

    With normals transport never reflects, and points whose normals differ by more than a right angle, as on the other
    side of a thin sheet, are no neighbours. Without, the planes are estimated and have no sides: transport reflects
    where two frames see the surface from different sides, so the bundle is one of O(2). Neighbourhoods should be small
    against the radius of curvature: transport takes the nearer of two opposite normals.

    Args:
        normal: ``(V, 3)`` or None. Others as for ``build_bundle``; with neither radius nor neighbours, 12 neighbours.
    """
    planes = TangentPlanes.build(pos, normal)
    everyone = np.arange(len(planes.pos))
    if radius is None:
        edges, reach = _discs_of_count(planes, everyone, _NEIGHBOURS if neighbours is None else neighbours)
    else:
        edges, reach = _discs(planes, everyone, radius), radius
    stiffness = kernel_stiffness(edges, planes.area, reach)
    return Bundle(planes.frame, planes.area, edges, reach, stiffness, _levels(planes, levels, level_neighbours))


def _discs(planes: TangentPlanes, vertex: np.ndarray, radius: float) -> BundleEdges:
    """Return edges between positions in ``vertex`` whose arcs are at most ``radius``."""
    pairs = cKDTree(planes.pos[vertex]).query_pairs(radius, output_type="ndarray")  # no arc is shorter than its chord
    source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
    log, transport, flip, same_side = planes.look(vertex[source], vertex[target])
    keep = (log[:, 0] <= radius) & (same_side | (not planes.sided))
    edges = BundleEdges.build(
        source[keep], target[keep], log[keep], transport[keep], None if planes.sided else flip[keep]
    )
    return symmetric(edges, len(vertex))


def _discs_of_count(planes: TangentPlanes, vertex: np.ndarray, neighbours: float) -> tuple[BundleEdges, float]:
    """Return discs of one radius that hold ``neighbours`` points in the mean, and that radius."""
    extent = float(np.linalg.norm(np.ptp(planes.pos[vertex], axis=0)))
    area = float(planes.area.sum())
    return discs_until_count(lambda r: _discs(planes, vertex, r), len(vertex), neighbours, area, 2 * extent)


def _levels(planes: TangentPlanes, counts: Sequence[int], neighbours: float) -> list[Level]:
    if not counts:
        return []
    order, reach = _farthest_points(planes.pos, min(max(counts), len(planes.pos)))
    levels: list[Level] = []
    finer, area = np.arange(len(planes.pos)), planes.area
    for count in counts:
        count = min(count, len(order))
        sample = np.sort(order[:count])
        pooling = _pooling(planes, finer, sample, float(reach[count]))
        area = np.bincount(pooling.index[1], pooling.weight * area[pooling.index[0]], count)
        edges, radius = _discs_of_count(planes, sample, neighbours)
        levels.append(Level(sample, area, edges, radius, pooling))
        finer = sample
    return levels


def _pooling(planes: TangentPlanes, finer: np.ndarray, coarser: np.ndarray, reach: float) -> Pooling:
    """Share each finer point among its three nearest coarser ones by 1 / (r^2 + (reach / 4)^2)."""
    many = min(_CANDIDATES, len(coarser))
    near = cKDTree(planes.pos[coarser]).query(planes.pos[finer], k=many)[1].reshape(len(finer), many)
    fine = np.repeat(np.arange(len(finer)), many)
    coarse = near.ravel()
    log, transport, flip, same_side = planes.look(finer[fine], coarser[coarse])
    radius = log[:, 0].reshape(-1, many)
    other = (~same_side & planes.sided).reshape(-1, many)
    best = np.argsort(radius + np.where(other, 1e3 * radius.max(), 0.0), axis=1, kind="stable")[:, :3]
    # Of points on the other side only the nearest is taken, where there is no better one.
    good = ~np.take_along_axis(other, best, axis=1)
    good[:, 0] = True
    pick = (best + many * np.arange(len(finer))[:, None])[good]
    soft = 0.25 * reach if reach > 0 else 1.0
    share = 1.0 / (log[pick, 0] ** 2 + soft**2)
    share /= np.bincount(fine[pick], share, len(finer))[fine[pick]]
    index = np.stack([fine[pick], coarse[pick]])
    return Pooling(index, transport[pick], share, None if planes.sided else flip[pick])


@numba.njit(cache=True, nogil=True)
def _farthest_points(pos, count):
    """Return points each furthest from those before it, from the one furthest from the centroid on, and their reach."""
    centre = np.array([pos[:, axis].mean() for axis in range(3)])
    start, most = 0, -1.0
    for v in range(len(pos)):
        square = ((pos[v] - centre) ** 2).sum()
        if square > most * (1 + 1e-9):
            start, most = v, square
    bound = np.full(len(pos), np.inf)
    order, reach = np.empty(count, np.int64), np.empty(count + 1)
    reach[0], here = np.inf, start
    for k in range(count):
        order[k] = here
        x, y, z = pos[here]
        bound[here], there, far = 0.0, here, -1.0
        for v in range(len(pos)):
            square = (pos[v, 0] - x) ** 2 + (pos[v, 1] - y) ** 2 + (pos[v, 2] - z) ** 2
            bound[v] = min(bound[v], square)
            if bound[v] > far * (1 + 1e-9):
                there, far = v, bound[v]
        reach[k + 1], here = np.sqrt(far), there
    return order, reach
