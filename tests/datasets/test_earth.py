"""Earth in cells, and the continents of cities."""

import numpy as np
import pytest
import torch

from gaugenet.datasets.earth import CONTINENTS, Earth, continent_of
from gaugenet.transforms.equirectangular import pixel_centres

CITIES = {
    "Africa": [(30.05, 31.25), (35.77, -5.8), (36.8, 10.2), (-18.9, 47.5), (11.6, 43.1), (2.0, 45.3), (28.1, -15.4)],
    "Antarctica": [(-77.8, 166.7), (-64.8, -64.1)],
    "Asia": [(41.3, 69.2), (39.9, 32.9), (33.9, 35.5), (21.4, 39.8), (-6.2, 106.8), (66.0, -171.0), (40.4, 49.9),
             (35.2, 33.4), (-3.7, 128.2), (12.8, 45.0), (29.9, 32.9)],
    "Europe": [(36.1, -5.3), (64.1, -21.9), (55.8, 37.6), (35.3, 25.1), (38.0, 23.7), (42.1, 24.8), (37.5, 15.1),
               (45.0, 39.0)],
    "North America": [(64.2, -51.7), (9.9, -84.1), (61.2, -149.9), (23.1, -82.4), (76.8, -18.7), (52.0, -176.6)],
    "Oceania": [(-12.5, 130.8), (-41.3, 174.8), (-2.5, 140.7), (21.3, -157.9), (-18.1, 178.4), (-17.5, -149.6)],
    "South America": [(10.5, -66.9), (4.7, -74.1), (-54.8, -68.3), (-0.7, -90.3), (7.9, -76.7)],
}  # fmt: skip


@pytest.mark.parametrize("name", CONTINENTS)
def test_cities_are_on_their_continents(name):
    places = np.array(CITIES[name])
    found = continent_of(places[:, 0], places[:, 1])
    assert [CONTINENTS[k] for k in found] == [name] * len(places), [CONTINENTS[k] for k in found]


def arrays(height=6):
    generator = np.random.default_rng(0)
    shape = (height, 2 * height)
    return {
        "elevation_m": generator.integers(-5000, 5000, shape).astype(np.int16),
        "rgb_bluemarble": generator.integers(0, 255, (*shape, 3)).astype(np.uint8),
        "koppen": generator.integers(1, 5, shape).astype(np.uint8),
        "koppen_names": np.array(["Af", "BSh", "ET", "Ocean"]),
    }


def test_points_read_their_cells(tmp_path):
    content = arrays()
    np.savez(tmp_path / "earth.npz", **content)
    earth, point = Earth(tmp_path / "earth.npz"), pixel_centres(6, 12)
    fields = earth.fields(point)
    assert fields.shape == (72, 4) and np.allclose(fields[:, 0], content["elevation_m"].ravel() / 1000)
    assert np.allclose(fields[:, 1:], content["rgb_bluemarble"].reshape(-1, 3) / 255)
    wanted = np.array([0, 1, 4, -1])[content["koppen"].ravel() - 1]
    assert np.array_equal(earth.labels(point), wanted)
    poles = torch.tensor([[0.0, 0, 1], [0, 0, -1], [-1, -1e-12, 0], [-1, 1e-12, 0]])
    assert earth.fields(poles).isfinite().all()
    assert CONTINENTS[int(earth.continents(poles)[1])] == "Antarctica"


def test_names_without_a_group_are_the_sea(tmp_path):
    content = arrays()
    np.savez(tmp_path / "earth.npz", **{**content, "koppen_names": np.array([b"Af", b"", b"ET", b"Ocean"])})
    wanted = np.array([0, -1, 4, -1])[content["koppen"].ravel() - 1]
    assert np.array_equal(Earth(tmp_path / "earth.npz").labels(pixel_centres(6, 12)), wanted)


def test_a_damaged_file_is_refused_whichever_byte_it_is(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", **arrays(16))
    whole = (tmp_path / "whole.npz").read_bytes()
    refused = 0
    for place in range(60, len(whole), 37):
        (tmp_path / "earth.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            Earth(tmp_path / "earth.npz")
        except ValueError as error:  # anything else is a bug
            assert "earth.npz: " in str(error)
            refused += 1
    assert refused > 30


def test_refusals(tmp_path):
    file = tmp_path / "earth.npz"
    with pytest.raises(FileNotFoundError, match=r"expected the \.npz of Earth"):
        Earth(file)
    file.write_text("no archive")
    with pytest.raises(ValueError, match=r"not an \.npz, or damaged"):
        Earth(file)
    for change, message in (
        ({"koppen": None}, "has no koppen"),
        ({"koppen": np.ones((5, 10), np.uint8)}, r"elevation_m has shape \(6, 12\), expected \(5, 10\)"),
    ):
        content = {key: value for key, value in {**arrays(), **change}.items() if value is not None}
        np.savez(file, **content)
        with pytest.raises(ValueError, match=message):
            Earth(file)
    for change, message in (
        ({"koppen": np.zeros((6, 12), np.uint8)}, "koppen in 1 to 4, .*, got uint8 0 to 0"),
        ({"koppen": np.full((6, 12), 5)}, "koppen in 1 to 4, .*, got int64 5 to 5"),
        ({"koppen": np.ones((6, 12))}, "koppen in 1 to 4, .*, got float64 1.0 to 1.0"),
        ({"elevation_m": np.full((6, 12), np.nan)}, r"elevation_m in finite numbers \[m\], got float64 nan to nan"),
        ({"rgb_bluemarble": np.ones((6, 12, 3))}, "rgb_bluemarble in uint8, 0 to 255, got float64 1.0 to 1.0"),
    ):
        np.savez(file, **{**arrays(), **change})
        with pytest.raises(ValueError, match=message):
            Earth(file)
    with open(file, "wb") as one:
        np.save(one, arrays()["koppen"])
    with pytest.raises(ValueError, match=r"not an \.npz, or damaged \(it has one array without a name\)"):
        Earth(file)
    np.savez(file, **{key: value[:, :6] if value.ndim > 1 else value for key, value in arrays().items()})
    with pytest.raises(ValueError, match=r"cells \(H, 2 H\) of the whole sphere, got \(6, 6\)"):
        Earth(file)
