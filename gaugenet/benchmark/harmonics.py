"""Harmonic transforms on the sphere: how long they take and what they hold, beside torch-harmonics and e3nn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gaugenet.benchmark.measure import constant_bytes, medians, peak_bytes
from gaugenet.sphere import HarmonicTransform, SphereGrid
from gaugenet.sphere.grid import KINDS

Transform = Callable[[Tensor], Tensor]
E3NN_LIMIT = 12  # e3nn has tables up to degree 11


class Pair(NamedTuple):
    """The transforms of a library.

    Attributes:
        forward, inverse: both ways. x: a field in the order that they read.
        tables: bytes of the constants that they keep between runs.
    """

    forward: Transform
    inverse: Transform
    x: Tensor
    tables: int


def harmonics(band_limits: Sequence[int], channels: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every band limit and grid: scalar fields of some channels, single precision.

    A batch has about 2^20 values. Forward is from values to coefficients, gradient is both ways and back. Its peak is
    without the tables, which are there before. Peers that are not installed have no columns.
    """
    for band_limit in band_limits:
        for kind in KINDS:
            grid = SphereGrid(band_limit, kind)
            batch = max(1, 2**20 // (grid.size * channels))
            ours = HarmonicTransform(f"{channels}x0", grid)
            x = torch.randn(batch, grid.size, channels)
            pairs = {"": Pair(ours, ours.inverse, x, constant_bytes(ours))}
            if find_spec("torch_harmonics"):
                pairs["torch_harmonics_"] = _torch_harmonics(grid, x)
            if find_spec("e3nn") and kind == "equiangular" and band_limit <= E3NN_LIMIT:
                pairs["e3nn_"] = _e3nn(grid, x)
            runs = {f"{name}{way}_seconds": run for name, pair in pairs.items() for way, run in _runs(pair).items()}
            row = {"band_limit": band_limit, "grid": kind, "batch": batch, "channels": channels}
            row |= medians(runs, repeats)
            row |= {f"{name}peak_bytes": peak_bytes(partial(_gradient, pair)) for name, pair in pairs.items()}
            yield row | {f"{name}tables_bytes": pair.tables for name, pair in pairs.items()}


def _runs(pair: Pair) -> dict[str, Callable[[], object]]:
    coefficients = pair.forward(pair.x)
    return {
        "forward": partial(pair.forward, pair.x),
        "inverse": partial(pair.inverse, coefficients),
        "gradient": partial(_gradient, pair),
    }


def _gradient(pair: Pair) -> None:
    x = pair.x.detach().requires_grad_()
    pair.inverse(pair.forward(x)).sum().backward()  # type: ignore[no-untyped-call]


def _torch_harmonics(grid: SphereGrid, x: Tensor) -> Pair:
    import torch_harmonics as peer

    size, kind = grid.band_limit, {"equiangular": "equiangular", "legendre": "legendre-gauss"}[grid.kind]
    settings: dict[str, Any] = {"lmax": size, "mmax": size, "grid": kind}
    forward = peer.RealSHT(grid.rings, grid.columns, **settings).float()
    inverse = peer.InverseRealSHT(grid.rings, grid.columns, **settings).float()
    return Pair(forward, inverse, _image(grid, x), constant_bytes(forward, inverse))


def _e3nn(grid: SphereGrid, x: Tensor) -> Pair:
    from e3nn import o3

    lmax, resolution = grid.band_limit - 1, (grid.rings, grid.columns)
    forward, inverse = o3.FromS2Grid(resolution, lmax), o3.ToS2Grid(lmax, resolution)
    return Pair(forward, inverse, _image(grid, x), constant_bytes(forward, inverse))


def _image(grid: SphereGrid, x: Tensor) -> Tensor:
    """Return fields ``(B, V, C)`` as peers read them, ``(B, C, rings, columns)``."""
    return x.mT.reshape(len(x), -1, grid.rings, grid.columns).contiguous()
