"""The bundle of a surface: neighbourhoods of its vertices, and coarser and coarser samples of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaugenet.surface.edges import BundleEdges, Pooling
from gaugenet.surface.sampling import Samples
from gaugenet.surface.stiffness import kernel_stiffness
from gaugenet.surface.surface import Surface

METHODS = ("geodesic", "vector_heat")
SAMPLINGS = ("first", "farthest")


@dataclass(frozen=True)
class BundleSettings:
    """Sizes of the neighbourhoods and levels of a bundle.

    Attributes:
        radius: Radius of the discs [mesh unit].
        neighbours: Or the mean number of vertices in them. With neither, the 1-ring of the faces.
        levels: Falling numbers of vertices of the coarser levels; more where the surface has more components.
        level_neighbours: Mean number of vertices in the discs of the coarser levels.
        method: How log maps and transport of discs at the finest level are found: "geodesic" or "vector_heat".
        sampling: Vertices of the coarser levels: "farthest" points, or the "first" ones, for nested samples.

    Raises:
        ValueError: For settings out of range, or that contradict each other.
    """

    radius: float | None = None
    neighbours: float | None = None
    levels: Sequence[int] = ()
    level_neighbours: float = 30
    method: str = "geodesic"
    sampling: str = "farthest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        if self.radius is not None and self.neighbours is not None:
            raise ValueError("a bundle takes a radius or a number of neighbours, got both: drop one")
        for name in ("radius", "neighbours", "level_neighbours"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ValueError(f"a bundle expects a positive {name}, got {value}")
        if any(count < 1 for count in self.levels) or list(self.levels) != sorted(set(self.levels), reverse=True):
            raise ValueError(f"a bundle expects falling positive numbers of vertices, got {self.levels} as levels")
        for name, known in (("method", METHODS), ("sampling", SAMPLINGS)):
            if getattr(self, name) not in known:
                raise ValueError(f'a bundle expects {name} {" or ".join(known)}, got "{getattr(self, name)}"')

    @property
    def levels_text(self) -> str:
        """The levels as arguments of a transform."""
        return f", levels={self.levels}, level_neighbours={self.level_neighbours}" if self.levels else ""


@dataclass(frozen=True)
class Stage:
    """A coarser level of a bundle.

    Attributes:
        sample: ``(S,)`` ascending vertices of the surface; the stage uses their frames.
        area: ``(S,)`` areas [mesh unit squared], summed from the finer level by the pooling weights.
        edges: Edges between positions in ``sample``.
        radius: Radius of their discs [mesh unit].
        pooling: From the next finer level.
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


@dataclass(frozen=True)
class Bundle:
    """The discrete frame bundle of a surface.

    Attributes:
        frame: ``(V, 3, 3)`` rows e1, e2, n.
        area: ``(V,)`` vertex areas [mesh unit squared].
        edges: Neighbourhoods of the vertices.
        radius: Radius of the kernel on them [mesh unit].
        stiffness: ``(E,)`` weights of the edges for the connection Laplacian, the same in both directions.
        levels: Coarser levels, finest first.
    """

    frame: np.ndarray
    area: np.ndarray
    edges: BundleEdges
    radius: float
    stiffness: np.ndarray
    levels: list[Stage]


def build_bundle(surface: Surface, settings: BundleSettings | None = None) -> Bundle:
    """Build the neighbourhoods and levels of a surface.

    Distances, directions and transport are always those of the full surface, however coarse the level.

    Args:
        surface: Surface with its frames.
        settings: Sizes of neighbourhoods and levels; by default the usual neighbourhoods, without coarser levels.

    Raises:
        ValueError: If the surface has not what the settings need.
    """
    settings = settings or BundleSettings()
    everyone, area = np.arange(len(surface.pos)), surface.area
    neighbours = surface.usual_neighbours if settings.neighbours is None else settings.neighbours
    ring = settings.radius is None and neighbours is None
    if settings.radius is not None:
        edges, radius = surface.discs(everyone, settings.radius), settings.radius
    elif neighbours is not None:
        edges, radius = discs_of_count(surface, everyone, neighbours, float(area.sum()))
    else:
        edges = surface.ring
        radius = 1.5 * float(edges.log[:, 0].mean()) if len(edges.log) else 0.0
    if settings.method == "vector_heat" and not ring:
        edges = surface.by_vector_heat(edges)
    stiffness = surface.ring_stiffness if ring else kernel_stiffness(edges, area, radius)
    return Bundle(surface.frame, area, edges, radius, stiffness, _levels(surface, settings))


def _levels(surface: Surface, settings: BundleSettings) -> list[Stage]:
    if not settings.levels:
        return []
    if settings.sampling == "first":
        samples = Samples(np.arange(len(surface.pos)), np.full(len(surface.pos) + 1, np.inf))
    else:
        samples = surface.farthest_points(max(settings.levels))
    levels: list[Stage] = []
    finer, area = np.arange(len(surface.pos)), surface.area
    for count in settings.levels:
        count = min(max(count, samples.parts), len(samples.vertex))
        sample = np.sort(samples.vertex[:count])
        pooling = surface.pooling(finer, sample, float(samples.reach[count]))
        area = np.bincount(pooling.index[1], pooling.weight * area[pooling.index[0]], len(sample))
        edges, radius = discs_of_count(surface, sample, settings.level_neighbours, float(area.sum()))
        levels.append(Stage(sample, area, edges, radius, pooling))
        finer = sample
    return levels


def discs_of_count(surface: Surface, vertex: np.ndarray, neighbours: float, area: float) -> tuple[BundleEdges, float]:
    """Return discs of one radius chosen so that they hold ``neighbours`` vertices in the mean, and that radius.

    The radius grows from about that of a flat disc, sqrt(k A / (pi n)), until the mean is reached or no disc grows any
    more. Of discs that hold more, the shortest edges are kept, and those as long as the last of them.

    Args:
        surface: Surface of the vertices.
        vertex: ``(S,)`` ascending vertices; edges index positions in it.
        neighbours: Mean number of neighbours.
        area: Area of the surface [mesh unit squared].
    """
    size = len(vertex)
    target = round(min(neighbours, size - 1) * size)
    if target <= 0:
        return BundleEdges.none(), 0.0
    radius, before = surface.first_radius * float(np.sqrt(neighbours * area / (np.pi * size))), -1
    while True:
        edges = surface.discs(vertex, radius)
        if len(edges.log) >= target:
            break
        wider = surface.wider(radius, edges, before, target, vertex)
        if wider is None:
            break
        radius, before = wider, len(edges.log)
    if len(edges.log) > target:
        radius = float(np.partition(edges.log[:, 0], target - 1)[target - 1]) * (1 + 1e-9)  # equal radii stay together
        edges = edges.select(edges.log[:, 0] <= radius)
    return edges, radius if len(edges.log) else 0.0


def quadrature_weights(edges: BundleEdges, area: np.ndarray) -> np.ndarray:
    """Return ``(E,)`` weights a_j / sum of a_j over the neighbourhood of i: they sum to 1 where there are neighbours.

    A constant field keeps its value, at boundaries too, where neighbourhoods are one-sided.

    Args:
        edges: Edges of a level.
        area: ``(V,)`` areas of its vertices [mesh unit squared].
    """
    source, target = edges.index
    total = np.bincount(target, area[source], len(area))
    return area[source] / np.maximum(total[target], np.finfo(float).tiny)
