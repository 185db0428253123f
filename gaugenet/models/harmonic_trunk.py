"""The harmonic trunk: a U-Net over band limits, on the sphere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from typing_extensions import TypedDict

from gaugenet.models.trunk import Features, GridTrunk, Readout, SphereSample, gated_head, invariant_head
from gaugenet.models.unet import grown
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.pointwise_network import fine_samples
from gaugenet.representation import Representation
from gaugenet.sphere import (
    HarmonicNorm,
    HarmonicTransform,
    PowerSpectrum,
    SphereGrid,
    SphericalBlock,
    SphericalConv,
    with_band_limit,
)

_COUNT = 5  # numbers of a smooth kernel
# Band limit of the grid for largest values over that of the features: between its points they change little.
_FINENESS = 2


# Arguments of ``HarmonicTrunk``, which networks take by name.
HarmonicSettings = TypedDict(  # noqa: UP013, for a class would have to document them a second time
    "HarmonicSettings",
    {
        "inputs": str,
        "band_limit": int,
        "bands": Sequence[int],
        "rep": str,
        "growth": float,
        "blocks": int,
        "kernel": str,
        "count": int | None,
        "radius": float | None,
        "dropout": float,
        "pointwise": str,
    },
    total=False,
)


class HarmonicTrunk(GridTrunk):
    """Turn fields on a grid of S^2 into features of lower and lower band limits; they are kept in harmonics.

    On the way down levels are joined by spherical convolutions of the degrees that both have. On the way up
    coefficients are mixed by an ``Intertwiner``, the convolution with one matrix for all degrees, padded, and added to
    those of the way down; the block that follows distinguishes degrees. Equivariant under all rotations of the sphere,
    up to the aliasing of ``SphericalBlock``.

    Readouts at the points of the grid have pointwise heads, which also read the input fields, with degrees that the
    first level lacks. The readout of the whole sphere is, of the features of the last level, the power spectrum, which
    rotations leave as it is, and on a fine grid the means and the largest values: of norms where they turn with the
    frames; with ``pointwise="regular"`` the largest values of functions on the circle of frames.

    Args:
        inputs: Representation of the input fields.
        band_limit: Band limit of their grid.
        bands: Band limits of the levels, falling.
        rep: Representation on the first level.
        growth: Factor by which multiplicities grow from level to level.
        blocks: Residual blocks on each level of the way down; the way up has one.
        kernel: Kernels of the ``SphericalConv``.
        count: Numbers of a kernel, by default 5 of a smooth one.
        radius: Radius of local kernels on the first level [rad], which grows as bands fall.
        dropout: Share of the invariants that are dropped in training.
        pointwise: Pointwise part of the ``SphericalBlock``.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        *,
        inputs: str = "1x0",
        band_limit: int = 30,
        bands: Sequence[int] = (20, 10, 6),
        rep: str = "8x0 + 4x1 + 4x2",
        growth: float = 2.5,
        blocks: int = 1,
        kernel: str = "smooth",
        count: int | None = None,
        radius: float | None = None,
        dropout: float = 0.0,
        pointwise: str = "gated",
    ) -> None:
        given = locals()  # the arguments
        super().__init__(inputs, band_limit)
        first = Representation(rep)
        if not bands or list(bands) != sorted(set(bands), reverse=True) or bands[0] > band_limit or bands[-1] < 1:
            raise ValueError(
                f"HarmonicTrunk expects falling bands from 1 to {band_limit}, the band limit of the grid, got "
                f"{tuple(bands)}"
            )
        if first.num_invariants == 0:
            raise ValueError(f"HarmonicTrunk needs invariants in its representation, got {rep}: add copies of order 0")
        if growth < 1 or blocks < 1:
            raise ValueError(f"HarmonicTrunk expects growth >= 1 and blocks >= 1, got {growth} and {blocks}")
        count = count if count is not None or kernel != "smooth" else _COUNT
        self.config = {name: given[name] for name in HarmonicSettings.__annotations__}
        self.config |= {"bands": list(bands), "count": count}
        self.bands, self.dropout, self.pointwise = tuple(bands), dropout, pointwise
        self.reps = [grown(first, growth**level) for level in range(len(bands))]
        self.analysis = HarmonicTransform(self.rep_in, self.grid, bands[0])
        self.enter = SphericalConv(self.rep_in, first, bands[0], **self._kernel(bands[0]))
        levels = list(zip(self.reps, bands, strict=True))
        self.down = nn.ModuleList(nn.ModuleList(self._block(*level) for _ in range(blocks)) for level in levels)
        self.widen = nn.ModuleList(SphericalConv(a[0], *b, **self._kernel(b[1])) for a, b in pairwise(levels))
        self.narrow, self.up = nn.ModuleList(), nn.ModuleList()

    def _kernel(self, band: int) -> dict[str, Any]:
        radius = self.config["radius"]
        wide = None if radius is None else min(radius * self.bands[0] / band, math.pi)
        return {"kernel": self.config["kernel"], "count": self.config["count"], "radius": wide}

    def _block(self, rep: Representation, band: int) -> SphericalBlock:
        return SphericalBlock(rep, band, self.pointwise, dropout=self.dropout, **self._kernel(band))

    def _add_way_up(self) -> None:
        if not self.up:
            # A bias would be added to every coefficient; of an invariant field only that of degree 0 is invariant.
            self.narrow.extend(Intertwiner(b, a, bias=False) for a, b in pairwise(self.reps))
            self.up.extend(self._block(*level) for level in list(zip(self.reps, self.bands, strict=True))[:-1])

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the coefficients ``(B, L_l^2, dim_l)`` of every level, from fields ``(B, V, rep_in.dim)``."""
        y, found = self.enter(self.analysis(x)), []
        for depth, blocks in enumerate(self.down):
            if depth:
                y = self.widen[depth - 1](with_band_limit(y, self.bands[depth]))
            for block in cast(nn.ModuleList, blocks):
                y = block(y)
            found.append(y)
        return found

    def decode(self, levels: list[Tensor]) -> Tensor:
        """Return the coefficients ``(B, L_0^2, dim_0)`` of the first level, from those of every level."""
        y = levels[-1]
        for depth in reversed(range(len(self.up))):
            y = self.up[depth](levels[depth] + with_band_limit(self.narrow[depth](y), self.bands[depth]))
        return y

    def invariants(self, count: int) -> Readout:
        """Return a new readout of invariant numbers at the points of the grid."""
        self._add_way_up()
        return _Invariants(self, count)

    def field(self, rep: Representation) -> Readout:
        """Return a new readout of a field at the points of the grid."""
        self._add_way_up()
        return _Field(self, rep)

    def whole(self) -> Readout:
        """Return a new readout of whole fields."""
        return _Whole(self)

    def usual_band_limit(self, sample: SphereSample) -> int:
        """Return half of the first band limit."""
        return self.bands[0] // 2


class _Invariants(Readout):
    """Numbers ``(B V, count)`` at the points of B fields, from norms where features turn with the frames."""

    def __init__(self, trunk: HarmonicTrunk, count: int) -> None:
        super().__init__()
        first, self.width = trunk.reps[0], count
        self.leave = HarmonicTransform(first, trunk.grid, trunk.bands[0])
        self.norm = LayerNorm(first)
        self.invariants, self.field_invariants = GroupPool(first), GroupPool(trunk.rep_in)
        self.head = invariant_head(self.invariants.rep_out.dim, self.field_invariants.rep_out.dim, count, nn.SiLU())

    def forward(self, features: Features) -> Tensor:
        y = self.norm(self.leave.inverse(features.first))
        return self.head(torch.cat([self.invariants(y), self.field_invariants(features.x)], dim=-1)).flatten(0, 1)


class _Field(Readout):
    """A field ``(B V, rep.dim)`` at the points of B fields."""

    def __init__(self, trunk: HarmonicTrunk, rep: Representation) -> None:
        super().__init__()
        first, self.width = trunk.reps[0], rep.dim
        self.leave = HarmonicTransform(first, trunk.grid, trunk.bands[0])
        self.head = gated_head(first + trunk.rep_in, first * 2, rep)

    def forward(self, features: Features) -> Tensor:
        return self.head(torch.cat([self.leave.inverse(features.first), features.x], dim=-1)).flatten(0, 1)


class _Whole(Readout):
    """Invariant numbers ``(B, width)`` of B fields."""

    def __init__(self, trunk: HarmonicTrunk) -> None:
        super().__init__()
        last, band = trunk.reps[-1], trunk.bands[-1]
        self.norm = HarmonicNorm(last)
        self.spectrum = PowerSpectrum(last, band)
        grid = SphereGrid(_FINENESS * band, "legendre")
        self.leave = HarmonicTransform(last, grid, band)
        self.invariants = GroupPool(last)
        self.largest = GroupPool(last, "max", fine_samples(last)) if trunk.pointwise == "regular" else None
        self.share = ExactBuffer(grid.weight / (4.0 * math.pi))
        peaks = self.largest or self.invariants
        self.width = self.spectrum.numbers + self.invariants.rep_out.dim + peaks.rep_out.dim

    def forward(self, features: Features) -> Tensor:
        y = self.norm(features.levels[-1])
        values = self.leave.inverse(y)
        norms = self.invariants(values)
        peaks = norms if self.largest is None else self.largest(values)
        mean = self.share(values.dtype) @ norms
        return torch.cat([self.spectrum(y), mean, peaks.max(dim=1).values], dim=1)
