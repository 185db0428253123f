"""Attention over geodesic discs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.convolution.attend import Discs, attend
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.edge_frame import EdgeFrame
from gaugenet.nn.gauge_conv import GaugeConv
from gaugenet.nn.precision import working_dtype
from gaugenet.representation import Representation


class GaugeAttention(GaugeConv):
    """Convolve with kernels that are weighted, edge by edge, by how the features at both ends go together; exact.

        y(i) = sum_h sum_j alpha^h_ij kappa_h(r_ij, theta_ij) rho_in(g_ij) x(j)  +  W x(i) + bias,
        alpha^h_ij = w_ij exp(s^h_ij) / sum_k w_ik exp(s^h_ik),      s_ij = a^T m_ij,

    with m_ij the invariant messages of ``EdgeFrame``, nonlinear in both ends before a is applied (as GATv2, Brody et
    al. 2022, eq. 7), and kappa_h general kernels as in ``GaugeConv``. w_ij are the quadrature weights: equal scores
    give averages over the disc, and refining the mesh an integral. The idea is that of Basu et al. 2022 (EMAN) and He
    et al. 2021 (GET); here biases stand on invariants alone, and gauge equivariance is exact.

    A head is a convolution with quadrature weights of its own, and all of them run as one. Memory: while the sweep runs
    ``heads`` times the moment operators of a convolution, a number for each edge, component, wave and profile; kept for
    the backward pass, as many copies of every irrep an edge as ``EdgeFrame`` has channels. Moments are not kept.

    Args:
        rep_in, rep_out: representations of one group, ``x (V, rep_in.dim)`` to ``(V, rep_out.dim)``.
        heads: number of score functions, each with kernels of its own. profiles: number of radial profiles.
        bias: add a learned constant to invariant outputs.
    """

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        heads: int = 4,
        profiles: int = 2,
        bias: bool = True,
    ) -> None:
        for name, value in (("heads", heads), ("profiles", profiles)):
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        super().__init__(rep_in, rep_out, heads * profiles, bias)
        self.heads, self.profiles = heads, profiles
        hidden = max([heads, *(block.multiplicity for block in self.rep_in)])
        self.edge_frame = EdgeFrame(self.rep_in, hidden, profiles)
        self.score = nn.Parameter(torch.randn(hidden, heads) * hidden**-0.5)

    def convolved(self, x: Tensor, stencil: Stencil) -> Tensor:
        """Attend on features that ``layer_stencil`` has checked."""
        dtype = working_dtype(x)
        radial = stencil.profiles(self.profiles, dtype)[:, :, None]
        amplitude = (self.attention(x, stencil).to(dtype)[..., None] * radial).flatten(2)
        reverse = stencil.reverse(amplitude.detach()) if torch.is_grad_enabled() else amplitude[:0, 0]
        waves = [stencil.waves(block.irrep, self.waves(a), dtype) for a, block in enumerate(self.rep_in)]
        forward, adjoint = self.factors(x, stencil, 1, dtype, weighted=False)
        discs = Discs(stencil.index, stencil.padding.place, waves)
        return attend(x.to(dtype), amplitude, reverse, self._plan, forward, adjoint, discs)

    def attention(self, x: Tensor, at: Stencil) -> Tensor:
        """Return alpha ``(V, K, heads)``, where lists are padded 0; the sum over K is 1 unless there are no neighbours.

        Edges without a quadrature weight get no attention.
        """
        messages = self.edge_frame(x, at)[0]
        scores = messages @ self.score.to(messages.dtype)
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = at.weights(scores.dtype)[..., None]
        seen = weights > 0
        least = torch.finfo(scores.dtype).min
        return torch.where(seen, scores + weights.log(), least).softmax(1) * seen

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, heads={self.heads}, profiles={self.profiles}"
