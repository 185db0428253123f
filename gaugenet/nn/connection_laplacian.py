"""The connection Laplacian of a level as an operator on features."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.nn.convolution.padding import Padding
from gaugenet.nn.heat_solve import HeatSystem
from gaugenet.nn.shapes import Shapes


class ConnectionLaplacian:
    """The Laplacian L u(i) = sum_j s_ij (u(i) - rho(g_ij) u(j)) of every irrep, symmetric in the plain inner product.

    s_ij = s_ji are the stiffness weights of the bundle, g the transport; M^-1 L with M = diag(area) is the operator of
    the surface. Everything is in units of the area of the shape that a vertex belongs to: areas are shares of it, and
    L, in two dimensions, has no unit.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        transport: ``(E,)`` transport of the edges, from j to i.
        stiffness: ``(E,)`` weights s_ij.
        shapes: Shapes that the vertices belong to.
        group: Structure group of the transport.
        width: Largest number K of edges of a vertex.
    """

    def __init__(
        self, edge_index: Tensor, transport: Elements, stiffness: Tensor, shapes: Shapes, group: Group, width: int
    ) -> None:
        source, target = edge_index
        self.shapes, self.group = shapes, group
        self._transport, self._stiffness = transport, stiffness
        self._padding = Padding(target, shapes.num_vertices, width)
        self._neighbour = self._padding(source)
        self._degree = stiffness.new_zeros(shapes.num_vertices).index_add_(0, target, stiffness)
        self._cache: dict[tuple[int, str, int, torch.dtype], HeatSystem] = {}

    @property
    def num_vertices(self) -> int:
        """Number of vertices V."""
        return self.shapes.num_vertices

    @property
    def device(self) -> torch.device:
        """Device of the operator."""
        return self.shapes.share.device

    def system(self, irrep: Irrep, dtype: torch.dtype) -> HeatSystem:
        """Return the Laplacian of an irrep, areas and shapes as ``heat_solve`` takes them.

        Args:
            irrep: The irrep.
            dtype: Precision of the numbers.

        Returns:
            The system, built once.
        """
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._cache:
            rho = irrep.matrix(self._transport) * self._stiffness[:, None, None]
            coupling = self._padding(rho.to(dtype)).transpose(1, 2).flatten(2)
            # A vertex with neither area nor neighbours keeps its features, whatever its mass.
            mass = torch.where(self.shapes.share + self._degree > 0, self.shapes.share, 1.0)
            number = self._neighbour.new_empty(0) if self.shapes.number is None else self.shapes.number
            lists = (self._neighbour, coupling, self._degree.to(dtype), mass.to(dtype), number)
            self._cache[key] = HeatSystem(*lists)
        return self._cache[key]
