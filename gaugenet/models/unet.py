"""The U-Net over the levels of a bundle, and what is read from it."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.trunk import Features, Readout, gated_head, invariant_head
from gaugenet.nn.global_pool import GlobalPool
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm, Standardize
from gaugenet.nn.level import Level
from gaugenet.nn.polynomial_block import PolynomialBlock
from gaugenet.nn.pool import Pool, Unpool
from gaugenet.nn.residual_block import ResidualBlock
from gaugenet.representation import Representation

# Values of ``layers`` that stand for no layers of a ``ResidualBlock``.
POLYNOMIAL = "polynomial"
NO_LAYERS = "none"


class UNet(nn.Module):
    """Run residual blocks on each level down to the coarsest and back up (Ronneberger et al. 2015, on a frame bundle).

    Levels are joined by pooling and unpooling along transport; on the way up the features of the way down are added.

    Args:
        rep: Representation on the first level.
        depth: Number of levels; with 0 there are no layers.
        first: Level of the bundle on which it begins.
        growth: Factor by which multiplicities grow from level to level.
        blocks: Residual blocks on each level of the way down; the way up has one.
        up: Whether to build the way up; ``add_way_up`` builds it later.
        profiles: Radial profiles of the kernels.
        dropout: Share of the invariants that are dropped in training.
        layers: Layers of a ``ResidualBlock``, or "polynomial" for a ``PolynomialBlock`` of degree 2.
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
        self.first, self.profiles, self.dropout, self.layers = first, profiles, dropout, layers
        self.reps = [grown(rep, growth**level) for level in range(depth)]
        self.down = nn.ModuleList(nn.ModuleList(self._block(r) for _ in range(blocks)) for r in self.reps)
        self.pool = nn.ModuleList(Pool(r) for r in self.reps[:-1])
        self.widen = nn.ModuleList(Intertwiner(a, b) for a, b in pairwise(self.reps))
        self.unpool, self.narrow, self.up = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        if up:
            self.add_way_up()

    def _block(self, rep: Representation) -> nn.Module:
        if self.layers == POLYNOMIAL:
            return PolynomialBlock(rep, profiles=self.profiles)
        return ResidualBlock(rep, self.profiles, dropout=self.dropout, layers=self.layers)

    def add_way_up(self) -> None:
        """Build the way up, unless it is there."""
        if not self.up:
            self.unpool.extend(Unpool(r) for r in self.reps[:-1])
            self.narrow.extend(Intertwiner(b, a) for a, b in pairwise(self.reps))
            self.up.extend(self._block(r) for r in self.reps[:-1])

    def levels(self, first: Level) -> list[Level]:
        """Return the levels on which it runs, the ``first`` one and coarser ones."""
        return [first.at(first.number + depth) for depth in range(len(self.reps))]

    def encode(self, y: Tensor, at: list[Level]) -> list[Tensor]:
        """Return the features of every level, finest first.

        Args:
            y: ``(V_l, rep.dim)`` features on the first level.
            at: Levels of the bundle.
        """
        found: list[Tensor] = []
        for depth, blocks in enumerate(self.down):
            if depth:
                y = self.widen[depth - 1](self.pool[depth - 1](y, at[depth]))
            for block in cast(nn.ModuleList, blocks):
                y = block(y, at[depth])
            found.append(y)
        return found

    def decode(self, found: list[Tensor], at: list[Level]) -> Tensor:
        """Return features on the first level, or on the coarsest one without a way up.

        Args:
            found: Features of every level, from ``encode``.
            at: Levels of the bundle.
        """
        y = found[-1]
        for depth in reversed(range(len(self.up))):
            y = found[depth] + self.unpool[depth](self.narrow[depth](y), at[depth + 1])
            y = self.up[depth](y, at[depth])
        return y

    def forward(self, y: Tensor, data: Data) -> Tensor:
        """Take features down and up again.

        Args:
            y: ``(V_l, rep.dim)`` features on the first level.
            data: The bundle.
        """
        at = self.levels(Level.of(data).at(self.first))
        return self.decode(self.encode(y, at), at)


