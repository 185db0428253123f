"""Earth: elevation, colour, climate and continents at points of the sphere."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gaugenet.io.file import existing_file

CONTINENTS = ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America")
_KEYS = {"elevation_m": (), "rgb_bluemarble": (3,), "koppen": (), "koppen_names": None}


class Earth:
    """Elevation, a true-colour image, and on land the main climate groups of the Koeppen classification.

    Args:
        path: ``.npz`` with ``elevation_m`` (H, W) [m], ``rgb_bluemarble`` (H, W, 3) uint8, ``koppen`` (H, W) from 1 on
            and ``koppen_names``. W = 2 H; row 0 is at the north pole, column 0 begins at 180 degrees west.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or an array is missing or out of range.
    """

    label_names = ("A tropical", "B dry", "C temperate", "D continental", "E polar")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = existing_file(path, "expected the .npz of Earth")
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
        groups = np.array(["ABCDE".find(name[:1] or "?") for name in names])  # -1 for the ocean
        self._group = groups[arrays["koppen"].astype(np.int64) - 1]

    def fields(self, point: Tensor) -> Tensor:
        """Return elevation [km], red, green and blue from 0 to 1 at points of the sphere.

        Args:
            point: (V, 3), unit vectors.

        Returns:
            Fields (V, 4) float64.
        """
        row, column = self._cell(point)
        colour = self._colour[row, column].astype(np.float64) / 255
        return torch.from_numpy(np.concatenate([self._elevation[row, column, None] / 1000, colour], axis=1))

    def labels(self, point: Tensor) -> Tensor:
        """Return the climate group at points of the sphere.

        Args:
            point: (V, 3), unit vectors.

        Returns:
            Indices (V,) into ``label_names``; -1 at sea.
        """
        return torch.from_numpy(self._group[self._cell(point)])

    def continents(self, point: Tensor) -> Tensor:
        """Return the continent at points of the sphere.

        Args:
            point: (V, 3), unit vectors.

        Returns:
            Indices (V,) into ``CONTINENTS``; meaningless at sea.
        """
        return torch.from_numpy(continent_of(*_degrees(point)))

    def _cell(self, point: Tensor) -> tuple[np.ndarray, np.ndarray]:
        latitude, longitude = _degrees(point)
        height, width = self._size
        row = np.clip((90 - latitude) / 180 * height, 0, height - 1).astype(np.int64)
        return row, np.clip((longitude + 180) / 360 * width, 0, width - 1).astype(np.int64)


def continent_of(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Return the continent of points on land, bounded by simple lines on the map.

    The lines run through the Strait of Gibraltar, the Mediterranean, Suez and the Red Sea; through the Aegean, the
    Bosporus, the Caucasus, the lower Ural and 60 degrees east; through Panama, the Bering Strait and the Denmark
    Strait; and between the Moluccas and New Guinea. They are accurate to a few cells of a quarter of a degree, and
    meaningless at sea.

    Args:
        latitude: Latitudes [degree].
        longitude: Longitudes [degree], from -180 to 180, of the same shape.

    Returns:
        Indices into ``CONTINENTS``, int64 of that shape.
    """
    lat, lon = np.broadcast_arrays(latitude, longitude)
    found = np.full(lat.shape, CONTINENTS.index("Asia"))
    found[(lat > 34.3) & (lon > -32) & (lon < 60) & ~_west_asia(lat, lon)] = CONTINENTS.index("Europe")
    found[_africa(lat, lon)] = CONTINENTS.index("Africa")
    found[_oceania(lat, lon)] = CONTINENTS.index("Oceania")
    greenland = (lat > 68) & (lon < -10)
    north = (lon < -32) & (lat > 7) & ~((lat > 60) & (lon < -169)) & ~((lat < 23) & (lon < -120))
    found[north | greenland & (lon > -169)] = CONTINENTS.index("North America")
    found[(lon > -93) & (lon < -32) & ((lat < 7.2) | (lat < 12.7) & (lon > -77.3))] = CONTINENTS.index("South America")
    found[lat < -60] = CONTINENTS.index("Antarctica")
    return found


def _west_asia(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Return the part of Asia that is north of 34 degrees north and west of 60 degrees east."""
    anatolia, caucasus, steppe = (lon > 26.2) & (lat < 41.1), (lon > 39.5) & (lat < 43.3), (lon > 50.5) & (lat < 51.2)
    aegean = (lon > 29.1) & (lat < 42.2)
    return anatolia | caucasus | steppe | aegean


def _africa(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    north = np.select([lon < 0, lon < 12], [35.96, 37.45], 34.2)
    red_sea = np.where(lat > 30, 32.5, np.where(lat > 12.6, 32.5 + (30 - lat) * 0.621, 54.9))
    return (lat < north) & (lon > -26) & (lon < red_sea)


def _oceania(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    new_guinea, australia = (lon > 129.9) & (lat < 0.2), (lon > 112) & (lat < -10.55)
    islands = (lon > 144) & (lat < 22) | (lon < -120) & (lat < 23)
    return (new_guinea & ~((lon < 134.9) & (lat < -6.6) & (lat > -8.5)) | australia | islands) & (lat > -60)


def _arrays(file: Path) -> dict[str, np.ndarray]:
    """Return those arrays of a file that are needed and present."""
    try:
        with open(file, "rb") as opened:
            content = np.load(opened, allow_pickle=False)
            if isinstance(content, np.ndarray):
                raise ValueError("it has one array without a name")
            return {key: content[key] for key in _KEYS if key in content}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file}: not an .npz, or damaged ({error}); copy it again") from None


def _check(file: Path, arrays: dict[str, np.ndarray], names: int) -> None:
    """Refuse invalid elevations, colours or climate classes."""
    height, colour, group = arrays["elevation_m"], arrays["rgb_bluemarble"], arrays["koppen"]
    if height.dtype.kind not in "iuf" or not np.isfinite(height).all():
        raise ValueError(f"{file}: expected elevation_m in finite numbers [m], got {_range(height)}: fill the gaps")
    if colour.dtype != np.uint8:
        raise ValueError(f"{file}: expected rgb_bluemarble in uint8, 0 to 255, got {_range(colour)}: convert it")
    if group.dtype.kind not in "iu" or not 1 <= int(group.min()) <= int(group.max()) <= names:
        raise ValueError(f"{file}: expected koppen in 1 to {names}, the numbers of koppen_names, got {_range(group)}")


def _range(value: np.ndarray) -> str:
    return f"{value.dtype} {value.min()} to {value.max()}" if value.dtype.kind in "iuf" else str(value.dtype)


def _degrees(point: Tensor) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = point.double().numpy().T
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
