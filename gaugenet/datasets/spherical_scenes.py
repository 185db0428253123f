"""Scenes on the sphere: several digits of MNIST at random positions."""

from __future__ import annotations

import math
import os
from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.datasets.spherical_mnist import SphericalMNIST, brightness, stereographic

MOST = 5  # digits in a scene
_SPLITS = ("train", "validation", "test")


class SphereObjects(NamedTuple):
    """Objects on S^2.

    Attributes:
        centre: (N, 3), unit vectors.
        direction: (N, 3), unit vectors that are tangent at the centres.
        extent: (N, 2), half lengths along the direction and across [rad].
        label: (N,), digits.
    """

    centre: Tensor
    direction: Tensor
    extent: Tensor
    label: Tensor


class SphericalScenes:
    """Scenes of one to five digits on S^2, for semantic segmentation and detection.

    A digit lies on a disc by stereographic projection from the antipode of its centre, as in ``SphericalMNIST``. The
    radius of the disc is from 0.5 to 0.8 rad, and its centre lies between 50 degrees south and north. Digits are up to
    45 degrees from upright, so that the scenes have an upward direction until they are rotated. Discs of three quarters
    of the radius, which contain the digits, do not overlap. The box of a digit encloses the pixels with at least half
    of the largest possible brightness; its direction is to the right along the image.

    The same arguments always give the same scenes.

    Args:
        root: Folder of the files of MNIST.
        split: "train", "validation" or "test"; the scenes show the images of this split of ``SphericalMNIST``.
        count: Number of scenes.
        validation: Number of training images that are held back for validation.
        seed: Seed of the scenes; splits differ even with one seed.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If ``count`` is below 1, the split is unknown or empty, or a file is damaged.
    """

    label_names = SphericalMNIST.label_names
    region_names = SphericalMNIST.region_names
    half_turns = (0, 1, 8)  # digits that a half turn does not change

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        count: int = 10_000,
        validation: int = 5_000,
        seed: int = 0,
    ) -> None:
        if count < 1:
            raise ValueError(f"SphericalScenes expects a count >= 1, got {count}")
        self.digits = SphericalMNIST(root, split, validation)
        generator = torch.Generator().manual_seed(len(_SPLITS) * seed + _SPLITS.index(split))
        self.image = torch.randint(len(self.digits), (count, MOST), generator=generator)
        self.there = torch.arange(MOST) < torch.randint(1, MOST + 1, (count, 1), generator=generator)
        self.place, self.radius = _places(count, generator)

    def __len__(self) -> int:
        return len(self.image)

    def at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return some scenes at points of the sphere.

        Args:
            numbers: (B,), indices of the scenes.
            point: (V, 3), unit vectors.
            rotation: (B, 3, 3), rotation of each scene.

        Returns:
            Values (B, V) from 0 to 1, in the dtype of the points.
        """
        return self._each(numbers, point, rotation).amax(dim=1)

    def regions_at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return the regions of some scenes at points of the sphere, for semantic segmentation.

        Args:
            numbers: (B,), indices of the scenes.
            point: (V, 3), unit vectors.
            rotation: (B, 3, 3), rotation of each scene.

        Returns:
            Indices (B, V) into ``region_names``.
        """
        most, which = self._each(numbers, point, rotation).max(dim=1)
        label = self.digits.labels[self.image[numbers]].gather(1, which)
        return torch.where(most >= 0.5, label + 1, 0)

    def objects(self, number: int, rotation: Tensor | None = None) -> SphereObjects:
        """Return the digits of one scene.

        Args:
            number: Index of the scene.
            rotation: (3, 3), rotation of the scene.
        """
        there = self.there[number]
        image, place = self.image[number, there], self.place[number, there]
        place = place if rotation is None else rotation.to(place) @ place
        low, high = _bounds(self.digits.images[image])
        scale = torch.tan(0.5 * self.radius[number, there])[:, None]
        low, high = low * scale, high * scale
        middle = 0.5 * (low + high)
        centre = _on_sphere(middle)
        # Mean of the distances to opposite sides, which differ a little on a sphere.
        sides = [torch.where(torch.arange(2) == axis, side, middle) for axis in range(2) for side in (low, high)]
        ways = [_distance(centre, _on_sphere(side)) for side in sides]
        extent = 0.5 * torch.stack([ways[0] + ways[1], ways[2] + ways[3]], dim=1)
        centre, direction = ((place @ vector[..., None])[..., 0] for vector in (centre, _along(middle)))
        return SphereObjects(centre, direction, extent, self.digits.labels[image])

    def _each(self, numbers: Tensor, point: Tensor, rotation: Tensor | None) -> Tensor:
        """Return each digit separately, (B, MOST, V), and zeros for digits that a scene does not have."""
        place = self.place[numbers]
        turned = place if rotation is None else rotation.to(place)[:, None] @ place
        moved = point.to(place) @ turned  # R^-1 p, as rows
        scale = torch.tan(0.5 * self.radius[numbers])[..., None, None]
        plane = stereographic(moved) / scale
        images = self.digits.images[self.image[numbers]].flatten(0, 1)
        values = brightness(images, plane.flatten(0, 1).to(point)).unflatten(0, turned.shape[:2])
        return values * self.there[numbers][..., None] * (moved[..., 2] > -0.5)


