"""Confusion matrices."""

import os
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from gaugenet.viz.png import png_path, write_png


def confusion_picture(path: str | os.PathLike[str], matrix: np.ndarray, label_names: Sequence[str]) -> None:
    """
    Write a PNG of a confusion matrix (C, C), counts or areas: rows are the truth, columns the prediction.

    Each row is drawn in per cent of its sum; the row of a label that does not occur is left blank.
    Raises `ValueError` if there are no labels, if the matrix does not fit their names or holds a negative or
    non-finite number; `FileNotFoundError` if the folder does not exist.
    """
    file = png_path(path)
    matrix, C = np.asarray(matrix, np.float64), len(label_names)
    if C == 0 or matrix.shape != (C, C):
        raise ValueError(
            f"expected a confusion matrix ({C}, {C}), at least one row and a name each, got {matrix.shape}"
        )
    if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
        raise ValueError(f"expected counts or areas, finite and >= 0, got {matrix.min()}..{matrix.max()}")
    total = matrix.sum(axis=1, keepdims=True)
    percent = np.divide(100 * matrix, total, out=np.full_like(matrix, np.nan), where=total > 0)

    room = 0.09 * max(len(name) for name in label_names)  # for the names, left and below [inch]
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, compress=True)
    figure = Figure(figsize=(2.2 + 0.5 * C + room, 1.0 + 0.5 * C + 0.7 * room), dpi=150, layout=layout)
    axes = figure.subplots()
    image = axes.imshow(percent, cmap=matplotlib.colormaps["Blues"], vmin=0, vmax=100)
    axes.set_xticks(range(C), label_names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(C), label_names)
    for name in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        name.set_parse_math(False)  # it may hold $
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    for i, j in np.argwhere(np.isfinite(percent)):
        text = f"{percent[i, j]:.1f}" if percent[i, j] > 0 else "0"
        axes.text(j, i, text, ha="center", va="center", size=8, color="white" if percent[i, j] > 55 else "0.15")
    figure.colorbar(image, label="% of the truth", fraction=0.05)
    write_png(file, figure)
