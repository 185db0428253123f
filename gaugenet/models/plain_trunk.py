"""The plain trunk, a baseline that is not equivariant: a U-Net on the image of a grid of the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from typing_extensions import TypedDict

from gaugenet.models.trunk import Features, GridTrunk, Readout
from gaugenet.representation import Representation

# Groups of channels that are normalised together.
_GROUPS = 8


# Arguments of ``PlainTrunk``, which networks take by name.
PlainSettings = TypedDict(  # noqa: UP013, for a class would have to document them a second time
    "PlainSettings",
    {
        "inputs": str,
        "band_limit": int,
        "widths": Sequence[int],
        "dropout": float,
    },
    total=False,
)


class PlainTrunk(GridTrunk):
    """Turn fields on a grid of S^2 into features of coarser images of it, and back (Ronneberger et al. 2015).

    The grid is read as an image, with rows of colatitude and columns of longitude. Each level has a pair of
    convolutions of 3 x 3 pixels; levels are joined by means of 2 x 2 pixels, and by linear interpolation on the way up.
    Columns are periodic; beyond the poles there are zeros. Rotations about the z axis by whole pixels of the last level
    turn the features; no other rotation does, nor does a change of frames.

    Readouts at points are linear; that of the whole sphere is the means and the largest values of the last level.

    Args:
        inputs: Representation of the input fields.
        band_limit: Band limit of their grid.
        widths: Channels of the levels, multiples of 8.
        dropout: Share of the features that are dropped in training.

    Raises:
        ValueError: For other widths, and a grid that cannot be halved that often.
    """

    def __init__(
        self, *, inputs: str = "1x0", band_limit: int = 30, widths: Sequence[int] = (16, 32, 72), dropout: float = 0.1
    ) -> None:
        super().__init__(inputs, band_limit)
        coarsest = 2 ** (len(widths) - 1)
        if not widths or any(width < 1 or width % _GROUPS for width in widths):
            raise ValueError(f"PlainTrunk expects widths that are multiples of {_GROUPS}, got {tuple(widths)}")
        if self.grid.columns % coarsest:
            raise ValueError(
                f"PlainTrunk halves its grid for every level but the first, got {len(widths)} of them for "
                f"{self.grid.rings} x {self.grid.columns} points: take fewer widths, or another band limit"
            )
        self.config = {"inputs": inputs, "band_limit": band_limit, "widths": list(widths), "dropout": dropout}
        self.widths, self.dropout = tuple(widths), dropout
        self.down = nn.ModuleList(_Pair(*step, dropout) for step in pairwise([self.rep_in.dim, *widths]))
        self.up = nn.ModuleList()
        self.pool = nn.AvgPool2d(2)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the features ``(B, C_l, rings_l, columns_l)`` of every level, from fields ``(B, V, rep_in.dim)``."""
        y, found = x.transpose(1, 2).unflatten(2, (self.grid.rings, self.grid.columns)), []
        for depth, pair in enumerate(self.down):
            y = pair(self.pool(y) if depth else y)
            found.append(y)
        return found

    def decode(self, levels: list[Tensor]) -> Tensor:
        """Return the features ``(B, V, C_0)`` at the points of the grid, from those of every level."""
        y = levels[-1]
        for depth in reversed(range(len(self.up))):
            y = self.up[depth](torch.cat([levels[depth], _twice_as_fine(y)], dim=1))
        return y.flatten(2).transpose(1, 2)

    def invariants(self, count: int) -> Readout:
        """Return a new readout of numbers at the points of the grid, which are not invariant."""
        if not self.up:
            self.up.extend(_Pair(a + b, a, self.dropout) for a, b in pairwise(self.widths))
        return _Points(self.widths[0], count)

    def field(self, rep: Representation) -> Readout:
        """Return a new readout of numbers at the points of the grid, which do not turn as a field does."""
        return self.invariants(rep.dim)

    def whole(self) -> Readout:
        """Return a new readout of whole images."""
        return _Whole(self.widths[-1])


class _Points(Readout):
    """Numbers ``(B V, width)`` at the points of B fields."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.head = nn.Linear(channels, width)

    def forward(self, features: Features) -> Tensor:
        return self.head(features.first).flatten(0, 1)


class _Whole(Readout):
    """Means and largest values ``(B, width)`` of B images."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.width = 2 * channels

    def forward(self, features: Features) -> Tensor:
        y = features.levels[-1]
        return torch.cat([y.mean(dim=(2, 3)), y.amax(dim=(2, 3))], dim=1)


class _Pair(nn.Sequential):
    """Two convolutions with what follows them."""

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        first = (_Conv(channels, width), nn.GroupNorm(_GROUPS, width), nn.SiLU(), nn.Dropout(dropout))
        super().__init__(*first, _Conv(width, width), nn.GroupNorm(_GROUPS, width), nn.SiLU())


class _Conv(nn.Conv2d):
    """A convolution of 3 x 3 pixels that goes around in longitude and reads zeros beyond the poles."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(channels, width, 3, padding=(1, 0), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(_around(x))


def _around(x: Tensor) -> Tensor:
    """Return an image with one column more on either side."""
    return torch.cat([x[..., -1:], x, x[..., :1]], dim=-1)


def _twice_as_fine(x: Tensor) -> Tensor:
    """Return an image with pixels half as large, interpolated linearly between the middles of the old ones."""
    return nn.functional.interpolate(_around(x), scale_factor=2.0, mode="bilinear")[..., 2:-2]
