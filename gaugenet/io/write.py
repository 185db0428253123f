"""Write coloured meshes to files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gaugenet.io.ply import write_ply


def write_mesh(
    path: str | os.PathLike[str],
    pos: np.ndarray,
    face: np.ndarray,
    face_rgb: np.ndarray | None = None,
    face_label: np.ndarray | None = None,
) -> None:
    """Write a binary PLY file, whole or not at all; `read_mesh` returns the same arrays.

    Args:
        path: where to, with suffix .ply.
        pos: (V, 3) vertex positions, written as double.
        face: (F, 3) vertex indices.
        face_rgb: (F, 3) colours, integers in 0..255 or floats in 0..1: properties red, green, blue.
        face_label: (F,) integers: property label.

    Raises:
        ValueError: another suffix, or shapes or dtypes that do not fit.
        FileNotFoundError: the folder does not exist.
    """
    path = Path(path)
    pos, face = np.asarray(pos), np.asarray(face)
    if path.suffix.lower() != ".ply":
        raise ValueError(f"{path}: meshes are written as PLY, got suffix {path.suffix!r}; end the name in .ply")
    if pos.ndim != 2 or pos.shape[1] != 3:
        raise ValueError(f"pos must have shape (V, 3), got {pos.shape}")
    if face.ndim != 2 or face.shape[1] != 3 or face.dtype.kind not in "iu":
        raise ValueError(f"face must be an integer array of shape (F, 3), got {face.dtype} {face.shape}; transpose it?")
    columns: dict[str, np.ndarray] = {}
    if face_rgb is not None:
        rgb = np.asarray(face_rgb)
        if rgb.shape != face.shape:
            raise ValueError(f"face_rgb must have shape {face.shape}, got {rgb.shape}")
        rgb = np.round(rgb * 255) if rgb.dtype.kind == "f" else rgb
        if rgb.size and not 0 <= rgb.min() <= rgb.max() <= 255:
            raise ValueError("face_rgb must be integers in 0..255 or floats in 0..1")
        columns |= {name: rgb[:, k].astype(np.uint8) for k, name in enumerate(("red", "green", "blue"))}
    if face_label is not None:
        label = np.asarray(face_label)
        if label.shape != face.shape[:1] or label.dtype.kind not in "iu":
            raise ValueError(f"face_label must be integers of shape {face.shape[:1]}, got {label.dtype} {label.shape}")
        columns["label"] = label.astype(np.int32)
    write_ply(path, {axis: pos[:, k].astype(np.float64) for k, axis in enumerate("xyz")}, face, columns)
