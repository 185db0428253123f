"""Areas and overlap of boxes: closed forms with their order of convergence, a slow reference, and invariance."""

import itertools
import math

import numpy as np
import pytest
import space_table
import surfaces
import torch
from box_table import BUNDLES, bundle, in_frames_of, random_boxes, rotated, sphere_area

from gaugenet.detection import Boxes, areas, charts_of, contains, iou
from gaugenet.group import Group
from gaugenet.homogeneous import Plane, Sphere, icosphere, square_lattice
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle


def planar(rows):
    """Boxes (x, y, angle, a, b) of the plane about its origin, vertex 0 of the lattices."""
    table = torch.tensor(rows, dtype=torch.float64)
    label = torch.zeros(len(table), dtype=torch.int64)
    return Boxes(label, table[:, :2], table[:, 2], table[:, 3:], label, torch.ones(len(table)))


def interval_iou(one, other):
    """Intersection over union of two axis-parallel rectangles (x, y, 0, a, b)."""
    sides = []
    for k in (0, 1):
        end = min(one[k] + one[3 + k], other[k] + other[3 + k])
        sides.append(max(0.0, end - max(one[k] - one[3 + k], other[k] - other[3 + k])))
    common = sides[0] * sides[1]
    return common / (4 * one[3] * one[4] + 4 * other[3] * other[4] - common)


def slow_iou(one, other, steps=1500):
    """Intersection over union of two rectangles of the plane by counting points of a fine grid over the first."""
    t = (np.arange(steps) + 0.5) / steps * 2 - 1
    along, across = np.meshgrid(one[3] * t, one[4] * t)
    x = one[0] + np.cos(one[2]) * along - np.sin(one[2]) * across - other[0]
    y = one[1] + np.sin(one[2]) * along + np.cos(one[2]) * across - other[1]
    u, v = np.cos(other[2]) * x + np.sin(other[2]) * y, np.cos(other[2]) * y - np.sin(other[2]) * x
    common = 4 * one[3] * one[4] * ((abs(u) <= other[3]) & (abs(v) <= other[4])).mean()
    return common / (4 * one[3] * one[4] + 4 * other[3] * other[4] - common)


PARALLEL = [
    [0.0, 0.0, 0.0, 0.4, 0.2],
    [0.13, -0.11, 0.0, 0.3, 0.3],
    [0.02, 0.01, 0.0, 0.03, 0.01],
    [0.6, 0.0, 0.0, 0.2, 0.5],
]
TURNED = [
    [0.0, 0.0, 0.3, 0.4, 0.2],
    [0.13, -0.11, 1.1, 0.3, 0.25],
    [0.1, 0.2, -2.0, 0.35, 0.1],
    [-0.2, 0.1, 0.3, 0.1, 0.3],
]


def test_boxes_of_the_plane_are_exact():
    """Also smaller than a triangle: edges are 0.1 long."""
    data = bundle("plane")
    boxes = planar(PARALLEL)
    expected = [[interval_iou(one, other) for other in PARALLEL] for one in PARALLEL]
    assert (iou(boxes, boxes, data) - torch.tensor(expected, dtype=torch.float64)).abs().max() < 1e-12
    assert (areas(boxes, data) - 4 * boxes.extent.prod(1)).abs().max() < 1e-14
    turned = planar(TURNED)
    expected = [[slow_iou(one, other) for other in TURNED] for one in TURNED]
    assert (iou(turned, turned, data) - torch.tensor(expected, dtype=torch.float64)).abs().max() < 1e-3


def test_boxes_of_a_flat_mesh_are_exact():
    data = FrameBundle()(surfaces.data_of(surfaces.flat_disc()))
    boxes = planar([[*one[:2], angle, *one[3:]] for one, angle in zip(TURNED, (0.3, 1.1, -2.0, 0.3))])
    turn = -torch.atan2(data.frame[0, 0, 1], data.frame[0, 0, 0]).expand(len(data.pos))  # e1 along x
    expected = iou(boxes, boxes, bundle("plane"))
    assert (iou(boxes, boxes, change_gauge(data, turn)) - expected).abs().max() < 1e-12


def test_points_without_faces_count_whole():
    """Of first order in the spacing, in the mean over boxes."""
    error = []
    for size in (10, 20, 40):
        data = HomogeneousBundle(Plane(), radius=0.2)(square_lattice(size, 1.0 / size))
        boxes = random_boxes(60, [0], sizes=(0.2, 0.4), offset=0.3)
        error.append(float((areas(boxes, data) / (4 * boxes.extent.prod(1)) - 1).abs().mean()))
        inside = contains(boxes, data)
        counted = torch.zeros(60, dtype=torch.float64).index_add_(0, inside.box, data.area_0[inside.vertex])
        assert torch.allclose(areas(boxes, data), counted)
    assert error[0] < 0.1 and 1.4 < error[0] / error[1] < 4 and 1.4 < error[1] / error[2] < 4


def test_areas_on_the_sphere_converge_with_second_order():
    boxes = random_boxes(30, 42, sizes=(0.05, 1.2), offset=0.2)
    exact = torch.tensor([sphere_area(*extent) for extent in boxes.extent.tolist()], dtype=torch.float64)
    error = []
    for level in (2, 3, 4):
        data = HomogeneousBundle(Sphere())(icosphere(level))
        error.append(float((areas(boxes, data) / exact - 1).abs().max()))
    assert error[0] < 0.03 and all(3.5 < one / two < 4.5 for one, two in itertools.pairwise(error))


