"""The sphere S^2 = SO(3)/SO(2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace, finite_positions, refuse

# Points within this many rounding errors of a pole count as the pole, so that rotations map points exactly to it.
_POLE = 16
# Tolerated distance of positions from the sphere, for single precision and files with six digits.
_OFF = 1e-5


class Sphere(HomogeneousSpace):
    """The unit sphere: points are unit vectors ``(..., 3)``, elements rotation matrices ``(..., 3, 3)``.

    The section is s(x) = Rz(phi) Ry(theta) with polar angle theta and longitude phi (0 at the poles), so e1 points
    south and e2 east. The origin is the north pole (0, 0, 1). The section is discontinuous at the poles, as every
    section on the sphere is somewhere.
    """

    curvature = 1.0
    dim = 3
    reach = math.pi
    rim = math.pi

    def origin(self, like: Tensor) -> Tensor:
        return like.new_tensor([0.0, 0.0, 1.0])

    def section(self, x: Tensor) -> Tensor:
        return torch.stack([*_tangents(x), x], dim=-1)

    def act(self, g: Tensor, x: Tensor) -> Tensor:
        return (g @ x[..., None])[..., 0]

    def inverse(self, g: Tensor) -> Tensor:
        return g.mT

    def frame_angle(self, g: Tensor, x: Tensor) -> Tensor:
        moved, (e1, e2) = self.act(g, _tangents(x)[0]), _tangents(self.act(g, x))
        return torch.atan2(_dot(moved, e2), _dot(moved, e1))

    def exp(self, x: Tensor, log: Tensor) -> Tensor:
        r, theta = log[..., :1], log[..., 1:]
        e1, e2 = _tangents(x)
        return torch.cos(r) * x + torch.sin(r) * (torch.cos(theta) * e1 + torch.sin(theta) * e2)

    def log(self, x: Tensor, y: Tensor) -> Tensor:
        way, (e1, e2) = y - x, _tangents(x)
        angle = torch.complex(_dot(way, e1), _dot(way, e2)).angle()
        return torch.stack([self.distance(x, y), angle], dim=-1)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        apart, together = torch.linalg.vector_norm(y - x, dim=-1), torch.linalg.vector_norm(x + y, dim=-1)
        return 2 * torch.atan2(apart, together)  # accurate for near and for opposite points

    def transport(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the angle of the rotation along the great circle, a -> a - (a . y) / (1 + x . y) (x + y) on T_x."""
        e1, (east, north) = _tangents(x)[0], _tangents(y)
        both = x + y
        square = _dot(both, both)
        share = 2 * _dot(e1, y - x) / torch.where(square > 0, square, torch.ones_like(square))
        moved = e1 - share[..., None] * both
        return torch.atan2(_dot(moved, north), _dot(moved, east))

    def midpoint(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the midpoints; 0 for opposite points, which have no unique midpoint."""
        both = x + y
        return both / torch.linalg.vector_norm(both, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)

    def triangle_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Return the signed solid angle (Van Oosterom & Strackee 1983)."""
        volume = _dot(x, torch.linalg.cross(y - x, z - x))
        return 2 * torch.atan2(volume, 1 + _dot(x, y) + _dot(y, z) + _dot(z, x))

    def frame(self, x: Tensor) -> Tensor:
        return self.section(x).mT

    def embed(self, x: Tensor) -> Tensor:
        return x

    def points(self, pos: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(finite_positions(pos), dim=1, keepdim=True)
        refuse((norm[:, 0] - 1).abs() > _OFF, "positions on the unit sphere", "divide pos by its norms")
        return pos / norm

    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        return x, x.new_full(x.shape[:1], 2 * math.sin(0.5 * min(radius, math.pi)))

    def _radius(self, share: Tensor) -> Tensor:
        return 2 * torch.asin(share.sqrt())


def _tangents(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the unit vectors e1 (south) and e2 (east) at points."""
    ring = torch.linalg.vector_norm(x[..., :2], dim=-1)
    pole = ring < _POLE * torch.finfo(x.dtype).eps
    safe = torch.where(pole, torch.ones_like(ring), ring)
    cos = torch.where(pole, torch.ones_like(ring), x[..., 0] / safe)
    sin = torch.where(pole, torch.zeros_like(ring), x[..., 1] / safe)
    z = x[..., 2]
    return torch.stack([z * cos, z * sin, -ring], dim=-1), torch.stack([-sin, cos, torch.zeros_like(z)], dim=-1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)
