"""The plane R^2 = SE(2)/SO(2)."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace, finite_positions, refuse


class Plane(HomogeneousSpace):
    """The Euclidean plane: points ``(..., 2)``, elements ``(..., 3, 3)``, rotations and shifts [[R, t], [0, 1]].

    The section is the shift by x, so that all frames are parallel. Positions are (x, y, 0).
    """

    curvature = 0.0
    dim = 2
    reach = float("inf")
    rim = 1.0

    def origin(self, like: Tensor) -> Tensor:
        return like.new_zeros(2)

    def rotation(self, angle: Tensor) -> Tensor:
        cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
        entries = [cos, -sin, zero, sin, cos, zero, zero, zero, zero + 1]
        return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))

    def section(self, x: Tensor) -> Tensor:
        top = torch.cat([torch.eye(2, dtype=x.dtype, device=x.device).expand(*x.shape, 2), x[..., None]], dim=-1)
        return _completed(top)

    def act(self, g: Tensor, x: Tensor) -> Tensor:
        return (g[..., :2, :2] @ x[..., None])[..., 0] + g[..., :2, 2]

    def inverse(self, g: Tensor) -> Tensor:
        back = g[..., :2, :2].mT
        return _completed(torch.cat([back, -back @ g[..., :2, 2:]], dim=-1))

    def frame_angle(self, g: Tensor, x: Tensor) -> Tensor:
        return torch.atan2(g[..., 1, 0], g[..., 0, 0]) + 0 * x[..., 0]

    def exp(self, x: Tensor, log: Tensor) -> Tensor:
        r, theta = log[..., :1], log[..., 1:]
        return x + r * torch.cat([torch.cos(theta), torch.sin(theta)], dim=-1)

    def log(self, x: Tensor, y: Tensor) -> Tensor:
        way = torch.complex(*(y - x).unbind(-1))
        return torch.stack([way.abs(), way.angle()], dim=-1)

    def transport(self, x: Tensor, y: Tensor) -> Tensor:
        return 0 * (x + y)[..., 0]

    def triangle_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        (a, b), (c, d) = (y - x).unbind(-1), (z - x).unbind(-1)
        return 0.5 * (a * d - b * c)

    def frame(self, x: Tensor) -> Tensor:
        return torch.eye(3, dtype=x.dtype, device=x.device).repeat(*x.shape[:-1], 1, 1)

    def embed(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.zeros_like(x[..., :1])], dim=-1)

    def points(self, pos: Tensor) -> Tensor:
        refuse(finite_positions(pos)[:, 2] != 0, "positions (x, y, 0)", "project them on the plane")
        return pos[:, :2]

    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        return x, x.new_full(x.shape[:1], radius)

    def _radius(self, share: Tensor) -> Tensor:
        return self.rim * share.sqrt()


def _completed(top: Tensor) -> Tensor:
    """Return matrices with the row (0, 0, 1) below ``(..., 2, 3)``."""
    return torch.cat([top, top.new_tensor([0.0, 0.0, 1.0]).expand_as(top[..., :1, :])], dim=-2)
