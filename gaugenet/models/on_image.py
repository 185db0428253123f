"""Networks on the sphere and equirectangular images."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data

from gaugenet.io.spherical_image import channels_of
from gaugenet.models.network import Network
from gaugenet.models.sphere_sample import SphereSample
from gaugenet.transforms.equirectangular import Equirectangular, pixel_centres


def on_sample(net: Network, sample: SphereSample, pixels: np.ndarray) -> Data:
    """Return an image ``(H, W, 3)`` uint8 as a network on the sphere reads it, at the points of its sample.

    Of an image that is finer than the points, pixels are averaged to about their spacing first, so that what lies
    between points counts too.

    Raises:
        ValueError: for a network that reads anything but 1 or 3 invariant fields.
    """
    if not net.rep_in.invariant:
        raise ValueError(
            f"images are invariant fields, got a network that reads {net.rep_in}: give it fields from Python"
        )
    image = channels_of(pixels, net.rep_in.dim)
    height = len(pixels)
    finer = int(math.sqrt(4 * math.pi / len(sample.point)) / (math.pi / height))
    if finer > 1:
        height = math.ceil(height / finer)
        image = functional.interpolate(image[None], (height, 2 * height), mode="area")[0]
    return sample.with_field(Equirectangular(height, 2 * height, sample.point).sample(image))


def at_pixels(value: Tensor, sample: SphereSample, height: int, width: int) -> Tensor:
    """Return values ``(V, ...)`` at points as an image ``(H, W, ...)``: a pixel has that of the nearest point."""
    nearest = cKDTree(sample.point.numpy()).query(pixel_centres(height, width).numpy())[1]
    return value[torch.from_numpy(nearest)].unflatten(0, (height, width))
