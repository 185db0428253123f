"""Harmonic transforms on the sphere: duration and memory, compared with torch-harmonics and e3nn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.benchmark.measure import Row, constant_bytes, medians, peak_bytes
from gaugenet.sphere import HarmonicTransform, SphereGrid
from gaugenet.sphere.grid import KINDS

Transform = Callable[[Tensor], Tensor]
E3NN_LIMIT = 12  # e3nn supports degrees up to 11


class Pair(NamedTuple):
    """The transforms of a library.

    Attributes:
        forward: From values to coefficients.
        inverse: From coefficients to values.
        x: Field in the layout of the library.
        tables: Bytes of the constants that are kept between runs.
    """

    forward: Transform
    inverse: Transform
    x: Tensor
    tables: int


def harmonics(band_limits: Sequence[int], channels: int, repeats: int) -> Iterator[Row]:
    """Yield a row for each band limit and grid: scalar fields in single precision.

    A batch has about 2^20 values. Forward is from values to coefficients; gradient is forward, inverse and backward.
    The peak of memory excludes the tables. Libraries that are not installed have no columns.

    Args:
        band_limits: Band limits.
        channels: Channels of the fields.
        repeats: Measured runs.
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
            row: Row = {"band_limit": band_limit, "grid": kind, "batch": batch, "channels": channels}
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
    forward = peer.RealSHT(grid.rings, grid.columns, lmax=size, mmax=size, grid=kind).float()
    inverse = peer.InverseRealSHT(grid.rings, grid.columns, lmax=size, mmax=size, grid=kind).float()
    return Pair(forward, inverse, _image(grid, x), constant_bytes(forward, inverse))


def _e3nn(grid: SphereGrid, x: Tensor) -> Pair:
    from e3nn import o3

    lmax, resolution = grid.band_limit - 1, (grid.rings, grid.columns)
    forward, inverse = o3.FromS2Grid(resolution, lmax), o3.ToS2Grid(lmax, resolution)
    return Pair(forward, inverse, _image(grid, x), constant_bytes(forward, inverse))


def _image(grid: SphereGrid, x: Tensor) -> Tensor:
    """Return fields ``(B, V, C)`` in the layout of the other libraries, ``(B, C, rings, columns)``."""
    return x.mT.reshape(len(x), -1, grid.rings, grid.columns).contiguous()
