"""The shapes of a batch: which vertices, and how much area, each of them has."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Shapes:
    """The vertices of a level by the shape that they belong to.

    Attributes:
        number: ``(V,)`` the shape of each vertex, or None for a single shape.
        count: Number of shapes, B.
        share: ``(V,)`` area of each vertex over that of its shape.
        total: ``(B,)`` areas [mesh unit squared].
        sizes: Number of vertices of each shape as ordinary numbers, or None if they were not recorded.
        num_vertices: V.

    Args:
        area: ``(V,)`` [mesh unit squared].
        number: ``(V,)`` the shape of each vertex, or None for a single shape.
        count: Number of shapes, B.
        sizes: Number of vertices of each shape, or None.
    """

    def __init__(
        self, area: Tensor, number: Tensor | None = None, count: int = 1, sizes: Sequence[int] | None = None
    ) -> None:
        self.number, self.count, self.num_vertices = number, count, area.shape[0]
        self.sizes = [area.shape[0]] if number is None else sizes
        self.total = self.sum(area[:, None])[:, 0].clamp_min(torch.finfo(area.dtype).tiny)
        self.share = area / self.at_vertices(self.total)

    def sum(self, x: Tensor) -> Tensor:
        """Sum over the vertices of each shape.

        Args:
            x: ``(V, C)``.

        Returns:
            Sums, ``(B, C)``.
        """
        if self.number is None:
            return x.sum(0, keepdim=True)
        return x.new_zeros(self.count, x.shape[1]).index_add_(0, self.number, x)

    def maximum(self, x: Tensor) -> Tensor:
        """Return the maxima over the vertices of each shape.

        Args:
            x: ``(V, C)``.

        Returns:
            Maxima, ``(B, C)``.
        """
        least = x.new_full((self.count, x.shape[1]), -torch.inf)
        return least.scatter_reduce(0, self.index[:, None].expand_as(x), x, "amax")

    @property
    def index(self) -> Tensor:
        """The shape ``(V,)`` of each vertex, also for a single shape."""
        return self.share.new_zeros(self.num_vertices, dtype=torch.long) if self.number is None else self.number

    def at_vertices(self, x: Tensor) -> Tensor:
        """Give each vertex the row of its shape.

        Args:
            x: ``(B, ...)``.

        Returns:
            ``(V, ...)``, or ``(1, ...)`` for a single shape.
        """
        return x if self.number is None else x.index_select(0, self.number)

    def split(self, x: Tensor) -> Sequence[Tensor]:
        """Split features into those of each shape.

        Args:
            x: ``(V, ...)``.

        Returns:
            The rows ``(V_b, ...)`` of each shape.

        Raises:
            ValueError: If the sizes of the shapes of a batch were not recorded.
        """
        if self.number is None:
            return [x]
        if self.sizes is None:
            raise ValueError("a batch needs the sizes of its meshes (level_sizes): make its bundles with FrameBundle")
        return x.split(list(self.sizes))
