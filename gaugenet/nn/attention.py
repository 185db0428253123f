"""Attention over geodesic discs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.convolution.learned_kernel import LearnedKernel
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.edge_frame import EdgeFrame
from gaugenet.nn.entry import enter
from gaugenet.nn.layer import Layer, load_renamed
from gaugenet.nn.level import Level
from gaugenet.nn.precision import working_dtype
from gaugenet.representation import Representation


class GaugeAttention(Layer):
    """Convolve with kernels that are weighted, edge by edge, by scores of the features at both ends; exact.

        y(i) = sum_h sum_j alpha^h_ij kappa_h(r_ij, theta_ij) rho_in(g_ij) x(j)  +  W x(i) + bias,
        alpha^h_ij = w_ij exp(s^h_ij) / sum_k w_ik exp(s^h_ik),      s_ij = a^T m_ij,

    with m_ij the invariant messages of ``EdgeFrame``, nonlinear in both ends before a is applied (as GATv2, Brody et
    al. 2022, eq. 7), and kappa_h general kernels as in ``GaugeConv``. w_ij are the quadrature weights: equal scores
    give averages over the disc, and refining the mesh an integral. The idea is that of Basu et al. 2022 (EMAN) and He
    et al. 2021 (GET); here biases act on invariants only, and gauge equivariance is exact.

    A head is a convolution with quadrature weights of its own, and all of them run as one. Memory: during the sweep
    ``heads`` times the moment operators of a convolution, a number for each edge, component, wave and profile; kept for
    the backward pass, as many copies of every irrep per edge as ``EdgeFrame`` has channels. Moments are not kept.

    Args:
        rep_in: Representation of the input, ``x (V, rep_in.dim)``.
        rep_out: Representation of the output, of the same group.
        heads: Number of score functions, each with kernels of its own.
        profiles: Number of radial profiles.
        bias: Whether to add a learned constant to invariant outputs.

    Raises:
        ValueError: If ``heads`` or ``profiles`` is below 1.
    """

    shown = ("heads", "profiles")

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        heads: int = 4,
        profiles: int = 2,
        bias: bool = True,
    ) -> None:
        super().__init__(rep_in, rep_out)
        for name, value in (("heads", heads), ("profiles", profiles)):
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        self.kernel = LearnedKernel(self.rep_in, self.rep_out, heads * profiles, bias)
        self.heads, self.profiles = heads, profiles
        hidden = max([heads, *(block.multiplicity for block in self.rep_in)])
        self.edge_frame = EdgeFrame(self.rep_in, hidden, profiles)
        self.score = nn.Parameter(torch.randn(hidden, heads) * hidden**-0.5)
        load_renamed(self, {"intertwiner": "kernel.intertwiner", "weight": "kernel.weight"})

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Attend over the disc of each vertex.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        stencil, dtype = enter(self, x, at).stencil, working_dtype(x)
        radial = stencil.profiles(self.profiles, dtype)[:, :, None]
        amplitude = (self._attention(x, stencil).to(dtype)[..., None] * radial).flatten(2)
        return self.kernel.attend(x, stencil, amplitude)

    def attention(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return alpha, whose sum over a disc is 1 unless it is empty.

        Edges without a quadrature weight get no attention.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            ``(V, K, heads)``, 0 where lists of neighbours are padded.
        """
        return self._attention(x, enter(self, x, at).stencil)

    def _attention(self, x: Tensor, stencil: Stencil) -> Tensor:
        messages = self.edge_frame(x, stencil)[0]
        scores = messages @ self.score.to(messages.dtype)
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = stencil.weights(scores.dtype)[..., None]
        seen = weights > 0
        least = torch.finfo(scores.dtype).min
        return torch.where(seen, scores + weights.log(), least).softmax(1) * seen
