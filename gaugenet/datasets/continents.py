"""Which continent a place on Earth belongs to, by simple lines on the map."""

from __future__ import annotations

import numpy as np

CONTINENTS = ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America")


def continent_of(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Return an index of ``CONTINENTS`` for places on land, int64 of the shape of the arguments.

    The lines run through the Strait of Gibraltar, the Mediterranean, Suez and the Red Sea; through the Aegean, the
    Bosporus, the Caucasus, the lower Ural and 60 degrees east; through Panama, the Bering Strait and the Denmark
    Strait; and between the Moluccas and New Guinea. They are good to some cells of a quarter of a degree; of the sea
    they say nothing.

    Args:
        latitude, longitude: [degree], longitudes from -180 to 180.
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
    """Return what lies south and east of Europe, between 34 degrees north and 60 degrees east."""
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
