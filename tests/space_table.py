"""The homogeneous spaces under test, samples of them, and what symmetries do to samples and their features."""

import math

import torch
from scipy.spatial import cKDTree

from gaugenet.group import Elements
from gaugenet.homogeneous import (
    HyperbolicPlane,
    Plane,
    Sphere,
    hexagonal_lattice,
    icosahedral_rotations,
    icosphere,
    square_lattice,
    triangular_tiling,
)
from gaugenet.representation import Representation

SPACES = [Sphere(), Plane(), HyperbolicPlane()]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random_points(space, count, seed=0):
    """Images of the origin."""
    g = space.random(count, generator=seeded(seed))
    return space.act(g, space.origin(g).expand(count, -1))


def random_log(count, longest=1.0, seed=0):
    r, theta = torch.rand(2, count, generator=seeded(seed), dtype=torch.float64)
    return torch.stack([longest * r + 1e-3, 2 * math.pi * theta], dim=1)


def gap(a, b=0.0):
    """The largest difference of angles, full turns aside."""
    return float(torch.remainder(a - b + math.pi, 2 * math.pi).sub(math.pi).abs().max())


def turn_about(space, x, angle):
    """The rotation by an angle about a point."""
    s = space.section(x)
    return s @ space.rotation(torch.tensor(angle, dtype=torch.float64)) @ space.inverse(s)


def shift(space, x, y, angle=0.0):
    """An element that takes x to y, and turns there by an angle."""
    about = space.rotation(torch.tensor(angle, dtype=torch.float64))
    return space.section(y) @ about @ space.inverse(space.section(x))


def sample(name):
    """A space, a sample of it, and the symmetries that take the sample to itself, (G, n, n)."""
    plane, disc = Plane(), HyperbolicPlane()
    origin = torch.zeros(2, dtype=torch.float64)
    if name == "icosphere":
        return Sphere(), icosphere(2), icosahedral_rotations()
    if name == "square":
        return (
            plane,
            square_lattice(5, 0.3),
            torch.stack([turn_about(plane, origin, k * math.pi / 2) for k in range(4)]),
        )
    if name == "hexagonal":
        return plane, hexagonal_lattice(5), torch.stack([turn_about(plane, origin, k * math.pi / 3) for k in range(6)])
    turns = torch.stack([turn_about(disc, origin, 2 * k * math.pi / 7) for k in range(7)])
    return disc, triangular_tiling(4) if name == "tiling" else triangular_tiling(2, 2), turns


SAMPLES = ["icosphere", "square", "hexagonal", "tiling", "subdivided tiling"]


def permutation(space, x, g, tolerance=1e-9):
    """For each point the number of the point g x, or -1 where that is none of the sample."""
    distance, number = cKDTree(x.numpy()).query(space.act(g, x).numpy())
    return torch.from_numpy(number).where(torch.from_numpy(distance) < tolerance, -1)


def carried(space, rep, x, features, g):
    """Features rho(h(g, x)) f(x), which the section g f has at g x."""
    return Representation(rep).act(features, Elements.rotations(space.frame_angle(g, x)))
