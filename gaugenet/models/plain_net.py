"""What networks share that are not equivariant, to compare equivariant ones with: a U-Net on the image of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gaugenet.models.grid_net import GridNet

# Groups of channels that are normalised together.
_GROUPS = 8


class PlainNet(GridNet):
    """Turn fields on a grid of S^2 into features of coarser images of it, and back (Ronneberger et al. 2015).

    The grid is taken for an image, rows of colatitude and columns of longitude. Pixels learn from those around them by
    convolutions of 3 x 3 pixels, pairs of them on each level; levels are joined by means of 2 x 2 pixels, and by linear
    interpolation on the way up. Columns go around; beyond the poles there are zeros. Turns about the z axis by whole
    pixels of the last level turn the features; no other rotation does, nor does a change of frames.

    Args:
        inputs, band_limit: of ``GridNet``. widths: channels of the levels. dropout: of features in training.

    Raises:
        ValueError: for widths that are no multiples of 8, and a grid that cannot be halved that often.
    """

    has_way_up = True

    def __init__(
        self, *, inputs: str = "1x0", band_limit: int = 30, widths: Sequence[int] = (16, 32, 72), dropout: float = 0.1
    ) -> None:
        super().__init__(inputs, band_limit)
        name, coarsest = type(self).__name__, 2 ** (len(widths) - 1)
        if not widths or any(width < 1 or width % _GROUPS for width in widths):
            raise ValueError(f"{name} expects widths that are multiples of {_GROUPS}, got {tuple(widths)}")
        if self.grid.columns % coarsest:
            raise ValueError(
                f"{name} halves its grid for every level but the first, got {len(widths)} of them for "
                f"{self.grid.rings} x {self.grid.columns} points: take fewer widths, or another band limit"
            )
        self.config |= {"widths": list(widths), "dropout": dropout}
        steps = list(pairwise([self.rep_in.dim, *widths]))
        self.down = nn.ModuleList(_Pair(*step, dropout) for step in steps)
        self.up = nn.ModuleList(_Pair(a + b, a, dropout) for a, b in steps[1:] if self.has_way_up)
        self.pool = nn.AvgPool2d(2)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the features ``(B, C_l, rings_l, columns_l)`` of every level, finest first."""
        y, found = x.transpose(1, 2).unflatten(2, (self.grid.rings, self.grid.columns)), []
        for depth, pair in enumerate(self.down):
            y = pair(self.pool(y) if depth else y)
            found.append(y)
        return found

    def decode(self, found: list[Tensor]) -> Tensor:
        """Return features ``(B, V, C_0)`` at the points of the grid of what ``encode`` found."""
        y = found[-1]
        for depth in reversed(range(len(self.up))):
            y = self.up[depth](torch.cat([found[depth], _twice_as_fine(y)], dim=1))
        return y.flatten(2).transpose(1, 2)


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
