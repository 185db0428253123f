"""The convolution of differential operators."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.convolution.learned_kernel import LearnedKernel, load_renamed
from gaugenet.nn.entry import enter
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation


class DifferentialConv(nn.Module):
    """Mix a field with its derivatives: y = W [x, R nabla x, R^2 Laplacian x] + bias, after DeltaConv.

    W is the most general equivariant map, so that this is every equivariant differential operator with those
    derivatives (Wiersma et al. 2022; steerable PDOs, Jenner & Weiler 2022). R is the radius of the kernel of each
    mesh, so that features have no dimension. It is the convolution with a learned kernel on the ``Jet`` of the level:
    derivatives take the place of moments.

    Args:
        rep_in: Representation of the input, ``x (V, rep_in.dim)``.
        rep_out: Representation of the output, of the same group.
        hessian: Whether to take R^2 times the trace-free second derivatives, too. Those of functions have order 2.
        bias: Whether to add a learned constant to invariant outputs.
    """

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, hessian: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        self.kernel = LearnedKernel(rep_in, rep_out, 1, bias, max_frequency=2 if hessian else 1)
        self.rep_in, self.rep_out, self.hessian = self.kernel.rep_in, self.kernel.rep_out, hessian
        load_renamed(self, conv="kernel")

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Mix features with their derivatives.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        return full_precision(self.kernel.convolve, x, enter(self, x, at).jet(scaled=True))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, hessian={self.hessian}"
