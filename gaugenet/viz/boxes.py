"""Pictures of boxes on surfaces: outlines over shaded views, and over equirectangular images."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import IdentityTransform
from numpy.typing import ArrayLike

from gaugenet.viz.colour import UNLABELLED, palette
from gaugenet.viz.drawable import drawable
from gaugenet.viz.page import DPI, page
from gaugenet.viz.png import png_path, write_png
from gaugenet.viz.renderer import render
from gaugenet.viz.segmentation import view_sizes
from gaugenet.viz.tube import tubes
from gaugenet.viz.viewpoint import viewpoints

THICKNESS = 0.006  # radius of an outline in space, relative to the longest side of the shape
WIDTH = 2.0  # of an outline in an image [point]
FAINTEST = 0.25  # how much of its colour an outline of score 0 keeps


@dataclass(frozen=True)
class Outlines:
    """N lines in space, line (N, K, 3), NaN where there is nothing to draw, with label (N,) and score (N,) in 0..1."""

    line: np.ndarray
    label: np.ndarray
    score: np.ndarray


def boxes_picture(
    path: str | os.PathLike[str],
    pos: np.ndarray,
    face: np.ndarray,
    outlines: Outlines,
    label_names: Sequence[str],
    *,
    face_rgb: np.ndarray | None = None,
    views: int = 3,
    title: str = "",
    up: ArrayLike | None = None,
) -> None:
    """
    Write a PNG with `views` shaded views of a mesh, pos (V, 3), face (F, 3), with outlines on it and a legend.

    Outlines are tubes in space, so that the shape hides what is behind it. Colours are those of the labels, the paler
    the lower the score. Faces are grey unless `face_rgb` (F, 3) uint8 says otherwise.

    Raises `ValueError` if outlines do not fit the names, or the mesh cannot be drawn; `FileNotFoundError` if the folder
    does not exist.
    """
    file = png_path(path)
    colour = _colours(outlines, len(label_names))
    pos, face = np.asarray(pos, np.float64), np.asarray(face)
    seen = viewpoints(pos, face, views, up)
    shape = np.full((len(face), 3), UNLABELLED) if face_rgb is None else np.asarray(face_rgb)
    corner, side, owner = tubes(outlines.line, THICKNESS * np.ptp(pos[face].reshape(-1, 3), axis=0).max())
    both = np.concatenate([pos, corner]), np.concatenate([face, side + len(pos)])
    rgb = np.concatenate([shape, colour[owner]])
    strip = [
        render(*both, rgb, direction=direction, up=seen.up, size=size)
        for direction, size in zip(seen.direction, view_sizes(drawable(*both), seen))
    ]
    legend = list(zip(label_names, palette(len(label_names))))
    write_png(file, page([strip], [title], 1, legend, None))


def boxes_image(
    path: str | os.PathLike[str], image: np.ndarray, outlines: Outlines, label_names: Sequence[str], *, title: str = ""
) -> None:
    """
    Write a PNG of an equirectangular image (H, W, 3) uint8 with outlines, unit vectors, and their names and scores.

    Row 0 is at the north pole (0, 0, 1), column 0 begins at longitude -180 degrees. Lines are cut at the seam.

    Raises `ValueError` if the image has another shape or outlines do not fit the names; `FileNotFoundError` if the
    folder does not exist.
    """
    file = png_path(path)
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an image (H, W, 3) uint8, got {image.dtype} {image.shape}")
    colour = _colours(outlines, len(label_names)) / 255
    H, W = image.shape[:2]
    # Pixels of matplotlib count upwards.
    x = W * (np.arctan2(outlines.line[..., 1], outlines.line[..., 0]) / (2 * np.pi) + 0.5)
    y = H * (np.arctan2(outlines.line[..., 2], np.hypot(outlines.line[..., 0], outlines.line[..., 1])) / np.pi + 0.5)
    figure = Figure(figsize=(W / DPI, H / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    figure.figimage(image)
    for k, (u, v) in enumerate(zip(x, y)):
        jump = np.flatnonzero(np.abs(np.diff(u)) > W / 2) + 1
        line = Line2D(np.insert(u, jump, np.nan), np.insert(v, jump, np.nan), color=colour[k], linewidth=WIDTH)
        line.set_path_effects([Stroke(linewidth=2 * WIDTH, foreground="white", alpha=0.6), Normal()])
        figure.add_artist(line).set_transform(IdentityTransform())
    for k in range(len(x)):
        if np.isfinite(y[k]).any():
            top = np.nanargmax(y[k])
            _named(figure, canvas, f"{label_names[outlines.label[k]]} {outlines.score[k]:.2f}", x[k, top], y[k, top])
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    write_png(file, page([[drawn]], [title], 1, list(zip(label_names, palette(len(label_names)))), None))


def _named(figure: Figure, canvas: FigureCanvasAgg, name: str, x: float, y: float) -> None:
    """Write a name above a place [pixel], or as near to that as the figure goes."""
    place: dict[str, Any] = {"ha": "center", "va": "bottom", "size": 7, "transform": None, "parse_math": False}
    text = figure.text(x, y + 4, name, bbox={"facecolor": "white", "alpha": 0.7, "pad": 1, "linewidth": 0}, **place)
    box, (width, height) = text.get_window_extent(canvas.get_renderer()), figure.bbox.size
    half = box.width / 2 + 2
    text.set_position((min(max(x, half), max(width - half, half)), min(y + 4, height - box.height - 2)))


def _colours(outlines: Outlines, names: int) -> np.ndarray:
    """Return the colours (N, 3) uint8 of outlines, if they fit the names."""
    line, label, score = (np.asarray(one) for one in (outlines.line, outlines.label, outlines.score))
    if line.ndim != 3 or line.shape[2] != 3 or label.shape != line.shape[:1] or score.shape != line.shape[:1]:
        raise ValueError(
            f"expected lines (N, K, 3), a label and a score each, got {line.shape}, {label.shape}, {score.shape}"
        )
    if label.size and (label.dtype.kind not in "iu" or label.min() < 0 or label.max() >= names):
        raise ValueError(
            f"expected labels in 0..{names - 1}, as there are {names} names, got {label.min()}..{label.max()}"
        )
    if label.size and not (score.min() >= 0 and score.max() <= 1):
        raise ValueError(f"expected scores in 0..1, got {score.min()}..{score.max()}")
    strength = (FAINTEST + (1 - FAINTEST) * score)[:, None]
    return np.rint(255 - strength * (255 - palette(names)[label].astype(float))).astype(np.uint8)
