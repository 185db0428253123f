import numpy as np
import pytest
import trimesh
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from gaugenet.viz import UNLABELLED, Panel, palette, segmentation_picture
from gaugenet.viz import segmentation as module
from gaugenet.viz.colour import linear_rgb
from gaugenet.viz.page import fitting_columns, page

CAPSULE = trimesh.creation.capsule(height=2, radius=0.4, count=[8, 8])
NAMES = ["top", "bottom"]


@pytest.fixture(autouse=True)
def small_views(monkeypatch):
    monkeypatch.setattr("gaugenet.viz.segmentation.VIEW_AREA", 60**2)


def capsule(title="capsule", label=None):
    if label is None:
        label = (CAPSULE.triangles_center[:, 2] < 0).astype(int)
    return Panel(title, CAPSULE.vertices, CAPSULE.faces, label)


def picture(path):
    with Image.open(path) as image:
        image.verify()
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def share(image, colour):
    """Share of the pixels that show a colour, lit more or less."""
    light, wanted = linear_rgb(image.reshape(-1, 3)), linear_rgb(colour)
    norm = np.linalg.norm(light, axis=1) * np.linalg.norm(wanted)
    return (light @ wanted > 0.9995 * np.maximum(norm, 1e-9)).mean()


def test_picture_shows_each_label_in_its_colour(tmp_path):
    segmentation_picture(tmp_path / "a.png", [capsule()], NAMES)
    image = picture(tmp_path / "a.png")
    assert min(image.shape[:2]) > 100
    half = share(image, palette(2)[0]), share(image, palette(2)[1])
    assert min(half) > 0.02
    assert half[0] == pytest.approx(half[1], rel=0.35)
    border = np.concatenate([image[:5].reshape(-1, 3), image[-5:].reshape(-1, 3), image[:, :5].reshape(-1, 3)])
    assert (border == 255).all()


def test_picture_is_the_same_each_time(tmp_path):
    for name in ("a.png", "b.png"):
        segmentation_picture(tmp_path / name, [capsule()], NAMES, title="twice")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_unlabelled_faces_are_grey_and_in_the_legend(tmp_path):
    label = np.where(CAPSULE.triangles_center[:, 2] < 0, -1, 0)
    segmentation_picture(tmp_path / "a.png", [capsule()], NAMES)
    segmentation_picture(tmp_path / "b.png", [capsule(label=label)], NAMES)
    without, grey = picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    near = np.abs(grey.astype(int) - UNLABELLED).max(axis=-1) < 12
    assert near.mean() > 0.006 > 2 * (np.abs(without.astype(int) - UNLABELLED).max(axis=-1) < 12).mean()
    assert share(grey, palette(2)[0]) > 0.02


def test_rows_columns_views_and_titles_take_room(tmp_path):
    def shape(panels, **options):
        segmentation_picture(tmp_path / "a.png", [capsule()] * panels, NAMES, **options)
        return np.array(picture(tmp_path / "a.png").shape[:2])

    one = shape(1)
    assert shape(2, columns=1)[0] > 1.3 * one[0]
    assert shape(2, columns=2)[1] > 1.3 * one[1]
    assert (shape(1, columns=5) == one).all()
    assert (shape(3, columns=2) == shape(4, columns=2)).all()
    assert shape(3, columns=2)[0] > 1.3 * shape(2, columns=2)[0]
    assert shape(1, views=5)[1] > one[1]
    assert shape(1, title="a title")[0] > one[0]
    assert shape(1, title="a very long title " * 10)[1] > 2 * one[1]


def test_many_shapes_share_a_page_of_a_usual_format(tmp_path):
    for panels, together in ((12, 1), (40, 2)):
        segmentation_picture(tmp_path / "a.png", [capsule()] * panels, NAMES, together=together)
        height, width = picture(tmp_path / "a.png").shape[:2]
        assert 0.8 < width / height < 2.2
    strips = [[np.zeros((300, 100, 3), np.uint8)]] * 9
    assert [fitting_columns(strips[:n]) for n in (1, 2, 9)] == [1, 2, 5]
    assert [fitting_columns(strips[:n], 2) for n in (2, 8)] == [2, 4]


