"""The plain formulation of a gauge-equivariant convolution, with a dense product an edge: what ours is measured by."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.kernel import radial_profiles
from gaugenet.representation import Representation


class PerEdgeConv(nn.Module):
    """Convolve edge by edge: y_i = W x_i + sum_j rho(theta_ij) sum_r w_ij b_r(r_ij) K_r rho(tau_ij - theta_ij) x_j.

    At angle 0 the kernel constraint leaves the matrices K_r free, so this is the same family of maps as ``GaugeConv``,
    with as many parameters. Features are rotated in, multiplied by all K_r, rotated back and scattered.

    Args:
        rep: representation of input and output. profiles: number of radial profiles b_r.
    """

    def __init__(self, rep: Representation | str, profiles: int = 2) -> None:
        super().__init__()
        self.rep, self.profiles = Representation(rep), profiles
        dim = self.rep.dim
        self.kernel = nn.Parameter(torch.randn(profiles * dim, dim) * (profiles * dim) ** -0.5)
        self.self_interaction = nn.Parameter(torch.randn(dim, dim) * dim**-0.5)

    def forward(
        self, x: Tensor, edge_index: Tensor, log: Tensor, transport: Tensor, weight: Tensor, radius: Tensor
    ) -> Tensor:
        """Convolve ``x (V, rep.dim)`` over edges as ``FrameBundle`` makes them."""
        source, target = edge_index
        theta = log[:, 1]
        turned = self.rep.act(x[source], transport - theta)
        profiles = (radial_profiles(log[:, 0] / radius, self.profiles) * weight[:, None]).to(x.dtype)
        weighted = (profiles[:, :, None] * turned[:, None, :]).flatten(1)
        messages = self.rep.act(weighted @ self.kernel, theta)
        return (x @ self.self_interaction).index_add(0, target, messages)
