"""Levels of a bundle: coarser and coarser samples of one surface, and the maps between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.bundle.connection_laplacian import kernel_stiffness
from gaugenet.bundle.edges import BundleEdges
from gaugenet.bundle.geodesic import geodesic_discs
from gaugenet.bundle.neighbourhood import discs_of_count
from gaugenet.bundle.pooling import Pooling
from gaugenet.bundle.sampling import farthest_point_samples
from gaugenet.bundle.sheets import Sheets
from gaugenet.bundle.unfolding import Unfolding
from gaugenet.mesh.mesh import Mesh


@dataclass(frozen=True)
class Level:
    """A coarser level.

    Attributes:
        sample: ``(S,)`` sorted vertex ids of the mesh; the level uses their frames.
        area: ``(S,)`` areas [mesh unit squared], handed down from the finer level by the pooling shares.
        edges: between positions in ``sample``. radius: of their discs [mesh unit].
        pooling: from the next finer level.
    """

    sample: np.ndarray
    area: np.ndarray
    edges: BundleEdges
    radius: float
    pooling: Pooling

    @property
    def stiffness(self) -> np.ndarray:
        """Weights ``(E,)`` of the edges for the connection Laplacian."""
        return kernel_stiffness(self.edges, self.area, self.radius)


def build_levels(
    mesh: Mesh, sheets: Sheets, unfolding: Unfolding, area: np.ndarray, counts: Sequence[int], neighbours: float
) -> list[Level]:
    """Build one level for each of the falling ``counts``: farthest-point samples with geodesic discs among them.

    Distances, directions and transport are always those of the full mesh, however coarse the level.

    Args:
        sheets, unfolding: of the oriented surface over the mesh.
        area: ``(V,)`` vertex areas. counts: vertices of each level; more where the surface has more components.
        neighbours: mean number of neighbours in a disc.
    """
    if not counts:
        return []
    # Sampling asks for distances alone, which need no orientation.
    samples = farthest_point_samples(mesh, unfolding if mesh.orientable else Unfolding.build(mesh), max(counts))
    components = int((samples.reach[:-1] > unfolding.total_length).sum())
    levels: list[Level] = []
    finer = np.arange(len(mesh.pos))
    for count in counts:
        count = min(max(count, components), len(samples.vertex))
        sample = np.sort(samples.vertex[:count])
        pooling = _pooling(unfolding, sheets.lifts(finer), sheets.lifts(sample), samples.reach[count])
        pooling = sheets.fold_pooling(pooling, finer, sample)
        handed = pooling.weight * area[pooling.index[0]]
        area = np.bincount(pooling.index[1], handed, len(sample))
        edges, radius = discs_of_count(unfolding, sheets, sample, neighbours, float(area.sum()))
        levels.append(Level(sample, area, edges, radius, pooling))
        finer = sample
    return levels


def _pooling(unfolding: Unfolding, finer: np.ndarray, coarser: np.ndarray, reach: float) -> Pooling:
    """Share each finer vertex among its three nearest coarser ones by 1 / (r^2 + (reach / 4)^2)."""
    size = len(unfolding.begin) - 1
    wanted = np.zeros(size, dtype=bool)
    wanted[finer] = True
    discs = geodesic_discs(unfolding, coarser, 2.0 * reach, wanted)
    rank_finer, rank_coarser = np.full(size, -1), np.full(size, -1)
    rank_finer[finer], rank_coarser[coarser] = np.arange(len(finer)), np.arange(len(coarser))
    # Where every vertex is a sample the reach is 0; any softening does then.
    soft = 0.25 * (reach if reach > 0 else float(unfolding.length.mean()))
    edge = _three_nearest(rank_finer, coarser, discs.index[0], discs.log, 1e-9 * soft)
    fine = np.repeat(np.arange(len(finer)), (edge > _NONE).sum(axis=1))
    edge = edge[edge > _NONE]
    coarse, radius, transport = rank_coarser[finer[fine]], np.zeros(len(fine)), np.zeros(len(fine))
    other = edge != _ITSELF
    coarse[other] = rank_coarser[discs.index[1, edge[other]]]
    radius[other], transport[other] = discs.log[edge[other], 0], discs.transport[edge[other]]
    share = 1.0 / (radius**2 + soft**2)
    share /= np.bincount(fine, share, len(finer))[fine]
    return Pooling(np.stack([fine, coarse]), transport, share)


_NONE, _ITSELF = -2, -1


@numba.njit(cache=True, nogil=True)
def _three_nearest(rank, coarser, source, log, grain):
    """Return, for each finer vertex, the edges from its three nearest coarser ones, nearest first.

    ``_ITSELF`` stands for a vertex that is both, ``_NONE`` for one too few. Radii are rounded to a grain, so that
    rounding errors do not decide between equals: the edge that comes first does.
    """
    size = rank.max() + 1
    edge, least = np.full((size, 3), _NONE), np.full((size, 3), np.inf)
    for v in coarser:
        edge[rank[v], 0], least[rank[v], 0] = _ITSELF, 0.0
    for e in range(len(source)):
        fine, radius = rank[source[e]], np.round(log[e, 0] / grain)
        place = 3
        while place > 0 and radius < least[fine, place - 1]:
            place -= 1
        for k in range(2, place, -1):
            edge[fine, k], least[fine, k] = edge[fine, k - 1], least[fine, k - 1]
        if place < 3:
            edge[fine, place], least[fine, place] = e, radius
    return edge
