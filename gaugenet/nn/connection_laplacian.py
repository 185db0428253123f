"""The connection Laplacian of a level as an operator on features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.nn.convolution.padding import Padding, largest_degree, recorded_degree
from gaugenet.nn.heat_solve import Geometry
from gaugenet.nn.shapes import Shapes
from gaugenet.nn.structure_group import check_group, group_of
from gaugenet.representation import Representation


class ConnectionLaplacian:
    """The Laplacian L u(i) = sum_j s_ij (u(i) - rho(g_ij) u(j)) of every irrep, symmetric in the plain inner product.

    s_ij = s_ji are the stiffness weights of the bundle, g the transport; M^-1 L with M = diag(area) is the operator of
    the surface. Build one a batch and level and hand it to all layers there. Everything is in units of the area of the
    shape that a vertex belongs to: areas are shares of it, and L, in two dimensions, has no unit.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target. transport: ``(E,)`` of the edges.
        stiffness: ``(E,)``. shapes: of the vertices. group: to which all transport belongs.
        width: K, the largest number of edges of a vertex.
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
        self._cache: dict[tuple[Any, ...], Geometry] = {}

    @classmethod
    def from_data(cls, data: Any, level: int = 0) -> ConnectionLaplacian:
        """Read level ``level`` of a bundle made by ``FrameBundle``, single or batched.

        Raises:
            ValueError: where the data carries no such level.
        """
        if getattr(data, f"stiffness_{level}", None) is None:
            raise ValueError(
                f"the data has no Laplacian at level {level} (no stiffness_{level}): apply the transform "
                "gaugenet.FrameBundle first, with enough levels"
            )
        edge_index, angle = data[f"edge_index_{level}"], data[f"transport_{level}"]
        transport = Elements.of(angle, getattr(data, f"flip_{level}", None))
        shapes = Shapes.from_data(data, level)
        width = recorded_degree(data, level)
        width = largest_degree(edge_index, shapes.num_vertices) if width is None else width
        return cls(edge_index, transport, data[f"stiffness_{level}"], shapes, group_of(data), width)

    def check(self, rep: Representation, where: str) -> None:
        """Raise ValueError unless all transport acts on features of a representation."""
        check_group(self.group, rep, where)

    def geometry(self, irrep: Irrep, dtype: torch.dtype) -> Geometry:
        """Return the Laplacian of an irrep, areas and shapes as ``heat_solve`` takes them."""
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._cache:
            rho = irrep.matrix(self._transport) * self._stiffness[:, None, None]
            coupling = self._padding(rho.to(dtype)).transpose(1, 2).flatten(2)
            # A vertex that has neither area nor neighbours keeps what it has, whatever its mass.
            mass = torch.where(self.shapes.share + self._degree > 0, self.shapes.share, 1.0)
            number = self._neighbour.new_empty(0) if self.shapes.number is None else self.shapes.number
            lists = (self._neighbour, coupling, self._degree.to(dtype), mass.to(dtype), number)
            self._cache[key] = Geometry(*lists)
        return self._cache[key]
