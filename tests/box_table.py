"""Random boxes, the bundles they are on in the tests, and what is known of them in closed form."""

import functools
import math

import numpy as np
import surfaces
import torch

from gaugenet.detection import Boxes
from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere, hexagonal_lattice, icosphere, triangular_tiling
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle

BUNDLES = ["mesh", "one-sided", "sphere", "plane", "hyperbolic"]


@functools.cache
def bundle(name):
    """A bundle of each kind of surface."""
    if name == "mesh":
        return FrameBundle()(surfaces.data_of(surfaces.uneven_sphere(300)))
    if name == "one-sided":
        return FrameBundle(group="O2")(surfaces.data_of(surfaces.klein_bottle()))
    if name == "sphere":
        return HomogeneousBundle(Sphere())(icosphere(3))
    if name == "plane":
        return HomogeneousBundle(Plane())(hexagonal_lattice(12, 0.1))
    return HomogeneousBundle(HyperbolicPlane())(triangular_tiling(2, 2))


def random_boxes(count, vertices, seed=0, sizes=(0.1, 0.5), offset=0.05, labels=2):
    """Boxes at random vertices, directions and scores; ``vertices`` is a number or a list of which."""
    generator = torch.Generator().manual_seed(seed)
    rand = functools.partial(torch.rand, generator=generator, dtype=torch.float64)
    some = torch.arange(vertices) if isinstance(vertices, int) else torch.as_tensor(vertices)
    return Boxes(
        some[torch.randint(len(some), (count,), generator=generator)],
        offset * (2 * rand(count, 2) - 1),
        2 * math.pi * rand(count),
        sizes[0] + (sizes[1] - sizes[0]) * rand(count, 2),
        torch.randint(labels, (count,), generator=generator),
        rand(count),
    )


def sphere_area(a, b):
    """Area of a box on the unit sphere: the integral of sin r / r over the rectangle, by Gauss-Legendre."""
    node, weight = np.polynomial.legendre.leggauss(60)
    r = np.hypot(*np.meshgrid(a * node, b * node))
    return a * b * float((np.sinc(r / np.pi) * np.outer(weight, weight)).sum())


def turned(angle):
    """Absolute difference of angles from 0, full turns aside."""
    return torch.remainder(angle + math.pi, 2 * math.pi).sub(math.pi).abs()


def in_frames_of(boxes, data, other):
    """The boxes of one bundle in the frames of another on the same points, whose tangent planes may differ a little."""
    own, new = data.frame[boxes.vertex], other.frame[boxes.vertex]
    offset = torch.einsum("nk,nka,nba->nb", boxes.offset, own[:, :2], new[:, :2])
    turn = torch.atan2(*((own[:, 0] * new[:, axis]).sum(1) for axis in (1, 0)))
    return boxes.moved(boxes.vertex, offset, boxes.angle + turn)


def by_pair(at):
    """Coordinates by box and vertex."""
    return {(int(box), int(vertex)): xy for box, vertex, xy in zip(at.box, at.vertex, at.xy, strict=True)}


def rotated(vector, angle):
    """Vectors (N, 2) turned counter-clockwise by angles (N,)."""
    return torch.view_as_real(torch.view_as_complex(vector.contiguous()) * torch.polar(torch.ones_like(angle), angle))
