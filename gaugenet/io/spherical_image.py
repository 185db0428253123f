"""Equirectangular images of the sphere in files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from gaugenet.io.file import open_atomic

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


def is_image(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is an image, by its ending."""
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an image ``(H, W, 3)`` uint8, twice as wide as high; rows and columns are those of ``Equirectangular``.

    Grey becomes three equal channels, 16 bits become 8; transparency and an orientation in EXIF are ignored.

    Raises:
        FileNotFoundError: no such file. ValueError: no image, or one that is too large or of another shape.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file; expected an image {', '.join(IMAGE_SUFFIXES)}")
    try:
        with Image.open(file) as image:
            pixels = _rgb(image)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{file}: the image is too large ({error}); scale it down") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file}: not an image, or damaged ({error}); write it again as PNG or JPEG") from None
    height, width = pixels.shape[:2]
    if width != 2 * height:
        raise ValueError(
            f"{file}: expected an equirectangular image, twice as wide as high, got {width} x {height} pixels: it has "
            "to show the whole sphere"
        )
    return pixels


def _rgb(image: Image.Image) -> np.ndarray:
    """Return the pixels ``(H, W, 3)`` uint8."""
    if not image.mode.startswith("I"):
        return np.asarray(image.convert("RGB"))
    # Grey in 16 bits, which Pillow would cut off at 255 instead of dividing it.
    grey = np.asarray(image).astype(np.int64).clip(0, 65535)
    return np.repeat(((grey + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)


def channels_of(pixels: np.ndarray, channels: int) -> Tensor:
    """Return an image ``(C, H, W)`` from 0 to 1: red, green and blue, or with one channel their mean.

    Raises:
        ValueError: for another number of channels.
    """
    image = torch.from_numpy(pixels.copy()).double().permute(2, 0, 1) / 255
    if channels == 1:
        return image.mean(0, keepdim=True)
    if channels == 3:
        return image
    raise ValueError(f"images have 1 or 3 channels, got a network that reads {channels}: give it fields from Python")


def write_label_image(path: str | os.PathLike[str], label: np.ndarray, colour: np.ndarray) -> None:
    """Write labels ``(H, W)`` as a PNG with a palette: pixels are labels, shown in the colours ``(L, 3)``.

    The file appears whole or not at all.
    """
    image = Image.fromarray(label.astype(np.uint8), mode="P")
    image.putpalette(np.asarray(colour, np.uint8).tobytes())
    _write(path, image)


def write_image(path: str | os.PathLike[str], pixels: np.ndarray) -> None:
    """Write an image ``(H, W)`` or ``(H, W, 3)`` uint8 as a PNG; the file appears whole or not at all."""
    _write(path, Image.fromarray(pixels))


def _write(path: str | os.PathLike[str], image: Image.Image) -> None:
    with open_atomic(path) as file:
        image.save(file, format="PNG")
