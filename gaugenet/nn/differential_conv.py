"""The convolution of differential operators."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.entry import enter
from gaugenet.nn.gauge_conv import GaugeConv
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation


class DifferentialConv(nn.Module):
    """Mix a field with its derivatives: y = W [x, R nabla x, R^2 Laplacian x] + bias, after DeltaConv.

    W is the most general equivariant map, so that this is every equivariant differential operator with those
    derivatives (Wiersma et al. 2022; steerable PDOs, Jenner & Weiler 2022). With the radius R of the kernel of each
    mesh nothing has a unit. It is a ``GaugeConv`` on the ``Jet`` of the stencil: derivatives take the place of
    moments, are summed first and multiplied by weights once a vertex.

    Args:
        rep_in, rep_out: representations of one group, ``x (V, rep_in.dim)`` to ``(V, rep_out.dim)``.
        hessian: take R^2 times the trace-free second derivatives, too: of functions they have order 2.
        bias: add a learned constant to invariant outputs.
    """

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, hessian: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        self.conv = GaugeConv(rep_in, rep_out, profiles=1, bias=bias, max_frequency=2 if hessian else 1)
        self.rep_in, self.rep_out, self.hessian = self.conv.rep_in, self.conv.rep_out, hessian

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return ``(V, rep_out.dim)`` of ``x (V, rep_in.dim)``; ``at`` as for ``GaugeConv``."""
        return full_precision(self.conv.convolved, x, enter(self, x, at).jet(scaled=True))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, hessian={self.hessian}"
