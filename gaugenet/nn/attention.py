"""Attention over geodesic discs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gaugenet.nn.edge_frame import EdgeFrame
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.kernel_weights import KernelWeights
from gaugenet.nn.stencil import Stencil
from gaugenet.representation import Representation


class GaugeAttention(nn.Module):
    """Convolve with kernels that are weighted, edge by edge, by how the features at both ends go together; exact.

        y(i) = sum_h sum_j alpha^h_ij kappa_h(r_ij, theta_ij) rho_in(g_ij) x(j)  +  W x(i) + bias,
        alpha^h_ij = w_ij exp(s^h_ij) / sum_k w_ik exp(s^h_ik),      s_ij = a^T m_ij,

    with m_ij the invariant messages of ``EdgeFrame``, nonlinear in both ends before a is applied (as GATv2, Brody et
    al. 2022, eq. 7), and kappa_h general kernels as in ``GaugeConv``. w_ij are the quadrature weights: equal scores
    give averages over the disc, and refining the mesh an integral. The idea is that of Basu et al. 2022 (EMAN) and He
    et al. 2021 (GET); here biases stand on invariants alone, and gauge equivariance is exact.

    Memory is held for each vertex and head, ``waves * profiles`` moments of each copy in, for each entry of a padded
    list of neighbours as many numbers, and its features.

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
        super().__init__()
        if heads < 1:
            raise ValueError(f"heads must be >= 1, got {heads}")
        self.intertwiner = Intertwiner(rep_in, rep_out, bias=bias)
        self.rep_in, self.rep_out = self.intertwiner.rep_in, self.intertwiner.rep_out
        self.heads, self.profiles = heads, profiles
        self.kernels = KernelWeights(self.rep_in, self.rep_out, heads * profiles)
        hidden = max([heads, *(block.multiplicity for block in self.rep_in)])
        self.edge_frame = EdgeFrame(self.rep_in, hidden, profiles)
        self.score = nn.Parameter(torch.randn(hidden, heads) * hidden**-0.5)

    def forward(self, x: Tensor, at: Stencil | Any) -> Tensor:
        """Attend on ``x (V, rep_in.dim)``; ``at`` is the level's stencil, or data with a bundle (level 0 is used)."""
        self.rep_in.check(x, "GaugeAttention")
        stencil = Stencil.of(at)
        stencil.check_features(x, self.rep_in, "GaugeAttention", self.score.device)
        attention = self.attention(x, stencil)[..., None]
        amplitude = (attention * stencil.profiles(self.profiles, x.dtype)[:, :, None]).flatten(2)
        moments = []
        for a, (block, z) in enumerate(zip(self.rep_in, self.rep_in.split(x), strict=True)):
            waves = stencil.waves(block.irrep, self.kernels.waves(a), x.dtype)
            operator = (waves[..., None] * amplitude[:, :, None, None]).flatten(3).flatten(1, 2)
            gathered = nn.functional.embedding(stencil.index, z).unflatten(2, (block.size, -1)).flatten(1, 2)
            moments.append(operator.mT @ gathered)
        return self.intertwiner(x) + self.kernels(moments)

    def attention(self, x: Tensor, at: Stencil) -> Tensor:
        """Return alpha ``(V, K, heads)``, where lists are padded 0; the sum over K is 1 unless there are no neighbours.

        Edges without a quadrature weight get no attention.
        """
        scores = self.edge_frame(x, at)[0] @ self.score
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = at.weights(scores.dtype)[..., None]
        seen = weights > 0
        least = torch.finfo(scores.dtype).min
        return torch.where(seen, scores + weights.log(), least).softmax(1) * seen

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, heads={self.heads}, profiles={self.profiles}"
