"""Pictures of segmented shapes: several views of each, and a legend."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gaugenet.viz.colour import UNLABELLED, palette
from gaugenet.viz.page import fitting_columns, page
from gaugenet.viz.png import png_path, write_png
from gaugenet.viz.renderer import render
from gaugenet.viz.viewpoint import Viewpoints, camera_axes, drawable, viewpoints

VIEW_AREA = 360**2  # mean area of the views of a panel [pixel²]
LONGEST_SIDE = 900  # of a view [pixel]


@dataclass(frozen=True)
class Panel:
    """A shape with a title and a label for each face.

    Attributes:
        title: Title.
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
        face_label: Labels ``(F,)``, -1 where unlabelled.
    """

    title: str
    pos: np.ndarray
    face: np.ndarray
    face_label: np.ndarray


def segmentation_picture(
    path: str | os.PathLike[str],
    panels: Sequence[Panel],
    label_names: Sequence[str],
    *,
    views: int = 3,
    title: str | None = None,
    columns: int | None = None,
    together: int = 1,
    up: ArrayLike | None = None,
) -> None:
    """Write a PNG with shaded views of each panel, and a legend below.

    All views of a panel have the same scale. Faces are coloured by ``palette(len(label_names))``, unlabelled ones grey.
    If an error is raised, nothing is written.

    Args:
        path: File to write.
        panels: Panels to draw.
        label_names: Names of the labels.
        views: Number of views of each panel, chosen by ``viewpoints``.
        title: Title of the page.
        columns: Number of panels side by side; by default chosen for a page of about 4 : 3.
        together: The default of ``columns`` is a multiple of this.
        up: Upright direction ``(3,)`` in all views; by default chosen for each panel.

    Raises:
        ValueError: If there are no panels, labels do not fit the faces or the names, a panel cannot be drawn, or the
            name does not end in .png.
        FileNotFoundError: If the folder does not exist.
    """
    file = png_path(path)
    if not panels:
        raise ValueError("expected at least one panel to draw, got none")
    if columns is not None and columns < 1:
        raise ValueError(f"expected at least one column of panels, got {columns}")
    labels = [_checked_label(panel, len(label_names)) for panel in panels]
    colours = np.vstack([palette(len(label_names)), UNLABELLED])  # the last is the colour of label -1
    strips = [
        rendered_views(panel.pos, panel.face, colours[label], viewpoints(panel.pos, panel.face, views, up))
        for panel, label in zip(panels, labels)
    ]
    legend = list(zip(label_names, colours))
    if any((label < 0).any() for label in labels):
        legend.append(("unlabelled", UNLABELLED))
    if columns is None:
        columns = fitting_columns(strips, together)
    write_png(file, page(strips, [panel.title for panel in panels], min(columns, len(panels)), legend, title))


def _checked_label(panel: Panel, names: int) -> np.ndarray:
    """Return the labels ``(F,)`` of a panel after checking that they fit its faces and the names."""
    label = np.asarray(panel.face_label)
    if label.shape != (len(panel.face),) or label.dtype.kind not in "iu":
        expected = f"expected {len(panel.face)} integer labels, one for each face"
        raise ValueError(f"{panel.title}: {expected}, got {label.dtype} {label.shape}")
    if label.size and (label.min() < -1 or label.max() >= names):
        expected = f"expected labels in -1..{names - 1}, as there are {names} names"
        raise ValueError(f"{panel.title}: {expected}, got {label.min()}..{label.max()}")
    return label


def rendered_views(pos: np.ndarray, face: np.ndarray, face_rgb: np.ndarray, seen: Viewpoints) -> list[np.ndarray]:
    """Render views of a shape at one scale, cropped to it.

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
        face_rgb: Colours of the faces ``(F, 3)`` uint8.
        seen: Viewpoints.

    Returns:
        Pictures ``(H, W, 3)`` uint8.
    """
    shape, extents = drawable(pos, face), []
    for direction in seen.direction:
        points = shape.pos[shape.face] @ camera_axes(direction, seen.up)[:2].T
        extents.append(np.ptp(points.reshape(-1, 2), axis=0)[::-1])  # height, width
    scale = min(np.sqrt(VIEW_AREA / np.mean(np.prod(extents, axis=1))), LONGEST_SIDE / np.max(extents))
    sizes = np.maximum(np.ceil(scale * np.array(extents)), 1).astype(int).tolist()
    return [
        render(pos, face, face_rgb, direction=direction, up=seen.up, size=(height, width))
        for direction, (height, width) in zip(seen.direction, sizes)
    ]
