"""The Euclidean plane R^2 = SE(2)/SO(2), and the hyperbolic plane H^2 = SL(2, R)/SO(2) as the Poincare disc."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace, finite_positions, refuse


class _Planar(HomogeneousSpace):
    """A space whose points are coordinates ``(..., 2)`` about the origin (0, 0), at the positions (u, v, 0)."""

    dim = 2
    reach = float("inf")
    rim = 1.0

    def origin(self, like: Tensor) -> Tensor:
        return like.new_zeros(2)

    def frame(self, x: Tensor) -> Tensor:
        return torch.eye(3, dtype=x.dtype, device=x.device).repeat(*x.shape[:-1], 1, 1)

    def embed(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.zeros_like(x[..., :1])], dim=-1)


class Plane(_Planar):
    """The Euclidean plane: points ``(..., 2)``, elements ``(..., 3, 3)``, rigid motions [[R, t], [0, 1]].

    The section is the translation by x, so all frames are parallel. Positions are (x, y, 0).
    """

    curvature = 0.0

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

    def points(self, pos: Tensor) -> Tensor:
        refuse(finite_positions(pos)[:, 2] != 0, "positions (x, y, 0)", "project them onto the plane")
        return pos[:, :2]

    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        return x, x.new_full(x.shape[:1], radius)

    def _radius(self, share: Tensor) -> Tensor:
        return self.rim * share.sqrt()


class HyperbolicPlane(_Planar):
    """The Poincare disc with curvature -1: points ``(..., 2)`` in the unit disc, elements ``(..., 2, 2)`` of SL(2, R).

    An element [[a, b], [c, d]] acts on the upper half-plane, and by the Cayley transform w = (z - i) / (z + i) on the
    disc:

        w -> (alpha w + beta) / (conj(beta) w + conj(alpha)),
        alpha = (a + d + i (b - c)) / 2,    beta = (a - d - i (b + c)) / 2.

    The section has alpha > 0: it is the translation along the geodesic from the origin 0, so frames are those of the
    coordinates, scaled by (1 - |x|^2) / 2. Positions are (u, v, 0). At the distance r from the origin, coordinates
    resolve distances only down to exp(r) times the rounding error.
    """

    curvature = -1.0

    def rotation(self, angle: Tensor) -> Tensor:
        return _element(torch.polar(torch.ones_like(angle), 0.5 * angle), torch.zeros_like(torch.complex(angle, angle)))

    def section(self, x: Tensor) -> Tensor:
        scale = _inside(x).rsqrt()
        return _element(torch.complex(scale, torch.zeros_like(scale)), _complex(x) * scale)

    def act(self, g: Tensor, x: Tensor) -> Tensor:
        (alpha, beta), w = _moebius(g), _complex(x)
        return torch.view_as_real((alpha * w + beta) / (beta.conj() * w + alpha.conj()))

    def inverse(self, g: Tensor) -> Tensor:
        a, b, c, d = g.flatten(-2).unbind(-1)
        return torch.stack([d, -b, -c, a], dim=-1).unflatten(-1, (2, 2))

    def frame_angle(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the argument of the derivative 1 / (conj(beta) x + conj(alpha))^2."""
        alpha, beta = _moebius(g)
        return (beta * _complex(x).conj() + alpha).square().angle()

    def exp(self, x: Tensor, log: Tensor) -> Tensor:
        w, step = _complex(x), torch.polar(torch.tanh(0.5 * log[..., 0]), log[..., 1])
        return torch.view_as_real((step + w) / (1 + w.conj() * step))

    def log(self, x: Tensor, y: Tensor) -> Tensor:
        w, z = _complex(x), _complex(y)
        return torch.stack([self.distance(x, y), ((z - w) * (1 - w * z.conj())).angle()], dim=-1)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        apart = torch.linalg.vector_norm(y - x, dim=-1)
        return 2 * torch.asinh(apart * (_inside(x) * _inside(y)).rsqrt())

    def transport(self, x: Tensor, y: Tensor) -> Tensor:
        """Return 2 arg(1 - conj(x) y), the angle in s(y)^-1 s(x) = R(angle) s(w)^-1 with w = s(x)^-1 y."""
        return (1 - _complex(x).conj() * _complex(y)).square().angle()

    def triangle_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Return pi minus the sum of the angles: 2 arg(1 - y conj(z)) after x is moved to the origin."""
        w, one, other = _complex(x), _complex(y), _complex(z)
        one, other = ((p - w) / (1 - w.conj() * p) for p in (one, other))
        return 2 * (1 - one * other.conj()).angle()

    def points(self, pos: Tensor) -> Tensor:
        outside = (finite_positions(pos)[:, 2] != 0) | (_inside(pos[:, :2]) <= 0)
        refuse(outside, "positions (u, v, 0) inside the unit disc", "use coordinates of the Poincare disc")
        return pos[:, :2]

    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        t = math.tanh(0.5 * radius)
        scale = 1 - t * t * x.square().sum(-1)
        return x * ((1 - t * t) / scale)[..., None], t * _inside(x) / scale

    def _radius(self, share: Tensor) -> Tensor:
        return 2 * torch.asinh(share.sqrt() * math.sinh(0.5 * self.rim))


def _completed(top: Tensor) -> Tensor:
    """Append the row (0, 0, 1) to matrices ``(..., 2, 3)``."""
    return torch.cat([top, top.new_tensor([0.0, 0.0, 1.0]).expand_as(top[..., :1, :])], dim=-2)


def _complex(x: Tensor) -> Tensor:
    return torch.complex(x[..., 0], x[..., 1])


def _inside(x: Tensor) -> Tensor:
    """Return 1 - |x|^2."""
    norm = torch.linalg.vector_norm(x, dim=-1)
    return (1 - norm) * (1 + norm)


def _moebius(g: Tensor) -> tuple[Tensor, Tensor]:
    """Return alpha and beta of elements."""
    a, b, c, d = g.flatten(-2).unbind(-1)
    return 0.5 * torch.complex(a + d, b - c), 0.5 * torch.complex(a - d, -b - c)


def _element(alpha: Tensor, beta: Tensor) -> Tensor:
    """Return the elements of SL(2, R) with alpha and beta."""
    a, d = alpha.real + beta.real, alpha.real - beta.real
    b, c = alpha.imag - beta.imag, -alpha.imag - beta.imag
    return torch.stack([a, b, c, d], dim=-1).unflatten(-1, (2, 2))