def test_up_is_upright(tmp_path):
    heights = []
    for up in [(0, 0, 1), (1, 0, 0)]:
        segmentation_picture(tmp_path / "a.png", [capsule()], NAMES, views=1, up=up)
        image = picture(tmp_path / "a.png").astype(int)
        row, column = np.nonzero(np.ptp(image, axis=-1)[: -image.shape[0] // 4] > 60)
        heights.append(np.ptp(row) / np.ptp(column))
    assert heights[0] > 1.5
    assert heights[1] < 0.8


def test_views_of_a_panel_have_one_scale(monkeypatch):
    sizes = []
    monkeypatch.setattr(
        module, "render", lambda *mesh, size, **view: sizes.append(size) or np.zeros((*size, 3), np.uint8)
    )
    plate = trimesh.creation.box([2, 1, 0.05])
    panel = Panel("plate", plate.vertices, plate.faces, np.zeros(12, int))
    seen = module.viewpoints(panel.pos, panel.face, 3, (0, 1, 0))
    module.rendered_views(panel.pos, panel.face, np.zeros((12, 3), np.uint8), seen)
    heights, widths = np.array(sizes).T
    assert np.ptp(heights) < 0.6 * heights.max()
    assert np.mean(heights * widths) == pytest.approx(60**2, rel=0.05)


@pytest.mark.parametrize("name", ["$x$_1", "_hidden", "a very long name that is wider than the picture itself " * 4])
def test_any_name_can_be_drawn(tmp_path, name):
    segmentation_picture(tmp_path / "a.png", [capsule(name)], [name, "$"], title=name)
    assert picture(tmp_path / "a.png").shape[1] > 100


def test_many_labels(tmp_path):
    label = np.arange(len(CAPSULE.faces)) % 30
    segmentation_picture(tmp_path / "a.png", [capsule(label=label)], [f"label {k}" for k in range(30)])
    assert share(picture(tmp_path / "a.png"), palette(30)[29]) > 1e-4


@pytest.mark.parametrize("side", [[0, 0, 1.0], [1, 1, 1.0]])
def test_single_triangle(tmp_path, side):
    pos = np.array([[0, 0, 0], [1, 0, 0], side])
    segmentation_picture(tmp_path / "a.png", [Panel("triangle", pos, np.array([[0, 1, 2]]), np.array([1]))], NAMES)
    assert share(picture(tmp_path / "a.png"), palette(2)[1]) > 0.01


def test_flat_shape_and_degenerate_faces(tmp_path):
    pos = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0, 0.0]])
    face = np.array([[0, 4, 1], [0, 1, 2], [0, 2, 3], [1, 1, 2]])
    segmentation_picture(tmp_path / "a.png", [Panel("plate", pos, face, np.array([1, 0, 0, 1]))], NAMES)
    assert share(picture(tmp_path / "a.png"), palette(2)[0]) > 0.02


def test_failure_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")

    def broken(canvas, file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(FigureCanvasAgg, "print_png", broken)
    with pytest.raises(OSError, match="disk full"):
        segmentation_picture(path, [capsule()], NAMES, views=1)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == b"before"


def test_page_that_is_too_large():
    strips = [[np.zeros((2, 2, 3), np.uint8)]] * 1000
    with pytest.raises(ValueError, match=r"at most 65535 pixels a side, got a page of .*: draw fewer than 1000 shapes"):
        page(strips, [""] * 1000, 1, [("name", UNLABELLED)], None)


@pytest.mark.parametrize(
    ("panels", "options", "complaint"),
    [
        ([], {}, "at least one panel"),
        ([capsule()], {"columns": 0}, "at least one column"),
        ([capsule()], {"views": 0}, "at least one view"),
        ([capsule()], {"up": (0, 0, 0)}, "up to be a direction"),
        ([capsule("cat", np.zeros(3, int))], {}, "cat: expected 128 integer labels, one for each face, got int64"),
        ([capsule("cat", np.zeros(len(CAPSULE.faces)))], {}, "cat: expected 128 integer labels.* got float64"),
        ([capsule("cat", np.full(len(CAPSULE.faces), 2))], {}, r"cat: expected labels in -1..1.* 2 names, got 2..2"),
        ([capsule("cat", np.full(len(CAPSULE.faces), -2))], {}, r"cat: expected labels in -1..1.*, got -2..-2"),
        ([Panel("none", np.zeros((3, 3)), np.zeros((0, 3), int), np.zeros(0, int))], {}, "at least one face"),
    ],
)
def test_refusals_write_nothing(tmp_path, panels, options, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        segmentation_picture(tmp_path / "a.png", panels, NAMES, **options)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_path_must_be_a_png_in_a_folder(tmp_path):
    with pytest.raises(ValueError, match=r"end in \.png, got .*a\.jpg"):
        segmentation_picture(tmp_path / "a.jpg", [capsule()], NAMES)
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing to write a\.png into: create it first"):
        segmentation_picture(tmp_path / "missing" / "a.png", [capsule()], NAMES)
