"""Pages of images."""

import os
from collections.abc import Sequence

import numpy as np

from gaugenet.viz.colour import palette
from gaugenet.viz.page import page
from gaugenet.viz.png import png_path, write_png

_WIDTH = 720  # minimum width of an image, for lines and names [pixel]


def enlarged(image: np.ndarray) -> np.ndarray:
    """Repeat each pixel of a small image until it is at least 720 pixels wide.

    Args:
        image: Image ``(H, W, 3)``.
    """
    times = -(-_WIDTH // image.shape[1])
    return image.repeat(times, axis=0).repeat(times, axis=1)


def label_image(label: np.ndarray, colour: np.ndarray, shown: np.ndarray | None = None) -> np.ndarray:
    """Return labels as an image.

    Args:
        label: Labels ``(H, W)``; -1 is white.
        colour: Colour of each label ``(C, 3)`` uint8.
        shown: ``(H, W)`` bool; pixels are pale where it is false.

    Returns:
        Image ``(H, W, 3)`` uint8.
    """
    image = np.vstack([colour, np.full((1, 3), 255, np.uint8)])[label]
    pale = (image.astype(np.int64) // 4 + 191).astype(np.uint8)
    return image if shown is None else np.where(shown[..., None] | (label < 0)[..., None], image, pale)


def images_picture(
    path: str | os.PathLike[str], images: Sequence[np.ndarray], titles: Sequence[str], label_names: Sequence[str]
) -> None:
    """Write a PNG with images under their titles, and a legend of the colours of labels.

    Args:
        path: File to write.
        images: Images ``(H, W, 3)`` uint8.
        titles: Title of each image.
        label_names: Names of the labels.

    Raises:
        ValueError: If the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    file = png_path(path)
    legend = list(zip(label_names, palette(len(label_names))))
    write_png(file, page([[image] for image in images], list(titles), 1, legend, None))
