"""Networks on the sphere: those on harmonics and plain ones by name, the points that they read, and images."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.io.spherical_image import channels_of
from gaugenet.models.classification import ClassificationNet
from gaugenet.models.detection import DetectionNet
from gaugenet.models.harmonic_trunk import HarmonicSettings, HarmonicTrunk
from gaugenet.models.network import OLDER, Network
from gaugenet.models.plain_trunk import PlainSettings, PlainTrunk
from gaugenet.models.segmentation import SegmentationNet
from gaugenet.models.trunk import SphereSample
from gaugenet.transforms.equirectangular import Equirectangular, pixel_centres


class SphericalSegmentationNet(SegmentationNet):
    """Label the points of a grid on the sphere: scores ``(B V, L)`` of B fields, which turn with the fields.

    Args:
        label_names: Names of the labels.
        settings: Arguments of ``HarmonicTrunk``, by name.
    """

    trunk_type = HarmonicTrunk

    def __init__(self, label_names: Sequence[str], **settings: Unpack[HarmonicSettings]) -> None:
        super().__init__(label_names, trunk=HarmonicTrunk(**settings))


class SphericalClassificationNet(ClassificationNet):
    """Classify fields on the sphere, however they are turned: scores ``(B, L)`` of B fields.

    Args:
        label_names: Names of the classes.
        hidden: Width of the small network on the invariants.
        settings: Arguments of ``HarmonicTrunk``, by name.
    """

    trunk_type = HarmonicTrunk
    trunk_settings: ClassVar[Mapping[str, Any]] = {}
    older = OLDER | {"head": "head"}

    def __init__(self, label_names: Sequence[str], *, hidden: int = 128, **settings: Unpack[HarmonicSettings]) -> None:
        super().__init__(label_names, hidden=hidden, trunk=HarmonicTrunk(**settings))


class SphericalDetectionNet(DetectionNet):
    """Find objects on the sphere as oriented boxes: ``(B V, rep_out.dim)`` at the points of a grid.

    Args:
        label_names: Names of the classes.
        unit: Half length of a usual box [rad].
        half_turns: Labels of classes that a half turn leaves the same.
        settings: Arguments of ``HarmonicTrunk``, by name.
    """

    trunk_type = HarmonicTrunk

    def __init__(
        self,
        label_names: Sequence[str],
        unit: float,
        half_turns: Collection[int] = (),
        **settings: Unpack[HarmonicSettings],
    ) -> None:
        super().__init__(label_names, unit, half_turns, trunk=HarmonicTrunk(**settings))


class PlainSegmentationNet(SegmentationNet):
    """Label the points of a grid on the sphere by convolutions of its image: scores ``(B V, L)`` of B fields.

    Args:
        label_names: Names of the labels.
        settings: Arguments of ``PlainTrunk``, by name.
    """

    trunk_type = PlainTrunk

    def __init__(self, label_names: Sequence[str], **settings: Unpack[PlainSettings]) -> None:
        super().__init__(label_names, trunk=PlainTrunk(**settings))


class PlainClassificationNet(ClassificationNet):
    """Classify fields on the sphere by convolutions of their images: scores ``(B, L)`` of B fields.

    Args:
        label_names: Names of the classes.
        hidden: Width of the small network on the invariants.
        settings: Arguments of ``PlainTrunk``, by name; by default widths=(40, 72, 128).
    """

    trunk_type = PlainTrunk
    trunk_settings: ClassVar[Mapping[str, Any]] = {"widths": (40, 72, 128)}
    older = OLDER | {"head": "head"}

    def __init__(self, label_names: Sequence[str], *, hidden: int = 128, **settings: Unpack[PlainSettings]) -> None:
        super().__init__(label_names, hidden=hidden, trunk=PlainTrunk(**{**self.trunk_settings, **settings}))


class PlainDetectionNet(DetectionNet):
    """Find objects on the sphere by convolutions of its image, as oriented boxes: ``(B V, rep_out.dim)``.

    Args:
        label_names: Names of the classes.
        unit: Half length of a usual box [rad].
        half_turns: Labels of classes that a half turn leaves the same.
        settings: Arguments of ``PlainTrunk``, by name.
    """

    trunk_type = PlainTrunk

    def __init__(
        self,
        label_names: Sequence[str],
        unit: float,
        half_turns: Collection[int] = (),
        **settings: Unpack[PlainSettings],
    ) -> None:
        super().__init__(label_names, unit, half_turns, trunk=PlainTrunk(**settings))


def on_sphere(net: Network) -> bool:
    """Return whether a network reads fields on the sphere.

    Args:
        net: The network.
    """
    return net.trunk.on_sphere


def sphere_sample(net: Network, level: int | None = None) -> SphereSample:
    """Return where a network on the sphere reads fields: the points of its grid, or the vertices of an icosphere.

    Args:
        net: The network.
        level: Level of the icosphere; by default the coarsest one with more vertices than the first level.

    Raises:
        ValueError: For a network on meshes, or a level of the icosphere for one that has a grid.
    """
    return net.trunk.sample(level)


def on_sample(net: Network, sample: SphereSample, pixels: np.ndarray) -> Data:
    """Return an image of the sphere at the points that a network reads.

    Pixels of an image that is finer than the points are averaged to about their spacing first, so that everything
    between the points counts.

    Args:
        net: The network.
        sample: The points, from ``sphere_sample``.
        pixels: ``(H, W, 3)`` uint8 image, equirectangular.

    Raises:
        ValueError: For a network that reads anything but 1 or 3 invariant fields.
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
    """Return values at points as an image ``(H, W, ...)``: a pixel has that of the nearest point.

    Args:
        value: ``(V, ...)`` values.
        sample: The points.
        height: H, rows of the image.
        width: W, columns of the image.
    """
    from scipy.spatial import cKDTree

    nearest = cKDTree(sample.point.numpy()).query(pixel_centres(height, width).numpy())[1]
    return value[torch.from_numpy(nearest)].unflatten(0, (height, width))
