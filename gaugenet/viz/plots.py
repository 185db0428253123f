"""Plots: curves of a training run, growth with the size of a mesh, confusion matrices."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaugenet.viz.colour import OKABE_ITO
from gaugenet.viz.png import png_path, write_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_COLOURS = OKABE_ITO[[4, 5, 2, 6, 0, 1]] / 255  # dark colours first, as lines are thin


def curves_picture(path: str | os.PathLike[str], history: Sequence[Mapping[str, float]]) -> None:
    """Write a PNG with loss and accuracy against the epoch.

    Args:
        path: File to write.
        history: One mapping for each epoch. Keys that contain "loss" are drawn on the left, those that contain
            "accuracy" or "iou" on the right, against "epoch" (1, 2, ... if missing); others are ignored. A curve skips
            epochs in which its key is missing.

    Raises:
        ValueError: If there is nothing to draw, or the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    file = png_path(path)
    keys = list(dict.fromkeys(key for entry in history for key in entry))
    losses = [key for key in keys if "loss" in key.lower()]
    scores = [key for key in keys if key not in losses and ("accuracy" in key.lower() or "iou" in key.lower())]
    if not losses and not scores:
        raise ValueError(f"expected epochs with a loss, accuracy or iou, got {len(history)} epochs with keys {keys}")
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    drawn = [(name, group) for name, group in (("loss", losses), ("accuracy", scores)) if group]
    figure = Figure(figsize=(5 * len(drawn), 3.6), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    for axes, (name, group) in zip(np.atleast_1d(figure.subplots(1, len(drawn))), drawn):
        _draw_curves(axes, name, group, history)
    write_png(file, figure)


def _draw_curves(axes: Axes, name: str, keys: Sequence[str], history: Sequence[Mapping[str, float]]) -> None:
    """Draw one curve for each key."""
    from matplotlib.ticker import MaxNLocator

    for i, key in enumerate(keys):
        points = [(entry.get("epoch", k), entry[key]) for k, entry in enumerate(history, 1) if key in entry]
        axes.plot(
            *np.array(points, float).T,
            color=LINE_COLOURS[i % len(LINE_COLOURS)],
            linestyle=("-", "--", ":", "-.")[i % 4],
            marker="o" if len(points) < 30 else None,
            markersize=3,
            label=key.replace("_", " "),
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    _finish(axes, "epoch", name)


def _finish(axes: Axes, x: str, y: str) -> None:
    """Add labels, a grid and a legend to axes with curves."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="0.9", which="both")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def growth_picture(
    path: str | os.PathLike[str], series: Mapping[str, Sequence[tuple[float, float]]], quantity: str = "seconds"
) -> None:
    """Write a PNG with a quantity against the number of vertices, both logarithmic, each line with its exponent.

    Args:
        path: File to write.
        series: Points (vertices, quantity) of each line. Lines with fewer than two points are left out.
        quantity: Label of the vertical axis.

    Raises:
        ValueError: If no line has two points, or the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    file = png_path(path)
    lines = {name: np.array(sorted(points), float) for name, points in series.items() if len(points) > 1}
    if not lines:
        raise ValueError("a picture of growth needs two sizes of one measurement, got none; measure more sizes")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    for number, (name, points) in enumerate(lines.items()):
        vertices, values = np.log(points).T
        label = f"{name} (exponent {np.polyfit(vertices, values, 1)[0]:.2f})"
        axes.loglog(*points.T, color=LINE_COLOURS[number % len(LINE_COLOURS)], marker="o", markersize=4, label=label)
    _finish(axes, "vertices", quantity)
    write_png(file, figure)


def confusion_picture(path: str | os.PathLike[str], matrix: np.ndarray, label_names: Sequence[str]) -> None:
    """Write a PNG of a confusion matrix.

    Each row is drawn in per cent of its sum. The row of a label that does not occur is left blank.

    Args:
        path: File to write.
        matrix: Counts or areas ``(C, C)``; rows are the truth, columns the prediction.
        label_names: Names of the C labels.

    Raises:
        ValueError: If there are no labels, the matrix does not fit their names or has a negative or non-finite entry,
            or the name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    file = png_path(path)
    matrix, C = np.asarray(matrix, np.float64), len(label_names)
    if C == 0 or matrix.shape != (C, C):
        raise ValueError(
            f"expected a confusion matrix ({C}, {C}), at least one row and a name each, got {matrix.shape}"
        )
    if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
        raise ValueError(f"expected counts or areas, finite and >= 0, got {matrix.min()}..{matrix.max()}")
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    total = matrix.sum(axis=1, keepdims=True)
    percent = np.divide(100 * matrix, total, out=np.full_like(matrix, np.nan), where=total > 0)

    room = 0.09 * max(len(name) for name in label_names)  # space for the names, left and below [inch]
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, compress=True)
    figure = Figure(figsize=(2.2 + 0.5 * C + room, 1.0 + 0.5 * C + 0.7 * room), dpi=150, layout=layout)
    axes = figure.subplots()
    image = axes.imshow(percent, cmap=matplotlib.colormaps["Blues"], vmin=0, vmax=100)
    axes.set_xticks(range(C), label_names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(C), label_names)
    for name in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        name.set_parse_math(False)  # names may contain $
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    for i, j in np.argwhere(np.isfinite(percent)):
        text = f"{percent[i, j]:.1f}" if percent[i, j] > 0 else "0"
        axes.text(j, i, text, ha="center", va="center", size=8, color="white" if percent[i, j] > 55 else "0.15")
    figure.colorbar(image, label="% of the truth", fraction=0.05)
    write_png(file, figure)
