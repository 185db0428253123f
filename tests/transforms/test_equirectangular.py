"""Equirectangular images: conventions by hand, constants, seam and poles, convergence, gradients, refusals."""

import math

import numpy as np
import pytest
import surfaces
import torch
from space_table import random_points, seeded

from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.transforms.equirectangular import Equirectangular, pixel_centres


def smooth(x):
    """Two smooth functions without symmetry."""
    return torch.stack([x[:, 0] * x[:, 1] + x[:, 2] ** 3, torch.exp(x[:, 0] - 0.5 * x[:, 1])], dim=1)


def image_of(height, width):
    return smooth(pixel_centres(height, width)).T.unflatten(1, (height, width))


def test_conventions_by_hand():
    """Row 0 is north; columns run east from -180 degrees; (1, 0, 0) is in the middle."""
    centre = pixel_centres(2, 4).view(2, 4, 3)
    half = 0.5**0.5
    assert torch.allclose(centre[0, 0], torch.tensor([-0.5, -0.5, half]).double(), atol=1e-8)
    assert torch.allclose(centre[1, 2], torch.tensor([0.5, 0.5, -half]).double(), atol=1e-8)
    image = torch.arange(8.0).view(1, 2, 4).double()
    points = torch.cat([centre.flatten(0, 1), torch.tensor([[1.0, 0, 0], [0, 0, 1], [-1, 0, 0]]).double()])
    found = Equirectangular(2, 4, points).sample(image)[:, 0]
    assert torch.allclose(found[:8], torch.arange(8.0).double())
    assert float(found[8]) == pytest.approx((1 + 2 + 5 + 6) / 4)
    assert float(found[9]) == pytest.approx(1.5)  # columns 0 and 1, and 2 and 3 on the other side of the pole
    assert float(found[10]) == pytest.approx((0 + 3 + 4 + 7) / 4)  # the seam


@pytest.mark.parametrize("size", [(16, 32), (9, 15), (1, 1), (3, 2)])
def test_constants_stay(size):
    sphere = icosphere(2)
    maps = Equirectangular(*size, sphere.pos, sphere.face)
    assert (maps.sample(torch.full((2, *size), 3.0, dtype=torch.float64)) - 3).abs().max() < 1e-14
    drawn = maps.draw(torch.full((162, 2), 3.0, dtype=torch.float64))
    assert drawn.shape == (2, *size) and (drawn - 3).abs().max() < 1e-14


@pytest.mark.parametrize("odd", [0, 1])
def test_both_ways_converge(odd):
    """Errors, the poles and the seam included, fall by four when pixels and edges are halved."""
    errors = []
    for level in (2, 3, 4):
        sphere, height = icosphere(level), 8 * 2**level
        width = 2 * height + odd
        maps = Equirectangular(height, width, sphere.pos, sphere.face)
        image, values = image_of(height, width), smooth(sphere.pos)
        drawn = maps.draw(values)
        errors.append(
            [
                float((maps.sample(image) - values).abs().max()),
                float((drawn - image).abs().max()),
                float((maps.sample(drawn) - values).abs().max()),
            ]
        )
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert (rates > 1.6).all() and max(errors[-1]) < 0.006, (errors, rates)


def test_an_image_upside_down_does_not_converge():
    sphere = icosphere(4)
    maps = Equirectangular(128, 256, sphere.pos)
    for broken in (image_of(128, 256).flip(1), image_of(128, 256).roll(128, 2), image_of(128, 256).flip(2)):
        assert (maps.sample(broken) - smooth(sphere.pos)).abs().max() > 0.5


def test_uneven_triangles():
    """Every pixel is in its triangle: linear functions of space, over the distance of the plane, are exact there."""
    sphere = surfaces.data_of(surfaces.uneven_sphere(200))
    maps = Equirectangular(40, 80, sphere.pos, sphere.face)
    weight = maps._drawn[1]
    assert weight.min() > -1e-8 and (weight.sum(0) - 1).abs().max() < 1e-13
    mixed = maps.draw(sphere.pos).flatten(1).T
    assert (mixed / mixed.norm(dim=1, keepdim=True) - pixel_centres(40, 80)).abs().max() < 1e-13
    octahedron = torch.cat([torch.eye(3), -torch.eye(3)]).double()
    face = torch.tensor([[0, 1, 3, 4, 1, 3, 4, 0], [1, 3, 4, 0, 0, 1, 3, 4], [2, 2, 2, 2, 5, 5, 5, 5]])
    mixed = Equirectangular(7, 12, octahedron, face).draw(octahedron).flatten(1).T
    assert (mixed / mixed.norm(dim=1, keepdim=True) - pixel_centres(7, 12)).abs().max() < 1e-13


def test_channels_last():
    sphere = icosphere(2)
    first = Equirectangular(8, 16, sphere.pos, sphere.face)
    last = Equirectangular(8, 16, sphere.pos, sphere.face, channels_last=True)
    image = image_of(8, 16)
    assert torch.equal(first.sample(image), last.sample(image.permute(1, 2, 0)))
    values = smooth(sphere.pos)
    assert torch.equal(first.draw(values).permute(1, 2, 0), last.draw(values))
    assert first.sample(image.float()).dtype == torch.float32


def test_gradients():
    sphere = icosphere(1)
    maps = Equirectangular(4, 6, sphere.pos, sphere.face)
    image = torch.randn(2, 4, 6, generator=seeded(), dtype=torch.float64, requires_grad=True)
    values = torch.randn(42, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(maps.sample, (image,))
    assert torch.autograd.gradcheck(maps.draw, (values,))


def test_a_turn_about_the_axis_is_a_roll():
    """By a number of columns: at any points, across the seam."""
    image, x = image_of(10, 20), random_points(Sphere(), 100)
    turned = Sphere().act(Sphere().rotation(torch.tensor(2 * math.pi * 3 / 20, dtype=torch.float64)), x)
    found = Equirectangular(10, 20, turned).sample(image.roll(3, 2))
    assert (found - Equirectangular(10, 20, x).sample(image)).abs().max() < 1e-12


def test_refusals():
    sphere = icosphere(1)
    with pytest.raises(ValueError, match="at least 1 x 1 pixels, got 0 x 4"):
        Equirectangular(0, 4, sphere.pos)
    with pytest.raises(ValueError, match="on the unit sphere, got 42 others"):
        Equirectangular(4, 8, 2 * sphere.pos)
    with pytest.raises(ValueError, match="counter-clockwise seen from outside, got 80 of 80 others"):
        Equirectangular(4, 8, sphere.pos, sphere.face[[1, 0, 2]])
    with pytest.raises(
        ValueError, match=r"cover the sphere, got \d+ pixels of 32 in none .*: take a closed triangulation"
    ):
        Equirectangular(4, 8, sphere.pos, sphere.face[:, :40])
    maps = Equirectangular(4, 8, sphere.pos)
    with pytest.raises(ValueError, match=r"an image \(C, 4, 8\), got \(8, 4, 1\): resize it, or set channels_last"):
        maps.sample(torch.zeros(8, 4, 1))
    with pytest.raises(ValueError, match=r"an image \(C, 4, 8\), got \(4, 8\)"):
        maps.sample(torch.zeros(4, 8))
    with pytest.raises(ValueError, match=r"values \(42, C\), one row a vertex, got \(40, 2\)"):
        maps.draw(torch.zeros(40, 2))
    with pytest.raises(ValueError, match=r"needs the faces .*, got none: make Equirectangular with face \(3, F\)"):
        maps.draw(torch.zeros(42, 2))
    assert repr(maps) == "Equirectangular(4 x 8, 42 vertices)"