class VertexReadout(Readout):
    """Hand the features of the U-Net back to the vertices of the full mesh, where a pointwise head reads them.

    The head sees the input fields besides what comes from the first level, so that the parts that touch the full mesh
    are pointwise.

    Args:
        unet: The U-Net, which gets a way up.
        rep_in: Representation of the input fields.
        rep_out: Representation of the output.
        invariant: Whether only invariants go back to the vertices, for an MLP; else a gated network reads all features.

    Raises:
        ValueError: For a U-Net without layers.
    """

    def __init__(self, unet: UNet, rep_in: Representation, rep_out: Representation, invariant: bool) -> None:
        super().__init__()
        if unet.layers == NO_LAYERS:
            raise ValueError(f'there are no features at points with layers="{NO_LAYERS}": name some, such as "conv"')
        unet.add_way_up()
        first, polynomial = unet.reps[0], unet.layers == POLYNOMIAL
        lower = Representation.invariants(first.num_invariants, first.group) if invariant else first
        self.width, self.invariant, self.rep_in, self.first = rep_out.dim, invariant, rep_in, unet.first
        self.norm = nn.Identity() if polynomial else LayerNorm(first)
        self.leave = Intertwiner(first, lower)
        self.unpool = Unpool(lower)
        if invariant:
            activation = nn.Identity() if polynomial else nn.SiLU()
            self.head = invariant_head(lower.dim, rep_in.num_invariants, rep_out.dim, activation)
        else:
            self.head = gated_head(first + rep_in, first * 2, rep_out)
            if polynomial:  # after random numbers for the other head, so that seeds keep their networks
                self.head = nn.Sequential(nn.Identity(), Intertwiner(first + rep_in, rep_out))

    def lower(self, y: Tensor) -> Tensor:
        """Return what goes back to the vertices, on the first level, from features ``y (V_l, rep.dim)``."""
        return self.leave(self.norm(y))

    def upper(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the output ``(V, width)`` at vertices.

        Args:
            y: ``(V, dim)`` what came back from the first level.
            x: ``(V, rep_in.dim)`` input fields.
        """
        return self.head(torch.cat([y, self.rep_in.invariant_part(x) if self.invariant else x], dim=1))

    def forward(self, features: Features) -> Tensor:
        """Return the output ``(V, width)`` at the vertices."""
        y = self.lower(features.first)
        return self.upper(self.unpool(y, features.at) if self.first else y, features.x)


class ShapeReadout(Readout):
    """Describe each shape of a batch by how its fields are distributed; numbers of mean 0 and variance 1.

    Of the input fields these are quantiles by area, of the features of every level means, on the coarsest level also
    the largest values; of fields that turn with the frames they are those of the norms.

    Args:
        unet: The U-Net.
        rep_in: Representation of the input fields.

    Raises:
        ValueError: For a polynomial U-Net.
    """

    def __init__(self, unet: UNet, rep_in: Representation) -> None:
        super().__init__()
        if unet.layers == POLYNOMIAL:
            raise ValueError(
                f'whole shapes are described by norms, which are no polynomials, got layers="{POLYNOMIAL}": choose '
                "other layers"
            )
        self.first = unet.first
        self.spread = GlobalPool(rep_in, "quantiles")
        self.means = nn.ModuleList(GlobalPool(rep, "mean") for rep in unet.reps)
        self.most = nn.ModuleList(GlobalPool(rep, "max") for rep in unet.reps[-1:])
        self.width = sum(pool.rep_out.dim for pool in (self.spread, *self.means, *self.most))
        self.standardize = Standardize(self.width)

    def forward(self, features: Features) -> Tensor:
        """Return the numbers ``(B, width)`` of the shapes of a batch."""
        levels, at = features.levels, cast(Level, features.at)
        pooled = [self.spread(features.x, at.at(0))]
        pooled += [pool(y, at.at(self.first + depth)) for depth, (pool, y) in enumerate(zip(self.means, levels))]
        pooled += [pool(levels[-1], at.at(self.first + len(levels) - 1)) for pool in self.most]
        return self.standardize(torch.cat(pooled, dim=1))


def grown(rep: Representation, factor: float) -> Representation:
    """Return a representation with multiplicities times a factor, rounded.

    Args:
        rep: The representation.
        factor: Factor of all multiplicities.
    """
    return Representation([(round(multiplicity * factor), irrep) for multiplicity, irrep in rep.terms], rep.group)
