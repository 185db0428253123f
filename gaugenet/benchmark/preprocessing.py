"""Frame bundles: duration, growth and accuracy, compared with potpourri3d."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

import numpy as np

from gaugenet.benchmark.measure import Row, medians, peak_bytes
from gaugenet.benchmark.surfaces import errors_on_sphere, errors_on_torus, sphere, torus
from gaugenet.io import MeshData
from gaugenet.transforms import FrameBundle, InputFields

Errors = Callable[[MeshData], dict[str, float]]

SAMPLED = 50  # vertices from which the time of potpourri3d for all vertices is extrapolated
STRATEGIES = {"VectorHeat": "vector_heat_seconds", "AffineLocal": "affine_local_seconds"}


def preprocessing(sizes: Sequence[int], neighbours: Sequence[int | None], repeats: int, compared: int) -> Iterator[Row]:
    """Yield a row for each size and neighbourhood of an icosphere, and one for discs on a torus.

    Args:
        sizes: Numbers of vertices.
        neighbours: Mean numbers of neighbours in discs; None is the 1-ring.
        repeats: Measured runs; one above 100,000 vertices.
        compared: Size of the torus, and the size at which potpourri3d is timed, if it is installed. ``speedup`` is
            relative to its accurate strategy, AffineLocal.
    """
    for size in sizes:
        data = sphere(size)
        runs = 1 if size > 100_000 else repeats
        timed = size == compared and find_spec("potpourri3d") is not None
        peer = potpourri_seconds(data.pos.numpy(), data.face.numpy().T) if timed else {}
        for many in neighbours:
            yield {"surface": "sphere", **_row(data, many, runs, errors_on_sphere, peer)}
        if size == compared:
            for many in filter(None, neighbours):
                yield {"surface": "torus", **_row(torus(size), many, runs, errors_on_torus, {})}


def _row(data: MeshData, many: int | None, runs: int, errors: Errors, peer: dict[str, float]) -> Row:
    transform = FrameBundle(neighbours=many)
    bundle = transform(data.clone())
    seconds = medians({"bundle": lambda: transform(data.clone())}, runs, warm_up=0)["bundle"]
    peak = peak_bytes(lambda: transform(data.clone()))
    row: Row = {"vertices": len(data.pos), "neighbours": many or 6, "seconds": seconds, "peak_bytes": peak}
    if many is None:
        InputFields()(bundle.clone())
        return {**row, "fields_seconds": medians({"fields": lambda: InputFields()(bundle.clone())}, runs, 0)["fields"]}
    speedup = peer["affine_local_seconds"] / seconds if peer else None
    return {**row, **errors(bundle), **peer, "speedup": speedup}


def potpourri_seconds(pos: np.ndarray, face: np.ndarray) -> dict[str, float]:
    """Return the extrapolated duration of potpourri3d for the log maps of all vertices, by strategy [s].

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
    """
    import potpourri3d

    sources = np.linspace(0, len(pos) - 1, SAMPLED).astype(int)
    result = {}
    for strategy, name in STRATEGIES.items():
        start = time.perf_counter()
        solver = potpourri3d.MeshVectorHeatSolver(pos, face)
        solver.compute_log_map(int(sources[0]), strategy=strategy)
        prepared = time.perf_counter()
        for source in sources:
            solver.compute_log_map(int(source), strategy=strategy)
        result[name] = (prepared - start) + (time.perf_counter() - prepared) / SAMPLED * len(pos)
    return result
