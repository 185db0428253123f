import os
import subprocess
import sys
from pathlib import Path

import mitsuba
import numpy as np
import pytest
import trimesh

import gaugenet
from gaugenet.viz.colour import UNLABELLED, linear_rgb, palette
from gaugenet.viz.renderer import render

RED, BLUE = [200, 30, 30], [30, 30, 200]
FRONT = {"direction": (0, 0, 1), "up": (0, 1, 0)}
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]]), np.array([[0, 1, 2]]), np.array([RED], np.uint8)


def squares(*layers):
    """Squares in the xy-plane: (centre, half side, colour) each."""
    pos, face, rgb = [], [], []
    for centre, half, colour in layers:
        face += [[len(pos) + k for k in triangle] for triangle in ([0, 1, 2], [0, 2, 3])]
        pos += [np.add(centre, [half * x, half * y, 0]) for x, y in [(-1, -1), (1, -1), (1, 1), (-1, 1)]]
        rgb += [colour, colour]
    return np.array(pos, float), np.array(face), np.array(rgb, np.uint8)


def brightness(pixel, rgb):
    """By how much linear light differs from a colour, and the cosine between the two."""
    light, colour = linear_rgb(pixel), linear_rgb(rgb)
    scale = np.linalg.norm(light) / np.linalg.norm(colour)
    return scale, light @ colour / (np.linalg.norm(light) * np.linalg.norm(colour))


@pytest.mark.parametrize(("side", "shown"), [(1, RED), (-1, BLUE)])
def test_near_face_hides_far_one(side, shown):
    mesh = squares(([0, 0, 0.1], 1, RED), ([0, 0, -0.1], 1, BLUE))
    picture = render(*mesh, direction=(0, 0, side), up=(0, 1, 0), size=(40, 40))
    assert brightness(picture[20, 20], shown)[1] > 0.999


def test_crossing_faces_hide_each_other_pixel_by_pixel():
    pos = np.array(
        [[-1, -1, 1], [1, -1, -1], [1, 1, -1], [-1, 1, 1], [-1, -1, -1], [1, -1, 1], [1, 1, 1], [-1, 1, -1.0]]
    )
    face = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    picture = render(pos, face, np.array([RED, RED, BLUE, BLUE], np.uint8), **FRONT, size=(40, 40))
    assert brightness(picture[20, 8], RED)[1] > 0.999
    assert brightness(picture[20, 32], BLUE)[1] > 0.999


def test_up_is_up_and_right_is_right():
    mesh = squares(([1, 0, 0], 0.2, RED), ([0, 1, 0], 0.2, BLUE))  # red right, blue on top
    picture = render(*mesh, **FRONT, size=(60, 60)).astype(int)
    row, column = np.nonzero(picture[..., 0] - picture[..., 2] > 50)
    assert row.mean() > 40 and column.mean() > 40
    row, column = np.nonzero(picture[..., 2] - picture[..., 0] > 50)
    assert row.mean() < 20 and column.mean() < 20


@pytest.mark.parametrize("size", [(50, 100), (100, 50), (70, 70), (1, 1), (3, 40)])
def test_shape_fits_and_is_centred(size):
    mesh = trimesh.creation.icosphere(3)
    picture = render(mesh.vertices, mesh.faces, np.tile(np.uint8(RED), (len(mesh.faces), 1)), **FRONT, size=size)
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.uint8
    if min(size) < 50:
        return
    row, column = np.nonzero(picture.min(axis=-1) < 200)
    diameter = np.ptp(row) + 1
    assert min(size) - 6 <= diameter <= min(size) - 2
    assert abs(diameter - np.ptp(column) - 1) <= 2
    assert abs(row.mean() - (size[0] - 1) / 2) < 0.7 and abs(column.mean() - (size[1] - 1) / 2) < 0.7
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (border == 255).all()


@pytest.mark.parametrize("colour", [*palette(8), UNLABELLED], ids=str)
def test_colours_survive(colour):
    sphere = trimesh.creation.icosphere(3)
    picture = render(sphere.vertices, sphere.faces, np.tile(colour, (len(sphere.faces), 1)), **FRONT, size=(48, 48))
    seen = [brightness(pixel, colour) for pixel in picture[12:36:6, 12:36:6].reshape(-1, 3)]
    assert min(cosine for _, cosine in seen) > 0.995
    assert 0.7 < np.median([scale for scale, _ in seen]) < 1.1
    assert min(scale for scale, _ in seen) > 0.4


def test_same_input_gives_the_same_picture():
    mesh = trimesh.creation.torus(1, 0.4)
    rgb = palette(5)[np.arange(len(mesh.faces)) % 5]
    view = {"direction": (1, 2, 3), "up": (0, 0, 1), "size": (50, 60)}
    first = render(mesh.vertices, mesh.faces, rgb, **view)
    assert (render(mesh.vertices, mesh.faces, rgb, **view) == first).all()


def test_smooth_shading_hides_the_facets():
    sphere = trimesh.creation.icosphere(1)
    apart = np.arange(3 * len(sphere.faces)).reshape(-1, 3)
    facets = trimesh.Trimesh(sphere.triangles.reshape(-1, 3), apart, process=False)
    bends = []
    for mesh in (sphere, facets):
        rgb = np.full(mesh.faces.shape, 180, np.uint8)
        row = render(mesh.vertices, mesh.faces, rgb, **FRONT, size=(96, 96))[24:72, 24:72, 0].astype(float)
        bends.append(np.abs(row[:, 8:] - 2 * row[:, 4:-4] + row[:, :-8]).max())  # second differences
    assert bends[0] < 0.6 * bends[1]


