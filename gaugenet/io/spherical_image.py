"""Files of equirectangular images of the sphere."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from gaugenet.io.file import existing_file, open_atomic

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


def is_image(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is an image, by its suffix.

    Args:
        path: File, which need not exist.
    """
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an image that is twice as wide as high; rows and columns are those of ``Equirectangular``.

    Grey becomes three equal channels, 16 bits become 8; transparency and an orientation in EXIF are ignored.

    Args:
        path: PNG or JPEG file.

    Returns:
        Pixels (H, W, 3) uint8, W = 2 H.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image, too large or of another shape.
    """
    file = existing_file(path, f"expected an image {', '.join(IMAGE_SUFFIXES)}")
    try:
        with Image.open(file) as image:
            pixels = _rgb(image)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{file}: the image is too large ({error}); scale it down") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file}: not an image, or damaged ({error}); write it again as PNG or JPEG") from None
    height, width = pixels.shape[:2]
    if width != 2 * height:
        raise ValueError(f"{file}: expected the whole sphere, twice as wide as high, got {width} x {height} pixels")
    return pixels


def _rgb(image: Image.Image) -> np.ndarray:
    """Return the pixels ``(H, W, 3)`` uint8."""
    if not image.mode.startswith("I"):
        return np.asarray(image.convert("RGB"))
    # Grey in 16 bits: Pillow would clip it at 255 instead of scaling it.
    grey = np.asarray(image).astype(np.int64).clip(0, 65535)
    return np.repeat(((grey + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)


def channels_of(pixels: np.ndarray, channels: int) -> Tensor:
    """Convert pixels to channels: red, green and blue, or their mean.

    Args:
        pixels: (H, W, 3) uint8.
        channels: C, 3 or 1.

    Returns:
        Image (C, H, W) float64, from 0 to 1.

    Raises:
        ValueError: If C is another number.
    """
    image = torch.from_numpy(pixels.copy()).double().permute(2, 0, 1) / 255
    if channels == 1:
        return image.mean(0, keepdim=True)
    if channels == 3:
        return image
    raise ValueError(f"images have 1 or 3 channels, got a network that reads {channels}: give it fields from Python")


def write_label_image(path: str | os.PathLike[str], label: np.ndarray, colour: np.ndarray) -> None:
    """Write labels as a PNG with a palette, whole or not at all.

    Args:
        path: File to write.
        label: (H, W), labels below 256, the values of the pixels.
        colour: (L, 3), 0 to 255, the colours in which labels are shown.

    Raises:
        FileNotFoundError: If the folder does not exist.
    """
    image = Image.fromarray(label.astype(np.uint8), mode="P")
    image.putpalette(np.asarray(colour, np.uint8).tobytes())
    _write(path, image)


def write_image(path: str | os.PathLike[str], pixels: np.ndarray) -> None:
    """Write an image as a PNG, whole or not at all.

    Args:
        path: File to write.
        pixels: (H, W) or (H, W, 3), uint8.

    Raises:
        FileNotFoundError: If the folder does not exist.
    """
    _write(path, Image.fromarray(pixels))


def _write(path: str | os.PathLike[str], image: Image.Image) -> None:
    with open_atomic(path) as file:
        image.save(file, format="PNG")
