"""Networks whose output is a number, or several, at each vertex."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.surface_net import SurfaceNet
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.pool import Unpool
from gaugenet.representation import Representation


class VertexNet(SurfaceNet):
    """Hand the features of the U-Net back to the vertices of the full mesh, where a pointwise head reads them.

    Abstract: a network says what the head is. It sees input fields beside what comes from the first level, so that the
    parts that touch the full mesh are pointwise.

    Args:
        invariant: whether invariants alone go back to the vertices. settings: of ``SurfaceNet``.
    """

    def __init__(self, invariant: bool, **settings: Any) -> None:
        super().__init__(**settings)
        first = self.unet.reps[0]
        leave = Representation.invariants(first.num_invariants, first.group) if invariant else first
        self.norm = nn.Identity() if self.polynomial else LayerNorm(first)
        self.leave = Intertwiner(first, leave)
        self.leave_unpool = Unpool(leave)

    def forward(self, data: Data) -> Any:
        """Return the output of data made by ``transform``, single or batched."""
        return self.outputs(self.head_scores(*self.at_vertices(data)), data)

    def invariant_head(self, count: int) -> nn.Module:
        """Return a pointwise network from invariants of the trunk and of the input fields to ``count`` numbers."""
        width = self.leave.rep_out.dim
        enter = nn.Linear(width + self.rep_in.num_invariants, 2 * width)
        return nn.Sequential(enter, nn.Identity() if self.polynomial else nn.SiLU(), nn.Linear(2 * width, count))

    def at_vertices(self, data: Data) -> tuple[Tensor, Tensor]:
        """Return features of the trunk ``(V, leave.dim)`` and input fields ``(V, rep_in.dim)`` at the vertices."""
        x, at = self.inputs(data), self.first_map(data)
        y = self.trunk(self.on_first_level(x, at), data)
        return (y if at is None else self.leave_unpool(y, at)), x

    def trunk(self, x: Tensor, data: Data) -> Tensor:
        """Return features ``(V_l, leave.dim)`` on the first level l of the network from input fields there."""
        return self.leave(self.norm(self.unet(self.enter(x), data)))

    @abstractmethod
    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the scores ``(V, L)`` of vertices from features of the trunk and the input fields there."""

    def outputs(self, vertex: Tensor, data: Data) -> Any:
        """Return the scores of vertices as what the network was asked for."""
        return vertex