def test_crevices_are_darker():
    floor = squares(([0, 0, 0], 1, [180] * 3))
    walls = trimesh.creation.annulus(0.98, 1.0, 1.5, sections=4)
    pos = np.vstack([floor[0], np.add(walls.vertices, [0, 0, 0.75])])
    face = np.vstack([floor[1], walls.faces + 4])
    closed = render(pos, face, np.full(face.shape, 180, np.uint8), **FRONT, size=(40, 40))
    assert closed[18:22, 18:22].mean() < render(*floor, **FRONT, size=(40, 40))[18:22, 18:22].mean() - 25


@pytest.mark.parametrize("side", [1, -1])
def test_both_sides_of_a_face_show(side):
    picture = render(*TRIANGLE, direction=(0, 0, side), up=(0, 1, 0), size=(30, 30))
    covered = picture[..., 1] < 128
    assert covered.mean() == pytest.approx(0.37, abs=0.03)
    assert brightness(np.median(picture[covered], axis=0), RED)[1] > 0.99


def test_triangle_seen_from_its_edge_is_a_line():
    picture = render(*TRIANGLE, direction=(1, 1, 0), up=(0, 0, 1), size=(30, 30))
    assert (picture[:10] == 255).all() and (picture[20:] == 255).all()


@pytest.mark.parametrize(("scale", "shift"), [(1e-12, 0), (1e12, 0), (1, 1e5)])
def test_size_and_place_do_not_matter(scale, shift):
    mesh = trimesh.creation.icosphere(2)
    rgb = np.tile(np.uint8(BLUE), (len(mesh.faces), 1))
    picture = render(mesh.vertices, mesh.faces, rgb, **FRONT, size=(40, 40)).astype(int)
    moved = render(scale * mesh.vertices + shift, mesh.faces, rgb, **FRONT, size=(40, 40))
    assert np.abs(moved - picture).mean() < 1


def test_what_does_not_show_is_left_out():
    pos, face, rgb = TRIANGLE
    more = np.vstack([pos, [[np.nan] * 3, [50, 50, 50]]])
    faces, colours = np.vstack([face, [[0, 0, 1], [1, 1, 1]]]), np.vstack([rgb, [BLUE, BLUE]]).astype(np.uint8)
    expected = render(*TRIANGLE, **FRONT, size=(20, 20))
    assert (render(more, faces, colours, **FRONT, size=(20, 20)) == expected).all()


def test_input_is_not_changed():
    mesh = tuple(array.copy() for array in TRIANGLE)
    render(*mesh, **FRONT, size=(8, 8))
    for array, original in zip(mesh, TRIANGLE):
        assert (array == original).all()


def test_callers_mitsuba_is_given_back():
    other = next(variant for variant in mitsuba.variants() if variant != "scalar_rgb" and variant.startswith("scalar"))
    before = mitsuba.variant()
    mitsuba.set_variant(other)
    try:
        render(*TRIANGLE, **FRONT, size=(8, 8))
        assert mitsuba.variant() == other
    finally:
        mitsuba.set_variant(before or "scalar_rgb")


def test_neither_screen_nor_compiler_nor_pyplot_is_needed():
    program = (
        "import sys, numpy, gaugenet.viz as viz; assert 'mitsuba' not in sys.modules;"
        "picture = viz.render(numpy.eye(3), numpy.array([[0, 1, 2]]), numpy.zeros((1, 3), numpy.uint8),"
        " direction=(1, 1, 1), up=(0, 0, 1), size=(8, 8));"
        "assert picture.min() < 128 and 'matplotlib.pyplot' not in sys.modules and 'torch' not in sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    environment["DRJIT_LIBLLVM_PATH"] = "/none"  # as on most machines
    environment["PYTHONPATH"] = str(Path(gaugenet.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"pos": np.zeros((3, 2))}, r"expected pos \(V, 3\) and integer face \(F, 3\), got \(3, 2\)"),
        ({"face": np.zeros((1, 3))}, r"integer face \(F, 3\), got \(3, 3\) and float64"),
        ({"face": np.array([[0, 1, 3]])}, r"expected vertex ids in 0..2, got 0..3"),
        ({"face": np.array([[0, -1, 2]])}, r"expected vertex ids in 0..2, got -1..2"),
        ({"face": np.zeros((0, 3), int), "face_rgb": np.zeros((0, 3), np.uint8)}, "at least one face"),
        ({"pos": np.full((3, 3), np.inf)}, "expected finite positions, got 9"),
        ({"pos": np.ones((3, 3))}, "expected faces with an area, got none among 1"),
        ({"face": np.array([[0, 1, 1]])}, "expected faces with an area, got none among 1"),
        ({"face_rgb": np.zeros((2, 3), np.uint8)}, r"expected face_rgb \(1, 3\) uint8"),
        ({"face_rgb": np.zeros((1, 3))}, r"expected face_rgb \(1, 3\) uint8, one colour for each face, got float64"),
        ({"size": (0, 5)}, r"expected a size \(H, W\)"),
        ({"size": (5,)}, r"expected a size \(H, W\)"),
        ({"up": (0, 0, 1)}, "not parallel to up"),
    ],
)
def test_refusals(changed, complaint):
    pos, face, rgb = TRIANGLE
    arguments = {"pos": pos, "face": face, "face_rgb": rgb, **FRONT, "size": (8, 8), **changed}
    with pytest.raises(ValueError, match=complaint) as error:
        render(**arguments)
    assert "\n" not in str(error.value)
