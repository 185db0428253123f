"""The shapes of a batch: which vertices, and how much area, each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gaugenet.representation import Representation


class Shapes:
    """The vertices of a level by the shape that they belong to.

    Attributes:
        number: ``(V,)`` the shape of each vertex, or None where there is one shape. count: of shapes, B.
        share: ``(V,)`` area of each vertex over that of its shape. total: ``(B,)`` areas [mesh unit squared].
        sizes: vertices of each shape, ordinary numbers, or None where they were not recorded.
        num_vertices: V.

    Args:
        area: ``(V,)`` [mesh unit squared]. number, count, sizes: as above.
    """

    def __init__(
        self, area: Tensor, number: Tensor | None = None, count: int = 1, sizes: Sequence[int] | None = None
    ) -> None:
        self.number, self.count, self.num_vertices = number, count, area.shape[0]
        self.sizes = [area.shape[0]] if number is None else sizes
        self.total = self.sum(area[:, None])[:, 0].clamp_min(torch.finfo(area.dtype).tiny)
        self.share = area / self.at_vertices(self.total)

    @classmethod
    def from_data(cls, data: Any, level: int) -> Shapes:
        """Read a level of a bundle, single or batched.

        Raises:
            ValueError: where there is no such level.
        """
        if getattr(data, f"area_{level}", None) is None:
            raise ValueError(f"the data has no level {level} (no area_{level}): apply gaugenet.FrameBundle with levels")
        batch = getattr(data, "batch", None)
        if batch is None:
            return cls(data[f"area_{level}"])
        number = batch if level == 0 else batch[data[f"sample_index_{level}"]]
        sizes = getattr(data, "level_sizes", None)
        sizes = None if sizes is None else [one[level] for one in sizes]
        return cls(data[f"area_{level}"], number, data.num_graphs, sizes)

    def check(self, x: Tensor, rep: Representation, where: str) -> None:
        """Raise ValueError unless ``x`` has a row of features for each vertex, on the device of the areas."""
        rep.check(x, where)
        if x.dim() != 2 or x.shape[0] != self.num_vertices:
            raise ValueError(
                f"{where} expects features ({self.num_vertices}, {rep.dim}), a row a vertex, got {tuple(x.shape)}"
            )
        if x.device != self.share.device:
            raise ValueError(f"{where} needs features ({x.device}) and bundle ({self.share.device}) on one device")

    def sum(self, x: Tensor) -> Tensor:
        """Sum ``x (V, C)`` over the vertices of each shape: ``(B, C)``."""
        if self.number is None:
            return x.sum(0, keepdim=True)
        return x.new_zeros(self.count, x.shape[1]).index_add_(0, self.number, x)

    def maximum(self, x: Tensor) -> Tensor:
        """Return the largest of ``x (V, C)`` over the vertices of each shape: ``(B, C)``."""
        least = x.new_full((self.count, x.shape[1]), -torch.inf)
        return least.scatter_reduce(0, self.index[:, None].expand_as(x), x, "amax")

    @property
    def index(self) -> Tensor:
        """The shape ``(V,)`` of each vertex, also where there is one."""
        return self.share.new_zeros(self.num_vertices, dtype=torch.long) if self.number is None else self.number

    def at_vertices(self, x: Tensor) -> Tensor:
        """Give each vertex the row of its shape: ``(B, ...)`` to ``(V, ...)``, or ``(1, ...)`` where there is one."""
        return x if self.number is None else x.index_select(0, self.number)

    def split(self, x: Tensor) -> Sequence[Tensor]:
        """Return the rows ``(V_b, ...)`` of each shape.

        Raises:
            ValueError: where sizes were not recorded.
        """
        if self.number is None:
            return [x]
        if self.sizes is None:
            raise ValueError("a batch needs the sizes of its meshes (level_sizes): make its bundles with FrameBundle")
        return x.split(list(self.sizes))
