"""The map between a level and the next finer one."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.representation import Representation


class LevelMap:
    """How the vertices of a level share those of the next finer one.

    Args:
        index: ``(2, P)`` finer and coarser vertices, sorted by the finer ones.
        transport: ``(P,)`` angle [rad] from the finer to the coarser frame.
        weight: ``(P,)`` share of the finer vertex.
        area: ``(V_fine,)`` areas of the finer vertices.
        num_coarse: Number of coarser vertices.
        flip: ``(P,)`` bool, whether transport reflects: it is R(transport) F^flip. None if it never does.
        group: Structure group of the transport; by default SO2, with ``flip`` O2.
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

    def part(self, rows: slice) -> LevelMap:
        """Return the map of some of the finer vertices.

        Args:
            rows: Their range, with start and stop.

        Returns:
            The map; the coarser vertices are the same.
        """
        ends = torch.tensor([rows.start, rows.stop], device=self.fine.device)
        pairs = slice(*torch.searchsorted(self.fine, ends).tolist())
        part = copy.copy(self)
        part.fine, part.coarse = self.fine[pairs] - rows.start, self.coarse[pairs]
        part.transport = self.transport[pairs]
        part.weight, part.mean_weight = self.weight[pairs], self.mean_weight[pairs]
        part.num_fine, part._turns = rows.stop - rows.start, {}
        return part

    def move(self, rep: Representation, x: Tensor, back: bool = False) -> Tensor:
        """Apply the transport g of each pair to features, or its inverse.

        Args:
            rep: Representation of the features.
            x: ``(P, rep.dim)``, one row for each pair.
            back: Whether to apply the inverse, from the coarser to the finer vertices.

        Returns:
            The features, ``(P, rep.dim)``.
        """
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