def _places(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return rotations (count, MOST, 3, 3) of the north pole to the centres, and radii (count, MOST) of the discs.

    Each digit is drawn again until it fits, in all scenes at a time.
    """
    middle = torch.zeros(count, MOST, 3, dtype=torch.float64)
    radius = torch.zeros(count, MOST, dtype=torch.float64)
    upright = torch.zeros(count, MOST, dtype=torch.float64)
    for number in range(MOST):
        todo = torch.arange(count)
        while len(todo):
            latitude, longitude, size, lean = torch.rand(4, len(todo), generator=generator, dtype=torch.float64)
            z = math.sin(math.radians(50.0)) * (2 * latitude - 1)
            phi, r = 2 * math.pi * longitude, (1 - z.square()).sqrt()
            here = torch.stack([r * phi.cos(), r * phi.sin(), z], dim=1)
            reach = 0.5 + 0.3 * size
            gap = _distance(here[:, None], middle[todo, :number]) - 0.75 * (radius[todo, :number] + reach[:, None])
            fits = (gap > 0).all(1)
            done = todo[fits]
            middle[done, number], radius[done, number] = here[fits], reach[fits]
            upright[done, number] = math.radians(90.0) * (lean[fits] - 0.5)
            todo = todo[~fits]
    east = torch.stack([-middle[..., 1], middle[..., 0], torch.zeros_like(middle[..., 0])], dim=-1)
    east = torch.nn.functional.normalize(east, dim=-1)
    north = torch.linalg.cross(middle, east)
    cos, sin = upright.cos()[..., None], upright.sin()[..., None]
    return torch.stack([cos * east + sin * north, cos * north - sin * east, middle], dim=-1), radius


def _bounds(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the lowest and highest coordinates (N, 2), right and up from -1 to 1, of the bright pixels."""
    bright = images >= 128
    bright = bright | (images == images.amax((1, 2), keepdim=True))
    low, high = [], []
    for axis, sign in ((1, 1.0), (2, -1.0)):  # columns to the right, then rows, which go down
        some = bright.any(axis).double()
        size = some.shape[1]
        first, last = some.argmax(1), size - some.flip(1).argmax(1)
        ends = torch.stack([2.0 * first / size - 1, 2.0 * last / size - 1], dim=1) * sign
        low.append(ends.amin(1))
        high.append(ends.amax(1))
    return torch.stack(low, dim=1).double(), torch.stack(high, dim=1).double()


def _on_sphere(plane: Tensor) -> Tensor:
    """Return the points (N, 3) of S^2 whose stereographic projections are ``plane`` (N, 2)."""
    square = plane.square().sum(1, keepdim=True)
    return torch.cat([2 * plane, 1 - square], dim=1) / (1 + square)


def _along(plane: Tensor) -> Tensor:
    """Return the unit tangent vectors (N, 3) to the right along the plane, at the points of ``_on_sphere``."""
    x, y = plane.unbind(1)
    way = torch.stack([1 - x.square() + y.square(), -2 * x * y, -2 * x], dim=1)
    return torch.nn.functional.normalize(way, dim=1)


def _distance(one: Tensor, two: Tensor) -> Tensor:
    """Return angles between unit vectors [rad]."""
    return 2 * torch.asin((0.5 * (one - two).norm(dim=-1)).clamp(max=1.0))
