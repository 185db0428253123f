import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from gaugenet.viz.colour import OKABE_ITO, UNLABELLED, linear_rgb, palette, srgb

# Another model of colour vision than the library's: Viénot, Brettel and Mollon (1999).
CONES = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
MISSING = {
    "normal": np.eye(3),
    "protanopia": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
    "deuteranopia": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
}


def nearest(colours, vision):
    """CIEDE2000 between the two most similar colours, (n, 3) uint8, as an eye sees them."""
    seen = srgb(linear_rgb(colours) @ (np.linalg.inv(CONES) @ MISSING[vision] @ CONES).T)
    lab = rgb2lab(seen / 255)
    distance = deltaE_ciede2000(lab[:, None], lab[None])
    return distance[~np.eye(len(colours), dtype=bool)].min()


@pytest.mark.parametrize("vision", MISSING)
@pytest.mark.parametrize(("n", "least"), [(2, 25), (7, 11.5), (12, 10), (16, 7), (20, 6)])
def test_colours_are_distinct(n, least, vision):
    assert nearest(palette(n), vision) >= least


@pytest.mark.parametrize("vision", MISSING)
def test_unlabelled_and_white_are_none_of_the_colours(vision):
    assert nearest(np.vstack([palette(12), UNLABELLED, [255, 255, 255]]), vision) >= 5


def test_red_and_green_would_not_pass():
    traffic_light = np.array([[200, 60, 40], [110, 120, 40], [255, 255, 255]], np.uint8)
    assert nearest(traffic_light, "normal") > 30
    assert nearest(traffic_light, "deuteranopia") < 10


def test_palette_extends_okabe_ito():
    assert (palette(7) == OKABE_ITO).all()
    assert palette(0).shape == (0, 3)
    longest = palette(40)
    assert longest.dtype == np.uint8
    assert len(np.unique(longest, axis=0)) == 40
    for n in range(40):
        assert (palette(n) == longest[:n]).all()


def test_palette_is_a_copy():
    palette(3)[:] = 0
    assert palette(3).any()


def test_negative_number_of_colours():
    with pytest.raises(ValueError, match="expected a number of colours >= 0, got -1"):
        palette(-1)


def test_srgb_inverts_linear_rgb():
    value = np.arange(256)
    assert (srgb(linear_rgb(value)) == value).all()
    assert linear_rgb(188) == pytest.approx(0.5, abs=0.005)
    assert srgb(np.array([-1.0, 2.0])).tolist() == [0, 255]
