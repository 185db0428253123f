"""What networks on the sphere share: a U-Net over band limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

from torch import Tensor, nn

from gaugenet.models.grid_net import GridNet
from gaugenet.models.unet import grown
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.representation import Representation
from gaugenet.sphere import HarmonicTransform, SphericalBlock, SphericalConv, with_band_limit

_COUNT = 5  # numbers of a smooth kernel


class SphericalNet(GridNet):
    """Turn fields on a grid of S^2 into features of lower and lower band limits, and back; they are kept in harmonics.

    On the way down levels are joined by spherical convolutions of what both know. On the way up, which networks have or
    have not (``has_way_up``), coefficients are mixed by an ``Intertwiner``, the convolution with one matrix for all
    degrees, padded, and added to those of the way down: the block that follows tells degrees apart. Equivariant under
    all rotations of the sphere, up to the aliasing of ``SphericalBlock``.

    Args:
        inputs, band_limit: of ``GridNet``. bands: band limits of the levels, falling.
        rep: representation on the first level; multiplicities grow by ``growth`` a level. blocks: residual blocks a
            level on the way down; one on the way up. dropout: in training. pointwise: of ``SphericalBlock``.
        kernel, count, radius: of ``SphericalConv``, by default 5 numbers of a smooth one; a radius is that of the first
            level [rad] and grows as bands fall.
    """

    has_way_up = True

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
        super().__init__(inputs, band_limit)
        name = type(self).__name__
        first = Representation(rep)
        if not bands or list(bands) != sorted(set(bands), reverse=True) or bands[0] > band_limit or bands[-1] < 1:
            raise ValueError(
                f"{name} expects falling bands from 1 to {band_limit}, the band limit of the grid, got {tuple(bands)}"
            )
        if first.num_invariants == 0:
            raise ValueError(f"{name} needs invariants in its representation, got {rep}: add copies of order 0")
        if growth < 1 or blocks < 1:
            raise ValueError(f"{name} expects growth >= 1 and blocks >= 1, got {growth} and {blocks}")
        self.config |= {
            "bands": list(bands),
            "rep": rep,
            "growth": growth,
            "blocks": blocks,
            "kernel": kernel,
            "count": count if count is not None or kernel != "smooth" else _COUNT,
            "radius": radius,
            "dropout": dropout,
            "pointwise": pointwise,
        }
        self.bands = tuple(bands)
        self.reps = [grown(first, growth**level) for level in range(len(bands))]

        def settings(band: int) -> dict[str, Any]:
            wide = None if radius is None else min(radius * bands[0] / band, math.pi)
            return {"kernel": kernel, "count": self.config["count"], "radius": wide}

        def block(rep: Representation, band: int) -> SphericalBlock:
            return SphericalBlock(rep, band, pointwise, dropout=dropout, **settings(band))

        self.transform = HarmonicTransform(self.rep_in, self.grid, bands[0])
        self.enter = SphericalConv(self.rep_in, first, bands[0], **settings(bands[0]))
        levels = list(zip(self.reps, bands, strict=True))
        self.down = nn.ModuleList(nn.ModuleList(block(*level) for _ in range(blocks)) for level in levels)
        self.widen = nn.ModuleList(SphericalConv(a[0], *b, **settings(b[1])) for a, b in pairwise(levels))
        # A bias would be added to every coefficient; of an invariant field only that of degree 0 is invariant.
        self.narrow = nn.ModuleList(Intertwiner(b, a, bias=False) for a, b in pairwise(self.reps) if self.has_way_up)
        self.up = nn.ModuleList(block(*level) for level in levels[:-1] if self.has_way_up)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the coefficients ``(B, L_l^2, dim_l)`` of the features of every level, finest first."""
        y, found = self.enter(self.transform(x)), []
        for depth, blocks in enumerate(self.down):
            if depth:
                y = self.widen[depth - 1](with_band_limit(y, self.bands[depth]))
            for block in cast(nn.ModuleList, blocks):
                y = block(y)
            found.append(y)
        return found

    def decode(self, found: list[Tensor]) -> Tensor:
        """Return the coefficients ``(B, L_0^2, dim_0)`` of features of the first level of what ``encode`` found."""
        y = found[-1]
        for depth in reversed(range(len(self.up))):
            y = self.up[depth](found[depth] + with_band_limit(self.narrow[depth](y), self.bands[depth]))
        return y
