"""Earth: elevation, colour and climate at points of the sphere."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gaugenet.datasets.continents import continent_of

_KEYS = {"elevation_m": (), "rgb_bluemarble": (3,), "koppen": (), "koppen_names": None}


class Earth:
    """The main groups of climate by Koeppen on land, beside elevation and a true-colour image.

    Args:
        path: ``.npz`` with ``elevation_m (H, W)`` [m], ``rgb_bluemarble (H, W, 3)`` uint8, ``koppen (H, W)`` from 1 on
            and ``koppen_names``, of cells of one size; row 0 is at the north pole, column 0 begins at 180 degrees west.

    Raises:
        FileNotFoundError: no such file. ValueError: it is damaged, or lacks something.
    """

    label_names = ("A tropical", "B dry", "C temperate", "D continental", "E polar")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file; expected the .npz of Earth")
        arrays = _arrays(file)
        missing = [key for key in _KEYS if key not in arrays]
        if missing:
            raise ValueError(f"{file}: has no {missing[0]}; expected {', '.join(_KEYS)}")
        size = arrays["koppen"].shape
        for key, rest in _KEYS.items():
            if rest is not None and arrays[key].shape != (*size, *rest):
                raise ValueError(f"{file}: {key} has shape {arrays[key].shape}, expected {(*size, *rest)}")
        if len(size) != 2 or size[1] != 2 * size[0]:
            raise ValueError(f"{file}: expected cells (H, 2 H) of the whole sphere, got {size}")
        self._size = size
        names = arrays["koppen_names"].ravel().astype(str).tolist()
        _check(file, arrays, len(names))
        self._elevation, self._colour = arrays["elevation_m"].astype(np.float64), arrays["rgb_bluemarble"]
        groups = np.array(["ABCDE".find(name[:1] or "?") for name in names])  # -1 of the ocean
        self._group = groups[arrays["koppen"].astype(np.int64) - 1]

    def fields(self, point: Tensor) -> Tensor:
        """Return elevation [km], red, green and blue from 0 to 1 at points ``(V, 3)``, as ``(V, 4)`` float64."""
        row, column = self._cell(point)
        colour = self._colour[row, column].astype(np.float64) / 255
        return torch.from_numpy(np.concatenate([self._elevation[row, column, None] / 1000, colour], axis=1))

    def labels(self, point: Tensor) -> Tensor:
        """Return the group at points ``(V, 3)``, an index of ``label_names``, and -1 at sea."""
        return torch.from_numpy(self._group[self._cell(point)])

    def continents(self, point: Tensor) -> Tensor:
        """Return the continent at points ``(V, 3)``, an index of ``continents.CONTINENTS``; at sea it says nothing."""
        latitude, longitude = _degrees(point)
        return torch.from_numpy(continent_of(latitude, longitude))

    def _cell(self, point: Tensor) -> tuple[np.ndarray, np.ndarray]:
        latitude, longitude = _degrees(point)
        height, width = self._size
        row = np.clip((90 - latitude) / 180 * height, 0, height - 1).astype(np.int64)
        return row, np.clip((longitude + 180) / 360 * width, 0, width - 1).astype(np.int64)


def _arrays(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file that are asked for, as far as they are there."""
    try:
        with open(file, "rb") as opened:
            content = np.load(opened, allow_pickle=False)
            if isinstance(content, np.ndarray):
                raise ValueError("it has one array without a name")
            return {key: content[key] for key in _KEYS if key in content}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file}: not an .npz, or damaged ({error}); copy it again") from None


def _check(file: Path, arrays: dict[str, np.ndarray], names: int) -> None:
    """Refuse values that are no heights, colours or numbers of groups."""
    height, colour, group = arrays["elevation_m"], arrays["rgb_bluemarble"], arrays["koppen"]
    if height.dtype.kind not in "iuf" or not np.isfinite(height).all():
        raise ValueError(f"{file}: expected elevation_m in finite numbers [m], got {_range(height)}: fill the gaps")
    if colour.dtype != np.uint8:
        raise ValueError(f"{file}: expected rgb_bluemarble in uint8, 0 to 255, got {_range(colour)}: convert it")
    if group.dtype.kind not in "iu" or not 1 <= int(group.min()) <= int(group.max()) <= names:
        raise ValueError(
            f"{file}: expected koppen in integers from 1 to {names}, one for each of koppen_names, got "
            f"{_range(group)}: number from 1, the sea too"
        )


def _range(value: np.ndarray) -> str:
    if value.dtype.kind not in "iuf":
        return str(value.dtype)
    return f"{value.dtype} {value.min()} to {value.max()}"


def _degrees(point: Tensor) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = point.double().numpy().T
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
