"""Pages of images."""

import os
from collections.abc import Sequence

import numpy as np

from gaugenet.viz.colour import palette
from gaugenet.viz.page import page
from gaugenet.viz.png import png_path, write_png

# Width that an image has at least, so that lines and names have room [pixel].
_WIDTH = 720


def enlarged(image: np.ndarray) -> np.ndarray:
    """Return a small image (H, W, 3) with each pixel repeated, as often as makes it 720 wide or more."""
    times = -(-_WIDTH // image.shape[1])
    return image.repeat(times, axis=0).repeat(times, axis=1)


def label_image(label: np.ndarray, colour: np.ndarray, shown: np.ndarray | None = None) -> np.ndarray:
    """Return labels (H, W) as an image (H, W, 3), white where they are -1, pale where `shown` (H, W) is false."""
    image = np.vstack([colour, np.full((1, 3), 255, np.uint8)])[label]
    pale = (image.astype(np.int64) // 4 + 191).astype(np.uint8)
    return image if shown is None else np.where(shown[..., None] | (label < 0)[..., None], image, pale)


def images_picture(
    path: str | os.PathLike[str], images: Sequence[np.ndarray], titles: Sequence[str], label_names: Sequence[str]
) -> None:
    """
    Write a PNG with images (H, W, 3) uint8 under their titles, and a legend of the colours of labels.

    Raises `FileNotFoundError` if the folder does not exist.
    """
    file = png_path(path)
    legend = list(zip(label_names, palette(len(label_names))))
    write_png(file, page([[image] for image in images], list(titles), 1, legend, None))
