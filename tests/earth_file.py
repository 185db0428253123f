"""A small Earth: bands of climate by latitude, told by colour, a sea along some meridians."""

from pathlib import Path

import numpy as np


def write_earth(path: Path, height: int = 36, seed: int = 0) -> Path:
    """Write cells (height, 2 height), every other 60 degrees of longitude sea, and return the path."""
    generator = np.random.default_rng(seed)
    latitude = 90 - (np.arange(height) + 0.5) / height * 180
    group = np.repeat((np.abs(latitude) // 18).astype(int)[:, None], 2 * height, axis=1)
    longitude = (np.arange(2 * height) + 0.5) / height * 180 - 180
    land = np.broadcast_to((longitude + 200) % 60 < 45, group.shape)
    colour = np.array([[0, 90, 0], [200, 150, 60], [90, 140, 40], [60, 60, 120], [240, 240, 250]])[group]
    noise = generator.integers(0, 15, colour.shape)
    np.savez(
        path,
        elevation_m=np.where(land, 300 + 100 * group, -4000).astype(np.int16),
        rgb_bluemarble=np.where(land[..., None], colour + noise, [10, 20, 80]).astype(np.uint8),
        koppen=np.where(land, group + 1, 6).astype(np.uint8),
        koppen_names=np.array(["Af", "BSh", "Cfb", "Dfb", "ET", "Ocean"]),
    )
    return path
