"""A homogeneous surface G/SO(2): what its geometry has to say."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class HomogeneousSpace(ABC):
    """Give the geometry of a surface M = G/K, K = SO(2), in closed form (Gerken et al. 2021, homogeneous spaces).

    A section s: M -> G with s(x) . o = x makes a frame at every point x, the one that s(x) carries there from the
    origin o. A group element g takes the frame at x to that at g x turned by an angle h:

        g s(x) = s(g x) R(h(g, x)),    h(g g', x) = h(g, g' x) + h(g', x),

    and a section f of an associated bundle, written in the frames, to (g f)(x) = rho(h(g, g^-1 x)) f(g^-1 x).

    Points ``(..., dim)`` and elements ``(..., n, n)``, matrices, broadcast over leading dimensions, in any precision.
    All is differentiable; distances and directions have the gradient 0 at x = y, where they have kinks. Lengths are in
    units in which the curvature is 1, 0 or -1, angles in radians, counter-clockwise, in [-pi, pi].

    Attributes:
        curvature: of the surface. dim: coordinates of a point. reach: below which geodesics are unique (injectivity
            radius). rim: radius of the ball about the origin from which ``random`` draws images of the origin.
    """

    curvature: float
    dim: int
    reach: float
    rim: float

    @abstractmethod
    def origin(self, like: Tensor) -> Tensor:
        """Return the point o ``(dim,)`` in the precision and on the device of a tensor."""

    @abstractmethod
    def rotation(self, angle: Tensor) -> Tensor:
        """Return the elements R(angle) of K ``(..., n, n)``, which turn the frame at the origin by ``angle (...)``."""

    @abstractmethod
    def section(self, x: Tensor) -> Tensor:
        """Return s(x) ``(..., n, n)`` with s(x) . o = x."""

    @abstractmethod
    def act(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the points g x ``(..., dim)``."""

    @abstractmethod
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverses ``(..., n, n)``."""

    @abstractmethod
    def frame_angle(self, g: Tensor, x: Tensor) -> Tensor:
        """Return h(g, x) ``(...)``: g takes components c of a vector at x to R(h) c at g x."""

    @abstractmethod
    def exp(self, x: Tensor, log: Tensor) -> Tensor:
        """Return the points at a distance and in a direction ``(..., 2)``, polar coordinates in the frame at x."""

    @abstractmethod
    def log(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the polar coordinates ``(..., 2)`` of y in the frame at x: distance and angle."""

    @abstractmethod
    def transport(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the angles ``(...)`` of parallel transport along the geodesic from x to y.

        R(angle) takes components in the frame at x to components in the frame at y. At the cut locus, where there are
        several shortest geodesics, some number.
        """

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Return geodesic distances ``(...)``."""
        return self.log(x, y)[..., 0]

    def midpoint(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the point ``(..., dim)`` halfway along the geodesic."""
        return self.exp(x, self.log(x, y) * x.new_tensor([0.5, 1.0]))

    @abstractmethod
    def triangle_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Return the signed areas ``(...)`` of geodesic triangles, positive where they run counter-clockwise.

        Transport around one turns vectors by curvature times this area (Gauss-Bonnet).
        """

    @abstractmethod
    def frame(self, x: Tensor) -> Tensor:
        """Return frames as pictures ``(..., 3, 3)`` in the space of ``embed``: rows e1, e2, n, right-handed."""

    @abstractmethod
    def embed(self, x: Tensor) -> Tensor:
        """Return positions ``(..., 3)`` for points."""

    @abstractmethod
    def points(self, pos: Tensor) -> Tensor:
        """Return the points ``(V, dim)`` at positions ``(V, 3)``; the inverse of ``embed``.

        Raises:
            ValueError: for other shapes, NaN or infinity, and positions that are not in the space.
        """

    @abstractmethod
    def ball(self, x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
        """Return centre ``(V, dim)`` and radius ``(V,)`` of Euclidean balls of coordinates that geodesic discs fill."""

    def random(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return independent elements ``(count, n, n)`` in float64.

        Those that take the origin at most ``rim`` away, uniform in the sense of Haar: all of them on the sphere, and up
        to the distance 1 where the group is not compact.
        """
        share, *turn = torch.rand(3, count, generator=generator, dtype=torch.float64)
        log = torch.stack([self._radius(share), 2 * math.pi * turn[0]], dim=-1)
        return self.section(self.exp(self.origin(log).expand(count, -1), log)) @ self.rotation(2 * math.pi * turn[1])

    @abstractmethod
    def _radius(self, share: Tensor) -> Tensor:
        """Return the radii of discs that have a share of the area of the ball of radius ``rim``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def finite_positions(pos: Tensor) -> Tensor:
    """Return positions ``(V, 3)`` as they are.

    Raises:
        ValueError: for another shape, and for NaN and infinity.
    """
    if pos.dim() != 2 or pos.shape[1] != 3 or not pos.is_floating_point():
        raise ValueError(
            f"pos must have shape (V, 3) and be floating point, got {tuple(pos.shape)} {pos.dtype}: "
            "make it of points with space.embed"
        )
    refuse(~pos.isfinite().all(1), "finite positions", "drop them")
    return pos


def refuse(bad: Tensor, expected: str, remedy: str) -> None:
    """Raise ValueError, with the first of them, where points ``(V,)`` are bad."""
    if bool(bad.any()):
        first = int(bad.nonzero()[0, 0])
        raise ValueError(f"expected {expected}, got {int(bad.sum())} others (e.g. point {first}): {remedy}")
