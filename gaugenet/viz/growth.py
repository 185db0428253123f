"""How durations grow, or errors fall, with the size of a mesh."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from gaugenet.viz.curves import LINE_COLOURS
from gaugenet.viz.png import png_path, write_png


def growth_picture(
    path: str | os.PathLike[str], series: Mapping[str, Sequence[tuple[float, float]]], quantity: str = "seconds"
) -> None:
    """Write a PNG with durations against numbers of vertices, both logarithmic, each line with its exponent.

    Args:
        series: for each line its points (vertices, seconds); lines of fewer than two points are left out.
        quantity: what is drawn instead of durations.

    Raises:
        ValueError: no line has two points. FileNotFoundError: the folder does not exist.
    """
    file = png_path(path)
    lines = {name: np.array(sorted(points), float) for name, points in series.items() if len(points) > 1}
    if not lines:
        raise ValueError("a picture of growth needs two sizes of one measurement, got none; measure more sizes")
    figure = Figure(figsize=(6, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    for number, (name, points) in enumerate(lines.items()):
        label = f"{name} (exponent {growth_exponent(points):.2f})"
        axes.loglog(*points.T, color=LINE_COLOURS[number % len(LINE_COLOURS)], marker="o", markersize=4, label=label)
    axes.set_xlabel("vertices")
    axes.set_ylabel(quantity)
    axes.grid(color="0.9", which="both")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    write_png(file, figure)


def growth_exponent(points: np.ndarray) -> float:
    """Return the slope of log seconds over log vertices of ``points (n, 2)``, by least squares."""
    size, seconds = np.log(points).T
    return float(np.polyfit(size, seconds, 1)[0])
