"""The U-Net over the levels of a bundle."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.level import Level
from gaugenet.nn.polynomial_block import PolynomialBlock
from gaugenet.nn.pool import Pool, Unpool
from gaugenet.nn.residual_block import ResidualBlock
from gaugenet.representation import Representation

POLYNOMIAL = "polynomial"
NO_LAYERS = "none"


class UNet(nn.Module):
    """Run residual blocks on each level down to the coarsest and back up (Ronneberger et al. 2015, on a frame bundle).

    Levels are joined by pooling and unpooling along transport; on the way up the features of the way down are added.

    Args:
        rep: representation on the first level; multiplicities grow by ``growth`` a level.
        depth: number of levels, none at all where it is 0. first: the level of the bundle on which it begins.
        blocks: residual blocks a level on the way down; one on the way up.
        up: whether there is a way up. profiles, dropout: of the blocks.
        layers: those of a ``ResidualBlock``, or "polynomial" for a ``PolynomialBlock`` of degree 2.
    """

    def __init__(
        self,
        rep: Representation | str,
        depth: int,
        first: int,
        growth: float,
        blocks: int,
        up: bool,
        profiles: int,
        dropout: float,
        layers: str,
    ) -> None:
        super().__init__()
        rep = Representation(rep)
        self.first = first
        self.reps = [grown(rep, growth**level) for level in range(depth)]
        above = self.reps[:-1] if up else []

        def block(rep: Representation) -> nn.Module:
            if layers == POLYNOMIAL:
                return PolynomialBlock(rep, profiles=profiles)
            return ResidualBlock(rep, profiles, dropout=dropout, layers=layers)

        self.down = nn.ModuleList(nn.ModuleList(block(r) for _ in range(blocks)) for r in self.reps)
        self.pool = nn.ModuleList(Pool(r) for r in self.reps[:-1])
        self.widen = nn.ModuleList(Intertwiner(a, b) for a, b in pairwise(self.reps))
        self.unpool = nn.ModuleList(Unpool(r) for r in above)
        self.narrow = nn.ModuleList(Intertwiner(b, a) for a, b in pairwise(self.reps) if up)
        self.up = nn.ModuleList(block(r) for r in above)

    def levels(self, data: Data) -> list[Level]:
        """Return the geometry that ``encode`` and ``decode`` share."""
        first = Level.of(data).at(self.first)
        return [first.at(self.first + depth) for depth in range(len(self.reps))]

    def encode(self, y: Tensor, at: list[Level]) -> list[Tensor]:
        """Return the features of every level, finest first, of features ``(V_l, rep.dim)`` on the first one."""
        found: list[Tensor] = []
        for depth, blocks in enumerate(self.down):
            if depth:
                y = self.widen[depth - 1](self.pool[depth - 1](y, at[depth]))
            for block in cast(nn.ModuleList, blocks):
                y = block(y, at[depth])
            found.append(y)
        return found

    def decode(self, found: list[Tensor], at: list[Level]) -> Tensor:
        """Return features on the first level of those that ``encode`` found."""
        y = found[-1]
        for depth in reversed(range(len(self.up))):
            y = found[depth] + self.unpool[depth](self.narrow[depth](y), at[depth + 1])
            y = self.up[depth](y, at[depth])
        return y

    def forward(self, y: Tensor, data: Data) -> Tensor:
        """Take features ``(V_l, rep.dim)`` on the first level down and up again."""
        at = self.levels(data)
        return self.decode(self.encode(y, at), at)


def grown(rep: Representation, factor: float) -> Representation:
    """Return a representation with multiplicities times a factor, rounded."""
    return Representation([(round(multiplicity * factor), irrep) for multiplicity, irrep in rep.terms], rep.group)
