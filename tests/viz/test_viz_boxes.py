import numpy as np
import pytest
import trimesh
from PIL import Image

from gaugenet.viz import Outlines, boxes_image, boxes_picture, palette
from gaugenet.viz.boxes import SIDES, tubes
from gaugenet.viz.colour import linear_rgb

SPHERE = trimesh.creation.icosphere(2)
NAMES = ["cup", "knob"]


@pytest.fixture(autouse=True)
def small_views(monkeypatch):
    monkeypatch.setattr("gaugenet.viz.segmentation.VIEW_AREA", 120**2)


def loop(longitude, latitude, size=0.4, points=40):
    """A closed line on the unit sphere around a place [rad]."""
    t = np.linspace(0, 2 * np.pi, points)
    at = np.array([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    east = np.array([-np.sin(longitude), np.cos(longitude), 0])
    return np.cos(size) * at + np.sin(size) * (np.outer(np.cos(t), east) + np.outer(np.sin(t), np.cross(at, east)))


def outlines(*lines, label=0, score=1.0):
    many = len(lines)
    return Outlines(np.stack(lines), np.full(many, label), np.full(many, score))


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def near(image, colour, tolerance=40):
    return np.abs(image.astype(int) - colour).max(axis=-1) < tolerance


def hued(image, colour):
    """Pixels of a colour, lit more or less."""
    light, wanted = linear_rgb(image), linear_rgb(colour)
    norm = np.linalg.norm(light, axis=-1) * np.linalg.norm(wanted)
    return light @ wanted > 0.995 * np.maximum(norm, 1e-9)


def test_outlines_show_in_the_colour_of_their_label_and_the_shape_hides_them(tmp_path):
    """Of loops all around the equator those in front show; one inside of the sphere does not."""
    around = [loop(longitude, 0.0, 0.25) for longitude in np.arange(6) * np.pi / 3]
    counts = []
    for line in (around, [0.8 * one for one in around]):
        shown = Outlines(np.stack(line), np.ones(6, int), np.ones(6))
        boxes_picture(tmp_path / "a.png", SPHERE.vertices, SPHERE.faces, shown, NAMES, views=1, up=(0, 0, 1))
        image = picture(tmp_path / "a.png")
        counts.append(hued(image[: -image.shape[0] // 4], palette(2)[1]).sum())
    assert counts[0] > 100 > 10 * counts[1]


def test_lower_scores_are_paler(tmp_path):
    mean = []
    for score in (1.0, 0.0):
        boxes_image(tmp_path / "a.png", np.zeros((100, 200, 3), np.uint8), outlines(loop(0, 0), score=score), NAMES)
        image = picture(tmp_path / "a.png")
        mean.append(near(image, palette(2)[0]).sum())
    assert mean[0] > mean[1] + 100  # the legend has it in both


def test_place_in_the_image(tmp_path):
    """At longitude 90 degrees and latitude 45: three quarters across, a quarter down; the way round is kept."""
    line = loop(np.pi / 2, np.pi / 4, 0.15)
    line[30:] = np.nan  # the south-eastern quarter is missing
    ground = np.tile(np.array([0, 0, 90], np.uint8), (200, 400, 1))
    boxes_image(tmp_path / "a.png", ground, outlines(line), NAMES)
    image = picture(tmp_path / "a.png")
    blue = (image == [0, 0, 90]).all(axis=-1)
    rows, columns = np.flatnonzero(blue.any(axis=1)), np.flatnonzero(blue.any(axis=0))
    drawn = near(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], palette(2)[0])
    assert drawn.shape == (200, 400)
    y, x = np.nonzero(drawn)
    assert np.abs((x.min() + x.max()) / 2 - 300) < 5 and np.abs((y.min() + y.max()) / 2 - 50) < 5
    quarters = [drawn[:50, 300:], drawn[:50, :300], drawn[50:, :300], drawn[50:, 300:]]
    assert min(quarter.sum() for quarter in quarters[:3]) > 3 * quarters[3].sum()


def test_lines_are_cut_at_the_seam(tmp_path):
    boxes_image(tmp_path / "a.png", np.zeros((200, 400, 3), np.uint8), outlines(loop(np.pi, 0, 0.3)), NAMES)
    image = picture(tmp_path / "a.png")
    across = near(image[:, image.shape[1] // 2 - 20 : image.shape[1] // 2 + 20], palette(2)[0])
    assert across[: 3 * image.shape[0] // 4].sum() == 0
    assert near(image, palette(2)[0]).sum() > 200


def test_tubes_are_closed_and_as_thick_as_asked():
    line = np.array(
        [[[0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 0], [np.nan, 0, 0], [0, 0, 1]], [[0, 0, k] for k in range(6)]]
    )
    pos, face, owner = tubes(line, 0.1)
    assert len(pos) == 7 * 2 * SIDES and np.bincount(owner).tolist() == [2 * (4 * SIDES - 4), 5 * (4 * SIDES - 4)]
    solid = trimesh.Trimesh(pos, face, process=False)
    assert solid.is_watertight and solid.is_winding_consistent and solid.volume > 0
    hexagon = 1.5 * np.sqrt(3) * 0.1**2
    assert solid.volume == pytest.approx(hexagon * (1.1 + 2.1 + 5 * 1.1))
    assert len(tubes(line[:0], 0.1)[1]) == 0


def test_no_boxes_and_any_name(tmp_path):
    nothing = Outlines(np.zeros((0, 5, 3)), np.zeros(0, int), np.zeros(0))
    boxes_picture(tmp_path / "a.png", SPHERE.vertices, SPHERE.faces, nothing, NAMES, views=1)
    boxes_image(tmp_path / "b.png", np.zeros((50, 100, 3), np.uint8), outlines(loop(3, 1.5)), ["$x$_1"], title="$")
    off = outlines(np.full((40, 3), np.nan))
    boxes_image(tmp_path / "c.png", np.zeros((50, 100, 3), np.uint8), off, NAMES)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"line": np.zeros((1, 3))}, r"lines \(N, K, 3\) with a label and a score each, got \(1, 3\), \(1,\), \(1,\)"),
        ({"score": np.ones(2)}, "a label and a score each"),
        ({"label": np.array([2])}, r"labels in 0\.\.1, as there are 2 names, got 2\.\.2"),
        ({"score": np.array([1.5])}, r"scores in 0\.\.1, got 1\.5\.\.1\.5"),
    ],
)
def test_refusals_write_nothing(tmp_path, change, complaint):
    wrong = Outlines(**{"line": loop(0, 0)[None], "label": np.array([0]), "score": np.array([1.0]), **change})
    with pytest.raises(ValueError, match=complaint):
        boxes_image(tmp_path / "a.png", np.zeros((50, 100, 3), np.uint8), wrong, NAMES)
    with pytest.raises(ValueError, match=complaint):
        boxes_picture(tmp_path / "a.png", SPHERE.vertices, SPHERE.faces, wrong, NAMES)
    with pytest.raises(ValueError, match=r"an image \(H, W, 3\) uint8, got float64 \(5, 5, 3\)"):
        boxes_image(tmp_path / "a.png", np.zeros((5, 5, 3)), outlines(loop(0, 0)), NAMES)
    assert list(tmp_path.iterdir()) == []
