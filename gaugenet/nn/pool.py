"""Pooling and unpooling along parallel transport between two levels."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gaugenet.group import Elements, Group, Irrep
from gaugenet.nn.structure_group import check_group, group_of
from gaugenet.representation import Representation

if TYPE_CHECKING:
    from gaugenet.nn.level import Level


class LevelMap:
    """How the vertices of a level hang on those of the next coarser one; build one a batch and pair of levels.

    Args:
        index: ``(2, P)`` finer and coarser vertices, sorted by the finer ones.
        transport: ``(P,)`` angle [rad] from the finer to the coarser frame.
        weight: ``(P,)`` share of the finer vertex. area: ``(V_fine,)`` areas of the finer vertices.
        num_coarse: number of coarser vertices.
        flip: ``(P,)`` bool, whether transport reflects: it is R(transport) F^flip. None where it never does.
        group: to which all transport belongs; by default SO2, with ``flip`` O2.
    """

    def __init__(
        self,
        index: Tensor,
        transport: Tensor,
        weight: Tensor,
        area: Tensor,
        num_coarse: int,
        flip: Tensor | None = None,
        group: Group | str | None = None,
    ) -> None:
        self.fine, self.coarse = index
        self.transport = Elements.of(transport, flip)
        self.weight, self.group = weight, Group(group or ("SO2" if flip is None else "O2"))
        self.num_fine, self.num_coarse = area.shape[0], num_coarse
        handed = weight * area[self.fine]
        total = handed.new_zeros(num_coarse).index_add_(0, self.coarse, handed)
        self.mean_weight = handed / total.clamp_min(torch.finfo(total.dtype).tiny)[self.coarse]
        self._turns: dict[tuple[int, str, int, torch.dtype], Tensor] = {}

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
        area, size = data[f"area_{level - 1}"], data[f"area_{level}"].shape[0]
        return cls(index, transport, weight, area, size, getattr(data, f"pool_flip_{level}", None), group_of(data))

    @staticmethod
    def of(at: Level | LevelMap) -> LevelMap:
        """Return a map as it is, or that of a coarser level."""
        return at if isinstance(at, LevelMap) else at.map

    def part(self, rows: slice) -> LevelMap:
        """Return the map of some of the finer vertices; pooling by the parts adds up to pooling by the whole."""
        ends = torch.tensor([rows.start, rows.stop], device=self.fine.device)
        pairs = slice(*torch.searchsorted(self.fine, ends).tolist())
        part = copy.copy(self)
        part.fine, part.coarse = self.fine[pairs] - rows.start, self.coarse[pairs]
        part.transport = self.transport[pairs]
        part.weight, part.mean_weight = self.weight[pairs], self.mean_weight[pairs]
        part.num_fine, part._turns = rows.stop - rows.start, {}
        return part

    def carry(self, rep: Representation, x: Tensor, back: bool = False) -> Tensor:
        """Apply the transport g of each pair to features ``(P, rep.dim)``, or its inverse.

        Raises:
            ValueError: where the transport is not in the group of the representation.
        """
        check_group(self.group, rep, "pooling")
        parts = []
        for block, z in zip(rep, rep.split(x), strict=True):
            if block.invariant:
                parts.append(z)
                continue
            rho = self._matrices(block.irrep, x.dtype)
            if block.size == 1:
                parts.append(rho[:, :, 0] * z)
                continue
            one, other = rho.mT.unbind(2) if back else rho.unbind(2)
            re, im = z.unflatten(1, (2, block.multiplicity)).unbind(1)
            parts += [one[:, :1] * re + other[:, :1] * im, one[:, 1:] * re + other[:, 1:] * im]
        return torch.cat(parts, dim=1)

    def _matrices(self, irrep: Irrep, dtype: torch.dtype) -> Tensor:
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._turns:
            self._turns[key] = irrep.matrix(self.transport).to(dtype)
        return self._turns[key]


class Pool(nn.Module):
    """Average features onto the next coarser level: y_c = sum_i s_ic a_i rho(g_ic) x_i / sum_i s_ic a_i.

    s are the shares, a the areas and g the transport of a ``LevelMap``. Up to the areas it is the adjoint of
    ``Unpool``: <Pool x, y> = <x, Unpool y> in the inner products weighted with the areas of the levels.
    """

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)

    def forward(self, x: Tensor, at: Level | LevelMap) -> Tensor:
        """Pool ``x (V_fine, rep.dim)`` onto the coarser level ``at``."""
        self.rep.check(x, "Pool")
        at = LevelMap.of(at)
        moved = at.carry(self.rep, x.index_select(0, at.fine)) * at.mean_weight.to(x.dtype)[:, None]
        return x.new_zeros(at.num_coarse, self.rep.dim).index_add_(0, at.coarse, moved)

    def extra_repr(self) -> str:
        return str(self.rep)


class Unpool(nn.Module):
    """Interpolate features from the next coarser level: y_i = sum_c s_ic rho(g_ic)^-1 x_c."""

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)

    def forward(self, x: Tensor, at: Level | LevelMap) -> Tensor:
        """Interpolate ``x (V_coarse, rep.dim)`` from the coarser level ``at``."""
        self.rep.check(x, "Unpool")
        at = LevelMap.of(at)
        moved = at.carry(self.rep, x.index_select(0, at.coarse), back=True) * at.weight.to(x.dtype)[:, None]
        return x.new_zeros(at.num_fine, self.rep.dim).index_add_(0, at.fine, moved)

    def extra_repr(self) -> str:
        return str(self.rep)
