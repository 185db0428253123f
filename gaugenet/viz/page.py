"""Pages of pictures with captions and a legend, and images of labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaugenet.viz.colour import palette
from gaugenet.viz.png import png_path, write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

DPI = 150
GAP = 24  # between the pictures of a strip; twice that between strips and around them [pixel]
LINE = 36  # height of a caption [pixel]
FORMAT = 4 / 3  # preferred ratio of the width of a page to its height
WIDTH = 720  # minimum width of an enlarged image, for lines and names [pixel]
MAX_SIDE = 2**16 - 1  # largest side that matplotlib can draw [pixel]


def page(
    strips: Sequence[Sequence[np.ndarray]],
    captions: Sequence[str],
    columns: int,
    legend: Sequence[tuple[str, np.ndarray]],
    title: str | None,
) -> Figure:
    """Compose strips of pictures as a figure.

    Each picture is drawn pixel by pixel, centred on those above and below.

    Args:
        strips: Strips of pictures ``(H, W, 3)`` uint8; all strips have the same number of pictures.
        captions: Caption of each strip.
        columns: Number of strips side by side.
        legend: Names and colours ``(3,)`` uint8.
        title: Title of the page.

    Raises:
        ValueError: If the page would be larger than matplotlib can draw.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [figure.text(0, 0, text, size=10) for text in captions]
    heading = figure.text(0, 0, title or "", size=12, weight="bold")
    for text in (*texts, heading):
        text.set(ha="center", va="center", transform=None, parse_math=False)

    rows = [range(first, min(first + columns, len(strips))) for first in range(0, len(strips), columns)]
    heights = [max(picture.shape[0] for s in row for picture in strips[s]) for row in rows]
    widths = [np.max([[p.shape[1] for p in strip] for strip in strips[c::columns]], axis=0) for c in range(columns)]
    text_widths = [text.get_window_extent(renderer).width for text in texts]
    strip_widths = [int(max(w.sum() + GAP * (len(w) - 1), *text_widths[c::columns])) for c, w in enumerate(widths)]
    W = int(max(sum(strip_widths) + 2 * GAP * (columns + 1), heading.get_window_extent(renderer).width + 4 * GAP))
    figure.set_size_inches(W / DPI, 1)
    key = _legend(figure, legend, W).get_window_extent(renderer)
    W = max(W, int(key.width) + GAP)
    left = np.cumsum([(W - sum(strip_widths) - 2 * GAP * (columns - 1)) // 2, *(w + 2 * GAP for w in strip_widths)])
    head = 2 * GAP + (LINE if title else 0)
    H = head + sum(heights) + len(rows) * (LINE + 2 * GAP) + int(key.height) + 2 * GAP
    if max(H, W) > MAX_SIDE:
        raise ValueError(
            f"expected at most {MAX_SIDE} pixels a side, got a page of {W} x {H}: draw fewer than {len(strips)} shapes"
        )
    figure.set_size_inches(W / DPI, H / DPI)

    canvas = np.full((H, W, 3), 255, np.uint8)
    heading.set_position((W / 2, H - head / 2))
    top = head
    for row, height in zip(rows, heights):
        for c, s in enumerate(row):
            texts[s].set_position((left[c] + strip_widths[c] / 2, H - top - LINE / 2))
            x = left[c] + (strip_widths[c] - widths[c].sum() - GAP * (len(widths[c]) - 1)) // 2
            for picture, width in zip(strips[s], widths[c]):
                h, w = picture.shape[:2]
                y0, x0 = top + LINE + (height - h) // 2, x + (width - w) // 2
                canvas[y0 : y0 + h, x0 : x0 + w] = picture
                x += width + GAP
        top += LINE + height + 2 * GAP
    figure.figimage(canvas)
    return figure


def fitting_columns(strips: Sequence[Sequence[np.ndarray]], together: int = 1) -> int:
    """Return the number of strips side by side that gives the page closest to the preferred format.

    Args:
        strips: Strips of pictures ``(H, W, 3)``.
        together: The number is a multiple of this.
    """
    width = float(np.mean([sum(picture.shape[1] + GAP for picture in strip) + GAP for strip in strips]))
    height = float(np.mean([max(picture.shape[0] for picture in strip) for strip in strips])) + LINE + 2 * GAP

    def rows(columns: int) -> int:
        return -(-len(strips) // columns)

    def misfit(columns: int) -> float:
        return abs(np.log(columns * width / (rows(columns) * height * FORMAT)))

    choices = range(together, len(strips) + together, together)
    # Of the choices with the same number of rows, the smallest fills the last row best.
    return min({rows(columns): columns for columns in reversed(choices)}.values(), key=misfit)


def _legend(figure: Figure, entries: Sequence[tuple[str, np.ndarray]], width: int) -> Legend:
    """Add a legend at the bottom of a figure, in as few rows as its width [pixel] allows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patches import Patch

    renderer = FigureCanvasAgg(figure).get_renderer()
    patches = [Patch(facecolor=tuple((rgb / 255).tolist()), edgecolor="0.3", linewidth=0.5) for _, rgb in entries]
    for rows in range(1, len(patches) + 1):
        columns = -(-len(patches) // rows)
        legend = figure.legend(
            patches, ["name"] * len(patches), ncols=columns, loc="lower center", frameon=False, fontsize=10
        )
        for text, (name, _) in zip(legend.get_texts(), entries):  # names may contain $ or begin with _
            text.set(text=name, parse_math=False)
        if columns == 1 or legend.get_window_extent(renderer).width <= width:
            break
        legend.remove()
    return legend


def write_page(
    path: str | os.PathLike[str],
    strips: Sequence[Sequence[np.ndarray]],
    captions: Sequence[str],
    label_names: Sequence[str],
) -> None:
    """Write a PNG with one strip of pictures below the other, and a legend of the colours of labels.

    Args:
        path: File to write.
        strips: Strips of pictures ``(H, W, 3)`` uint8.
        captions: Caption of each strip.
        label_names: Names of the labels.
    """
    file = png_path(path)
    write_png(file, page(strips, captions, 1, list(zip(label_names, palette(len(label_names)))), None))


def enlarged(image: np.ndarray) -> np.ndarray:
    """Repeat each pixel of a small image until it is at least 720 pixels wide.

    Args:
        image: Image ``(H, W, 3)``.
    """
    times = -(-WIDTH // image.shape[1])
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
    write_page(path, [[image] for image in images], list(titles), label_names)
