"""Networks on the sphere and equirectangular images."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.data.equirectangular import Equirectangular, pixel_centres
from gaugenet.data.spherical_image import channels_of
from gaugenet.models.network import Network
from gaugenet.models.sphere_sample import SphereSample


def on_sample(net: Network, sample: SphereSample, pixels: np.ndarray) -> Data:
    """Return an image ``(H, W, 3)`` uint8 as a network on the sphere reads it, at the points of its sample.

    Raises:
        ValueError: for a network that reads anything but 1 or 3 invariant fields.
    """
    if not net.rep_in.invariant:
        raise ValueError(
            f"images are invariant fields, got a network that reads {net.rep_in}: give it fields from Python"
        )
    image = channels_of(pixels, net.rep_in.dim)
    return sample.with_field(Equirectangular(len(pixels), pixels.shape[1], sample.point).sample(image))


def at_pixels(value: Tensor, sample: SphereSample, height: int, width: int) -> Tensor:
    """Return values ``(V, ...)`` at points as an image ``(H, W, ...)``: a pixel has that of the nearest point."""
    nearest = cKDTree(sample.point.numpy()).query(pixel_centres(height, width).numpy())[1]
    return value[torch.from_numpy(nearest)].unflatten(0, (height, width))
