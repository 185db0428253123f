"""Nonlinear message passing."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.data import Data

from gaugenet.nn.convolution.learned_kernel import KernelWeights
from gaugenet.nn.edge_frame import EdgeFrame
from gaugenet.nn.entry import enter
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.representation import Representation


class MessageConv(Layer):
    """Pass messages that are nonlinear functions of both ends of an edge, its direction and its length; exact.

        y(i) = sum_j w_ij kappa(r_ij, theta_ij) m(x_i, rho(g_ij) x_j, r_ij, theta_ij)  +  W x(i) + bias,

    with m the messages of ``EdgeFrame``, invariants (and odd numbers) of the edge, and kappa general kernels from those
    to ``rep_out``. Messages are nonlinear as in Hermes (Park et al. 2023), without the sampling that makes theirs
    equivariant approximately. With m linear this is a convolution; products of both ends are another special case.

    Memory per entry of a padded list of neighbours: ``hidden`` copies of every irrep of ``rep_in``.

    Args:
        rep_in: Representation of the input, ``x (V, rep_in.dim)``.
        rep_out: Representation of the output, of the same group.
        hidden: Number of messages of an edge, by default the largest multiplicity of ``rep_out``.
        profiles: Number of radial profiles.
        bias: Whether to add a learned constant to invariant outputs.

    Raises:
        ValueError: If ``hidden`` or ``profiles`` is below 1.
    """

    shown = ("hidden", "profiles")

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        hidden: int | None = None,
        profiles: int = 2,
        bias: bool = True,
    ) -> None:
        super().__init__(rep_in, rep_out)
        self.profiles = profiles
        self.intertwiner = Intertwiner(self.rep_in, self.rep_out, bias=bias)
        self.hidden = max([1, *(block.multiplicity for block in self.rep_out)]) if hidden is None else hidden
        self.edge_frame = EdgeFrame(self.rep_in, self.hidden, profiles)
        self.kernels = KernelWeights(self.edge_frame.rep_out, self.rep_out, profiles)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Pass messages.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        stencil = enter(self, x, at).stencil
        amplitude = stencil.profiles(self.profiles, x.dtype) * stencil.weights(x.dtype)[..., None]
        moments = []
        for a, (block, messages) in enumerate(zip(self.edge_frame.rep_out, self.edge_frame(x, stencil), strict=True)):
            waves = stencil.waves(block.irrep, self.kernels.space.waves(a), x.dtype, transported=False)
            operator = (waves[:, :, 0, :, None] * amplitude[:, :, None]).flatten(2)
            moments.append(operator.mT @ messages)
        return self.intertwiner(x) + self.kernels(moments)
