"""Pictures of boxes on surfaces: outlines over shaded views, and over equirectangular images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from gaugenet.viz.colour import UNLABELLED, palette
from gaugenet.viz.page import DPI, write_page
from gaugenet.viz.png import png_path
from gaugenet.viz.segmentation import rendered_views
from gaugenet.viz.viewpoint import viewpoints

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

THICKNESS = 0.006  # radius of an outline in space, relative to the longest side of the shape
WIDTH = 2.0  # of an outline in an image [point]
FAINTEST = 0.25  # share of its colour that an outline of score 0 keeps
SIDES = 6  # of a tube


@dataclass(frozen=True)
class Outlines:
    """Closed lines in space, with labels and scores.

    Attributes:
        line: Points ``(N, K, 3)``; NaN interrupts a line.
        label: Labels ``(N,)``.
        score: Scores ``(N,)`` in 0..1.
    """

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
    """Write a PNG with shaded views of a mesh with outlines on it, and a legend.

    Outlines are tubes in space, hidden where they are behind the shape. They have the colours of their labels, paler
    for lower scores.

    Args:
        path: File to write.
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
        outlines: Outlines to draw.
        label_names: Names of the labels.
        face_rgb: Colours of the faces ``(F, 3)`` uint8; grey by default.
        views: Number of views.
        title: Title of the page.
        up: Upright direction ``(3,)``; chosen by ``viewpoints`` by default.

    Raises:
        ValueError: If outlines do not fit the names, the mesh cannot be drawn, or the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    png_path(path)
    colour = _colours(outlines, len(label_names))
    pos, face = np.asarray(pos, np.float64), np.asarray(face)
    seen = viewpoints(pos, face, views, up)
    shape = np.full((len(face), 3), UNLABELLED) if face_rgb is None else np.asarray(face_rgb)
    corner, side, owner = tubes(outlines.line, THICKNESS * np.ptp(pos[face].reshape(-1, 3), axis=0).max())
    both = np.concatenate([pos, corner]), np.concatenate([face, side + len(pos)])
    strip = rendered_views(*both, np.concatenate([shape, colour[owner]]), seen)
    write_page(path, [strip], [title], label_names)


def boxes_image(
    path: str | os.PathLike[str], image: np.ndarray, outlines: Outlines, label_names: Sequence[str], *, title: str = ""
) -> None:
    """Write a PNG of an equirectangular image with outlines, their names and scores.

    Row 0 is at the north pole (0, 0, 1), column 0 begins at longitude -180 degrees. Lines are cut at the seam.

    Args:
        path: File to write.
        image: Image ``(H, W, 3)`` uint8.
        outlines: Outlines to draw, of unit vectors.
        label_names: Names of the labels.
        title: Title of the page.

    Raises:
        ValueError: If the image has another shape, outlines do not fit the names, or the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    png_path(path)
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an image (H, W, 3) uint8, got {image.dtype} {image.shape}")
    colour = _colours(outlines, len(label_names)) / 255
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import Normal, Stroke
    from matplotlib.transforms import IdentityTransform

    H, W = image.shape[:2]
    # In matplotlib, y points upwards.
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
    write_page(path, [[drawn]], [title], label_names)


def _named(figure: Figure, canvas: FigureCanvasAgg, name: str, x: float, y: float) -> None:
    """Write a name above a point [pixel], moved as needed to stay inside the figure."""
    text = figure.text(x, y + 4, name, size=7, bbox={"facecolor": "white", "alpha": 0.7, "pad": 1, "linewidth": 0})
    text.set(ha="center", va="bottom", transform=None, parse_math=False)
    box, (width, height) = text.get_window_extent(canvas.get_renderer()), figure.bbox.size
    half = box.width / 2 + 2
    text.set_position((min(max(x, half), max(width - half, half)), min(y + 4, height - box.height - 2)))


def _colours(outlines: Outlines, names: int) -> np.ndarray:
    """Return the colours ``(N, 3)`` uint8 of outlines after checking that they fit the names."""
    line, label, score = (np.asarray(one) for one in (outlines.line, outlines.label, outlines.score))
    if line.ndim != 3 or line.shape[2] != 3 or label.shape != line.shape[:1] or score.shape != line.shape[:1]:
        raise ValueError(
            f"expected lines (N, K, 3) with a label and a score each, got {line.shape}, {label.shape}, {score.shape}"
        )
    if label.size and (label.dtype.kind not in "iu" or label.min() < 0 or label.max() >= names):
        raise ValueError(
            f"expected labels in 0..{names - 1}, as there are {names} names, got {label.min()}..{label.max()}"
        )
    if label.size and not (score.min() >= 0 and score.max() <= 1):
        raise ValueError(f"expected scores in 0..1, got {score.min()}..{score.max()}")
    strength = (FAINTEST + (1 - FAINTEST) * score)[:, None]
    return np.rint(255 - strength * (255 - palette(names)[label].astype(float))).astype(np.uint8)


def tubes(line: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thin tubes of triangles along lines, which the renderer can draw.

    Each segment is a prism that extends beyond its ends, so that bends are closed. Segments with a point that is not
    finite, or without a length, are left out.

    Args:
        line: Points of the lines ``(N, K, 3)``.
        radius: Radius of the tubes.

    Returns:
        Positions ``(V, 3)``, faces ``(F, 3)``, and the index of the line of each face ``(F,)``.
    """
    start, end = line[:, :-1].reshape(-1, 3), line[:, 1:].reshape(-1, 3)
    owner = np.repeat(np.arange(len(line)), line.shape[1] - 1)
    length = np.linalg.norm(end - start, axis=1)
    good = np.isfinite(length) & (length > 0)
    start, end, owner = start[good], end[good], owner[good]
    along = (end - start) / length[good, None]
    e1 = np.cross(along, np.eye(3)[np.abs(along).argmin(axis=1)])
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    e2 = np.cross(along, e1)
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    ring = radius * (np.cos(angle)[:, None] * e1[:, None] + np.sin(angle)[:, None] * e2[:, None])
    beyond = 0.5 * radius * along[:, None]
    vertex = np.concatenate([start[:, None] - beyond + ring, end[:, None] + beyond + ring], axis=1)  # (P, 2 SIDES, 3)
    k = np.arange(SIDES)
    after = (k + 1) % SIDES
    side = np.concatenate([np.stack([k, after, after + SIDES], 1), np.stack([k, after + SIDES, k + SIDES], 1)])
    cap = np.stack([np.zeros(SIDES - 2, int), k[1:-1], k[2:]], axis=1)
    prism = np.concatenate([side, cap[:, ::-1], cap + SIDES])
    face = prism[None] + 2 * SIDES * np.arange(len(vertex))[:, None, None]
    return vertex.reshape(-1, 3), face.reshape(-1, 3), np.repeat(owner, len(prism))
