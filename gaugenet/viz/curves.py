"""Curves of a training run."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from gaugenet.viz.colour import OKABE_ITO
from gaugenet.viz.png import png_path, write_png

LINE_COLOURS = OKABE_ITO[[4, 5, 2, 6, 0, 1]] / 255  # the darker ones first: lines are thin


def curves_picture(path: str | os.PathLike[str], history: Sequence[Mapping[str, float]]) -> None:
    """
    Write a PNG with loss and accuracy against the epoch.

    `history` has one mapping an epoch. Keys with "loss" in their name are drawn on the left, those with "accuracy" or
    "iou" on the right; "epoch" is the abscissa (1, 2, ... without it) and other keys are left out. A key may be missing
    in some epochs: its curve then joins those that have it.

    Raises `ValueError` if there is no epoch or nothing to draw, `FileNotFoundError` if the folder does not exist.
    """
    file = png_path(path)
    keys = list(dict.fromkeys(key for entry in history for key in entry))
    losses = [key for key in keys if "loss" in key.lower()]
    scores = [key for key in keys if key not in losses and ("accuracy" in key.lower() or "iou" in key.lower())]
    if not losses and not scores:
        raise ValueError(f"expected epochs with a loss, accuracy or iou, got {len(history)} epochs with keys {keys}")
    drawn = [(name, group) for name, group in (("loss", losses), ("accuracy", scores)) if group]
    figure = Figure(figsize=(5 * len(drawn), 3.6), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    for axes, (name, group) in zip(np.atleast_1d(figure.subplots(1, len(drawn))), drawn):
        _draw(axes, name, group, history)
    write_png(file, figure)


def _draw(axes: Axes, name: str, keys: Sequence[str], history: Sequence[Mapping[str, float]]) -> None:
    """Draw one curve a key."""
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
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
