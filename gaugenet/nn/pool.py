"""Pooling and unpooling along parallel transport between two levels."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation


class LevelMap:
    """How the vertices of a level hang on those of the next coarser one; build one a batch and pair of levels.

    Args:
        index: ``(2, P)`` finer and coarser vertices, sorted by the finer ones.
        transport: ``(P,)`` angle [rad] from the finer to the coarser frame.
        weight: ``(P,)`` share of the finer vertex. area: ``(V_fine,)`` areas of the finer vertices.
        num_coarse: number of coarser vertices.
    """

    def __init__(self, index: Tensor, transport: Tensor, weight: Tensor, area: Tensor, num_coarse: int) -> None:
        self.fine, self.coarse = index
        self.transport, self.weight = transport, weight
        self.num_fine, self.num_coarse = area.shape[0], num_coarse
        handed = weight * area[self.fine]
        total = handed.new_zeros(num_coarse).index_add_(0, self.coarse, handed)
        self.mean_weight = handed / total.clamp_min(torch.finfo(total.dtype).tiny)[self.coarse]
        self._turns: dict[tuple[int, torch.dtype], tuple[Tensor, Tensor]] = {}

    @classmethod
    def from_data(cls, data: Any, level: int) -> LevelMap:
        """Read the map from level ``level - 1`` to ``level`` of a bundle made by ``FrameBundle``.

        Raises:
            ValueError: where the data carries no such level.
        """
        if level < 1 or not hasattr(data, f"pool_index_{level}"):
            raise ValueError(
                f"the data has no map to level {level} (no pool_index_{level}): apply gaugenet.FrameBundle with levels"
            )
        index, transport, weight = (data[f"pool_{name}_{level}"] for name in ("index", "transport", "weight"))
        return cls(index, transport, weight, data[f"area_{level - 1}"], data[f"area_{level}"].shape[0])

    def part(self, rows: slice) -> LevelMap:
        """Return the map of some of the finer vertices; pooling by the parts adds up to pooling by the whole."""
        ends = torch.tensor([rows.start, rows.stop], device=self.fine.device)
        pairs = slice(*torch.searchsorted(self.fine, ends).tolist())
        part = copy.copy(self)
        part.fine, part.coarse = self.fine[pairs] - rows.start, self.coarse[pairs]
        part.transport, part.weight, part.mean_weight = (
            values[pairs] for values in (self.transport, self.weight, self.mean_weight)
        )
        part.num_fine, part._turns = rows.stop - rows.start, {}
        return part

    def turn(self, rep: Representation, x: Tensor, sign: float) -> Tensor:
        """Rotate features ``(P, rep.dim)`` by ``sign`` times the transport."""
        parts = []
        for block, z in zip(rep, rep.split(x), strict=True):
            if block.order == 0:
                parts.append(z)
                continue
            key = (block.order, x.dtype)
            if key not in self._turns:
                angle = block.order * self.transport
                self._turns[key] = (torch.cos(angle).to(x.dtype)[:, None], torch.sin(angle).to(x.dtype)[:, None])
            cos, sin = self._turns[key]
            re, im = z[:, : block.multiplicity], z[:, block.multiplicity :]
            parts += [cos * re - sign * sin * im, sign * sin * re + cos * im]
        return torch.cat(parts, dim=1)


class Pool(nn.Module):
    """Average features onto the next coarser level: y_c = sum_i s_ic a_i rho(tau_ic) x_i / sum_i s_ic a_i.

    s are the shares, a the areas and tau the transport of a ``LevelMap``. Up to the areas it is the adjoint of
    ``Unpool``: <Pool x, y> = <x, Unpool y> in the inner products weighted with the areas of the levels.
    """

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)

    def forward(self, x: Tensor, at: LevelMap) -> Tensor:
        self.rep.check(x, "Pool")
        moved = at.turn(self.rep, x.index_select(0, at.fine), 1.0) * at.mean_weight.to(x.dtype)[:, None]
        return x.new_zeros(at.num_coarse, self.rep.dim).index_add_(0, at.coarse, moved)

    def extra_repr(self) -> str:
        return str(self.rep)


class Unpool(nn.Module):
    """Interpolate features from the next coarser level: y_i = sum_c s_ic rho(-tau_ic) x_c."""

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)

    def forward(self, x: Tensor, at: LevelMap) -> Tensor:
        self.rep.check(x, "Unpool")
        moved = at.turn(self.rep, x.index_select(0, at.coarse), -1.0) * at.weight.to(x.dtype)[:, None]
        return x.new_zeros(at.num_fine, self.rep.dim).index_add_(0, at.fine, moved)

    def extra_repr(self) -> str:
        return str(self.rep)
