"""Convolutions with a learned kernel: the gauge-equivariant one, and that of differential operators."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.data import Data

from gaugenet.nn.convolution.learned_kernel import LearnedKernel
from gaugenet.nn.entry import enter
from gaugenet.nn.layer import Layer, load_renamed
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation


class GaugeConv(Layer):
    """Convolve a field with the most general equivariant kernels of its group (Gerken et al. 2021, section 2.5).

        y(i) = sum_j w_ij kappa(r_ij, theta_ij) rho_in(g_ij) x(j)  +  W x(i) + bias,
        kappa(r, theta) = sum_s sum_rho  W_s,rho b_rho(r) kappa_s(theta),

    with g_ij the transport from j to i, kappa_s all solutions of the kernel constraint (``kernel_basis``) and b_rho
    radial profiles. W is a pointwise intertwiner; the bias acts on invariants only.

    Args:
        rep_in: Representation of the input, ``x (V, rep_in.dim)``.
        rep_out: Representation of the output, of the same group.
        profiles: Number of radial profiles b_rho.
        bias: Whether to add a learned constant to invariant outputs.
        max_frequency: Highest angular frequency of the kernels. By default there is no limit, except for finite groups,
            whose kernels have any frequency: there it is half the number of rotations, and at least 2.

    Raises:
        ValueError: If ``profiles`` is below 1 or ``max_frequency`` below 0.
    """

    shown = ("profiles",)

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        profiles: int = 2,
        bias: bool = True,
        max_frequency: int | None = None,
    ) -> None:
        super().__init__(rep_in, rep_out)
        self.profiles = profiles
        self.kernel = LearnedKernel(self.rep_in, self.rep_out, profiles, bias, max_frequency)
        load_renamed(self, {"intertwiner": "kernel.intertwiner", "weight": "kernel.weight"})

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Convolve features.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        return self.kernel.convolve(x, enter(self, x, at).stencil)


class DifferentialConv(Layer):
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

    shown = ("hessian",)

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, hessian: bool = False, bias: bool = True
    ) -> None:
        super().__init__(rep_in, rep_out)
        self.hessian = hessian
        self.kernel = LearnedKernel(self.rep_in, self.rep_out, 1, bias, max_frequency=2 if hessian else 1)
        load_renamed(self, {"conv": "kernel"})

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Mix features with their derivatives.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        return full_precision(self.kernel.convolve, x, enter(self, x, at).jet(scaled=True))
