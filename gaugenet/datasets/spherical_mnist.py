"""MNIST on the sphere: handwritten digits, projected, and the IDX files that hold them."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gaugenet.datasets.mesh_dataset import spread
from gaugenet.io.file import existing_file

_FILES = {"train": "train", "validation": "train", "test": "t10k"}


class SphericalMNIST:
    """Images of digits on S^2, each with its centre at the north pole (Cohen et al. 2018, section 5.2).

    An image lies on the sphere by stereographic projection from the south pole: the point at colatitude theta and
    longitude phi shows the image at tan(theta / 2) (cos phi, sin phi), where -1 and 1 are the middles of its edges. The
    largest circle in the image fills the northern hemisphere. Between pixels, values are interpolated linearly; outside
    of the image they are 0.

    Args:
        root: Folder with the four IDX files, ``train-images-idx3-ubyte`` and so on, with or without ``.gz``.
        split: "train", "validation" or "test".
        validation: Number of training images, spread over the file, that are held back for validation.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the split is unknown or empty, or a file is damaged or does not fit the others.
    """

    label_names = tuple("0123456789")
    region_names = ("background", *label_names)

    def __init__(self, root: str | os.PathLike[str], split: str = "train", validation: int = 0) -> None:
        if split not in _FILES:
            raise ValueError(f'SphericalMNIST has the splits train, validation and test, got "{split}"')
        images = read_idx(_file(Path(root), f"{_FILES[split]}-images-idx3-ubyte"))
        labels = read_idx(_file(Path(root), f"{_FILES[split]}-labels-idx1-ubyte"))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(f"{root}: images must be (N, H, W), labels (N,), got {images.shape} and {labels.shape}")
        if labels.max(initial=0) > 9:
            raise ValueError(f"{root}: expected digits 0 to 9 as labels, got {labels.max()}")
        validation = 0 if split == "test" else validation
        if split == "validation" and validation == 0:
            raise ValueError("the validation split is empty for validation=0: give a number of images")
        if not 0 <= validation < len(images):
            raise ValueError(f"validation must leave one of the {len(images)} images, got {validation}")
        held = torch.zeros(len(images), dtype=torch.bool)
        held[spread(len(images), validation)] = True  # the files may be sorted by digit
        chosen = held if split == "validation" else ~held
        self.images = torch.from_numpy(images.copy())[chosen]
        self.labels = torch.from_numpy(labels.astype("int64"))[chosen]

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return some images at points of the sphere.

        Args:
            numbers: (B,), indices of the images.
            point: (V, 3), unit vectors.
            rotation: (B, 3, 3), rotation of each image.

        Returns:
            Values (B, V) from 0 to 1, in the dtype of the points.
        """
        # R^-1 p, as rows.
        moved = point.expand(len(numbers), -1, -1) if rotation is None else point @ rotation.to(point)
        return brightness(self.images[numbers], stereographic(moved)) * (moved[..., 2] > -0.5)

    def regions_at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return the regions of some images at points of the sphere, for semantic segmentation.

        The digit is where the image has at least half of the largest possible brightness (Gerken et al. 2022).

        Args:
            numbers: (B,), indices of the images.
            point: (V, 3), unit vectors.
            rotation: (B, 3, 3), rotation of each image.

        Returns:
            Indices (B, V) into ``region_names``.
        """
        inside = self.at(numbers, point, rotation) >= 0.5
        return torch.where(inside, self.labels[numbers, None] + 1, 0)


def stereographic(point: Tensor) -> Tensor:
    """Project points of S^2 from the south pole: tan(theta / 2) (cos phi, sin phi).

    Args:
        point: (..., 3), unit vectors.

    Returns:
        Points (..., 2) of the plane; those near the south pole are finite and far away.
    """
    # tan(theta / 2) = sin(theta) / (1 + cos(theta))
    return point[..., :2] / (1.0 + point[..., 2:]).clamp_min(1e-6)


def brightness(images: Tensor, plane: Tensor) -> Tensor:
    """Interpolate images at points of the plane, linearly between the centres of pixels and 0 outside.

    Args:
        images: (N, H, W) uint8.
        plane: (N, V, 2), coordinates to the right and up; -1 and 1 are the edges of the image.

    Returns:
        Values (N, V) from 0 to 1, in the dtype of the points.
    """
    # Rows of an image go down: the y axis of the plane points up.
    place = torch.stack([plane[..., 0], -plane[..., 1]], dim=-1)[:, :, None]
    image = images.to(plane)[:, None] / 255.0
    return torch.nn.functional.grid_sample(image, place, "bilinear", "zeros", align_corners=False)[:, 0, :, 0]


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file of unsigned bytes, compressed (``.gz``) or not.

    Two zero bytes, a byte for the type (8: unsigned bytes), one for the number of axes; each size as a big-endian
    integer of 32 bits; then the values, last axis fastest (LeCun, Cortes & Burges, "The MNIST database").

    Args:
        path: File to read.

    Returns:
        The array, uint8.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no IDX file of bytes, or damaged.
    """
    path = existing_file(path, "expected one like train-images-idx3-ubyte.gz")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: damaged or not compressed by gzip ({error}); fetch the file again") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        begins = content[:4].hex(" ") or "nothing"
        raise ValueError(f"{path}: expected an IDX file of bytes, which begins with 00 00 08, got {begins}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path}: truncated inside the header; fetch it again")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{path}: the header announces {shape}, got {len(content) - start} values; fetch it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _file(root: Path, name: str) -> Path:
    if (root / name).is_file():
        return root / name
    return existing_file(root / f"{name}.gz", "name the folder of the four files of MNIST")
