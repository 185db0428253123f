"""Lists of neighbours of equal length, for batched products."""

from __future__ import annotations

import torch
from torch import Tensor


class Padding:
    """Positions of the edges of each vertex in lists ``(V, K)`` of equal length.

    Attributes:
        position: ``(E,)`` position of each edge in the flattened lists.

    Args:
        target: ``(E,)`` vertex that each edge reaches, ascending.
        num_vertices: Number of vertices V.
        width: K, at least the largest number of edges of a vertex.
    """

    def __init__(self, target: Tensor, num_vertices: int, width: int) -> None:
        self.num_vertices, self.width = num_vertices, width
        degree = target.new_zeros(num_vertices + 1).scatter_add_(0, target + 1, torch.ones_like(target))
        slot = torch.arange(target.shape[0], device=target.device) - degree.cumsum(0).index_select(0, target)
        self.position = target * width + slot

    def __call__(self, values: Tensor) -> Tensor:
        """Return ``values (E, ...)`` as ``(V, K, ...)``, zero where a vertex has fewer edges."""
        padded = values.new_zeros(self.num_vertices * self.width, *values.shape[1:])
        return padded.index_copy_(0, self.position, values).unflatten(0, (self.num_vertices, self.width))


def largest_degree(edge_index: Tensor, num_vertices: int) -> int:
    """Return the largest number of edges that leave or reach a vertex; this waits for a GPU.

    Args:
        edge_index: ``(2, E)`` sources and targets.
        num_vertices: Number of vertices V.

    Returns:
        The number, at least 1.
    """
    counts = [torch.bincount(end, minlength=max(num_vertices, 1)).max() for end in edge_index]
    return max(1, *(int(count) for count in counts))
