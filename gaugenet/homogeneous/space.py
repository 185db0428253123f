"""The interface of a homogeneous surface G/SO(2): its geometry in closed form."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class HomogeneousSpace(ABC):
    """The geometry of a surface M = G/K, K = SO(2), in closed form (Gerken et al. 2021, homogeneous spaces).

    A section s: M -> G with s(x) . o = x defines a frame at each point x: the frame at the origin o moved by s(x). A
    group element g maps the frame at x to the frame at g x rotated by an angle h:

        g s(x) = s(g x) R(h(g, x)),    h(g g', x) = h(g, g' x) + h(g', x).

    It maps a section f of an associated bundle, written in the frames, to (g f)(x) = rho(h(g, g^-1 x)) f(g^-1 x).

    Points ``(..., dim)`` and elements ``(..., n, n)``, matrices, broadcast over leading dimensions, in any precision.
    All methods are differentiable; distances and directions have gradient 0 at their kinks x = y. Lengths are relative
    to a curvature of 1, 0 or -1; angles are in radians, counter-clockwise, in [-pi, pi].

    Attributes:
        curvature: Curvature of the surface.
        dim: Number of coordinates of a point.
        reach: Injectivity radius, below which geodesics are unique.
        rim: Radius of the ball about the origin in which ``random`` places the images of the origin.
    """

    curvature: float
    dim: int
    reach: float
    rim: float

    @abstractmethod
    def origin(self, like: Tensor) -> Tensor:
        """Return the point o ``(dim,)`` in the precision and on the device of the tensor ``like``."""

    def rotation(self, angle: Tensor) -> Tensor:
        """Return the elements R(angle) of K ``(..., n, n)``: rotations about the origin by ``angle (...)`` [rad].

        For matrices 3 x 3 that act on space or on homogeneous coordinates, they are those about the third axis.
        """
        cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
        entries = [cos, -sin, zero, sin, cos, zero, zero, zero, zero + 1]
        return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))

    @abstractmethod
    def section(self, x: Tensor) -> Tensor:
        """Return s(x) ``(..., n, n)``, which maps o to ``x (..., dim)``."""

    @abstractmethod
    def act(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the points g x ``(..., dim)``.

        Args:
            g: Elements ``(..., n, n)``.
            x: Points ``(..., dim)``.
        """

    @abstractmethod
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverses of elements ``g (..., n, n)``."""

    @abstractmethod
    def frame_angle(self, g: Tensor, x: Tensor) -> Tensor:
        """Return h(g, x) ``(...)`` [rad]: g maps components c of a vector at x to R(h) c at g x.

        Args:
            g: Elements ``(..., n, n)``.
            x: Points ``(..., dim)``.
        """

    @abstractmethod
    def exp(self, x: Tensor, log: Tensor) -> Tensor:
        """Return the points ``(..., dim)`` with given polar coordinates.

        Args:
            x: Points ``(..., dim)``.
            log: Distance and angle [rad] in the frame at x, ``(..., 2)``.
        """

    @abstractmethod
    def log(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the polar coordinates ``(..., 2)`` of y in the frame at x: distance and angle [rad].

        Args:
            x: Points ``(..., dim)``.
            y: Points ``(..., dim)``.
        """

    @abstractmethod
    def transport(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the angles ``(...)`` [rad] of parallel transport along the geodesic from x to y.

        R(angle) maps components in the frame at x to components in the frame at y. At the cut locus, where shortest
        geodesics are not unique, the angle is arbitrary.

        Args:
            x: Points ``(..., dim)``.
            y: Points ``(..., dim)``.
        """

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Return geodesic distances ``(...)``.

        Args:
            x: Points ``(..., dim)``.
            y: Points ``(..., dim)``.
        """
        return self.log(x, y)[..., 0]

    def midpoint(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the midpoints ``(..., dim)`` of geodesics.

        Args:
            x: Points ``(..., dim)``.
            y: Points ``(..., dim)``.
        """
        return self.exp(x, self.log(x, y) * x.new_tensor([0.5, 1.0]))

    @abstractmethod
    def triangle_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Return the signed areas ``(...)`` of geodesic triangles, positive if counter-clockwise.

        Transport around a triangle rotates vectors by the curvature times this area (Gauss-Bonnet).

        Args:
            x: First corners ``(..., dim)``.
            y: Second corners ``(..., dim)``.
            z: Third corners ``(..., dim)``.
        """

    @abstractmethod
    def frame(self, x: Tensor) -> Tensor:
        """Return the frames at ``x (..., dim)`` in the space of ``embed``, ``(..., 3, 3)``: rows e1, e2, n."""

    @abstractmethod
    def embed(self, x: Tensor) -> Tensor:
        """Return the positions ``(..., 3)`` of points ``x (..., dim)``."""

    @abstractmethod
    def points(self, pos: Tensor) -> Tensor:
        """Return the points ``(V, dim)`` at positions: the inverse of ``embed``.

        Args:
            pos: Positions ``(V, 3)``.

        Raises:
            ValueError: If the shape is wrong, or positions are not finite or not in the space.
        """

    @abstractmethod
    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        """Return the Euclidean balls whose points in the space are the points of geodesic discs.

        Args:
            x: Centres of the discs ``(V, dim)``.
            radius: Radius of the discs.

        Returns:
            Centres ``(V, dim)`` and radii ``(V,)`` of the balls, in coordinates.
        """

    def random(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return independent random elements that move the origin by at most ``rim``, distributed by the Haar measure.

        On the sphere these are all elements; for groups that are not compact, those up to the distance 1.

        Args:
            count: Number of elements.
            generator: Source of randomness.

        Returns:
            Elements ``(count, n, n)``, float64.
        """
        share, *turn = torch.rand(3, count, generator=generator, dtype=torch.float64)
        log = torch.stack([self._radius(share), 2 * math.pi * turn[0]], dim=-1)
        return self.section(self.exp(self.origin(log).expand(count, -1), log)) @ self.rotation(2 * math.pi * turn[1])

    @abstractmethod
    def _radius(self, share: Tensor) -> Tensor:
        """Return the radii of discs whose area is a share of that of the ball of radius ``rim``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def finite_positions(pos: Tensor) -> Tensor:
    """Check positions and return them unchanged.

    Args:
        pos: Positions ``(V, 3)``.

    Raises:
        ValueError: If the shape is wrong, or a position is not finite.
    """
    if pos.dim() != 2 or pos.shape[1] != 3 or not pos.is_floating_point():
        raise ValueError(
            f"pos must have shape (V, 3) and be floating point, got {tuple(pos.shape)} {pos.dtype}: "
            "compute it from points with space.embed"
        )
    refuse(~pos.isfinite().all(1), "finite positions", "drop them")
    return pos


def refuse(bad: Tensor, expected: str, remedy: str) -> None:
    """Reject bad points.

    Args:
        bad: Which points are bad, ``(V,)``.
        expected: What was expected, for the message.
        remedy: What to do, for the message.

    Raises:
        ValueError: If any point is bad; the message names the first.
    """
    if bool(bad.any()):
        first = int(bad.nonzero()[0, 0])
        raise ValueError(f"expected {expected}, got {int(bad.sum())} others (e.g. point {first}): {remedy}")