def test_a_box_around_the_whole_sphere():
    """Beyond the antipode there is nothing more: four pi, but for the triangle around it."""
    boxes = Boxes.at_vertices(
        torch.tensor([5]),
        torch.ones(1, dtype=torch.float64),
        torch.full((1, 2), 3.2, dtype=torch.float64),
        torch.tensor([0]),
    )
    data = bundle("sphere")
    assert 0.97 * 4 * math.pi < float(areas(boxes, data)) < 4 * math.pi


def test_areas_on_meshes_of_a_sphere_converge():
    error = []
    for level in (3, 5):
        mesh, data = FrameBundle()(icosphere(level)), HomogeneousBundle(Sphere())(icosphere(level))
        boxes = random_boxes(40, 162, offset=0.0)
        exact = torch.tensor([sphere_area(*extent) for extent in boxes.extent.tolist()], dtype=torch.float64)
        on_mesh = in_frames_of(boxes, data, mesh)
        fine = iou(boxes, boxes, HomogeneousBundle(Sphere())(icosphere(5)))
        error.append([float((areas(on_mesh, mesh) / exact - 1).abs().max())])
        error[-1].append(float((iou(on_mesh, on_mesh, mesh) - fine).abs().max()))
    assert max(error[0]) < 0.02 and error[1][0] < error[0][0] / 2 and error[1][1] < error[0][1] / 2


def test_boxes_around_a_cylinder():
    """Longer than halfway round, a box ends where it meets itself: exact but for the triangles across that line."""
    mesh = surfaces.cylinder(64, 33)
    data = FrameBundle()(surfaces.data_of(mesh))
    middle = 16
    e1 = data.frame[middle, :2, 2]  # the z axis in the frame
    along = torch.atan2(e1[1], e1[0]).reshape(1)
    length = 2 * math.pi * 1.0
    for angle, extent, expected in (
        (along, [0.5, 1.0], 2.0),
        (along + math.pi / 2, [2.0, 0.3], 2.4),
        (along + math.pi / 2, [4.0, 0.3], 0.6 * length),
    ):
        size = torch.tensor([extent], dtype=torch.float64)
        boxes = Boxes.at_vertices(torch.tensor([middle]), angle, size, torch.tensor([0]))
        assert float(areas(boxes, data)) == pytest.approx(expected, rel=0.025 if extent[0] > math.pi else 2e-3)


@pytest.mark.parametrize("name", BUNDLES)
def test_iou_is_symmetric_and_one_with_itself(name):
    data = bundle(name)
    boxes = random_boxes(20, len(data.pos), seed=4)
    overlap = iou(boxes, boxes, data)
    assert ((overlap > 0) & (overlap < 1)).sum() > 5
    assert (overlap - overlap.T).abs().max() < 1e-12
    assert (overlap.diagonal() - 1).abs().max() < 1e-12
    assert overlap.min() >= 0 and overlap.max() < 1 + 1e-12
    half = boxes.moved(boxes.vertex, boxes.offset, boxes.angle + math.pi)
    assert (iou(half, boxes, data) - overlap).abs().max() < 1e-12
    surface = charts_of(data)
    assert torch.equal(iou(boxes[3:5], boxes, surface), overlap[3:5])


@pytest.mark.parametrize("name", BUNDLES)
def test_gauge_does_not_matter(name):
    data = bundle(name)
    boxes = random_boxes(20, len(data.pos), seed=4)
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    after = iou(boxes.change_gauge(at), boxes.change_gauge(at), change_gauge(data, at))
    assert (after - iou(boxes, boxes, data)).abs().max() < 1e-12
    if name == "sphere":
        assert (iou(boxes, boxes.change_gauge(at), data) - after).abs().max() > 0.05


def test_rotations_of_an_icosphere_do_not_matter():
    sphere, data = Sphere(), bundle("sphere")
    boxes = random_boxes(20, len(data.pos), sizes=(0.2, 0.8))
    expected = iou(boxes, boxes, data)
    for g in space_table.icosahedral_rotations()[2::17]:
        number = space_table.permutation(sphere, data.pos, g)
        turn = sphere.frame_angle(g, data.pos)[boxes.vertex]
        moved = boxes.moved(number[boxes.vertex], rotated(boxes.offset, turn), boxes.angle + turn)
        assert (iou(moved, moved, data) - expected).abs().max() < 1e-12


def test_slow_reference_on_the_sphere():
    """Shares of an even sample of the sphere inside of one box and of both."""
    data, fine = bundle("sphere"), HomogeneousBundle(Sphere(), radius=0.02)(icosphere(6))
    boxes = random_boxes(12, 42, sizes=(0.3, 0.7), offset=0.2)  # the first vertices of both samples are the same
    inside = contains(boxes, fine)
    mask = torch.zeros(12, len(fine.pos), dtype=torch.float64)
    mask[inside.box, inside.vertex] = 1
    common = (mask * fine.area_0) @ mask.T
    each = common.diagonal()
    expected = common / (each[:, None] + each - common)
    found = iou(boxes, boxes, data)
    assert (expected > 0.05).sum() > 14
    assert (found - expected).abs().max() < 0.01


def test_nothing_and_boxes_off_the_surface():
    data = bundle("plane")
    boxes = planar([[0.0, 0.0, 0.0, 0.1, 0.1], [9.0, 0.0, 0.0, 0.1, 0.1]])
    assert torch.equal(iou(boxes, boxes, data), torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64))
    assert iou(boxes[[]], boxes, data).shape == (0, 2) and areas(boxes[[]], data).shape == (0,)
