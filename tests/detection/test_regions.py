"""Boxes of labelled regions: exact on flat rectangles, one for each piece, and blind to frames."""

import math

import box_table
import numpy as np
import pytest
import surfaces
import torch

from gaugenet.detection import Boxes, charts_of, iou, region_boxes
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge


def flat(angle=0.4, n=40):
    """A flat mesh of n x n squares of side 1, and where the middles of its faces are in axes turned by an angle."""
    x, y = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    pos = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    k = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = (part.ravel() for part in (k[:-1, :-1], k[1:, :-1], k[1:, 1:], k[:-1, 1:]))
    face = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    middle = pos[face].mean(1)[:, :2] - n / 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return FrameBundle()(surfaces.data_of(surfaces.mesh(pos, face))), torch.from_numpy(middle @ turn.T)


def test_of_a_flat_rectangle_it_is_that_rectangle():
    data, at = flat()
    label = ((at[:, 0].abs() < 14) & (at[:, 1].abs() < 6)).long()
    (box,) = (region_boxes(data, label, [1])[[0]],)
    surface = charts_of(data)
    assert float((box.extent[0] - torch.tensor([14.0, 6.0])).abs().max()) < 1.0
    way = surface.direction(box)[0]
    assert abs(abs(float(way @ torch.tensor([math.cos(0.4), math.sin(0.4), 0.0]).double())) - 1) < 1e-2
    assert float((surface.centre(box)[0] - torch.tensor([20.0, 20.0, 0.0])).norm()) < 0.7


def test_every_piece_has_one_and_the_largest_comes_first():
    data, at = flat(0.0)
    label = torch.zeros(len(at), dtype=torch.int64)
    label[(at[:, 0] < -10) & (at[:, 1] < -12)] = 2
    label[(at[:, 0] > 10) & (at[:, 1] > 8)] = 2
    label[(at[:, 0].abs() < 3) & (at[:, 1].abs() < 3)] = 5
    boxes = region_boxes(data, label, [5, 2])
    assert boxes.label.tolist() == [0, 1, 1] and boxes.extent[1].prod() > boxes.extent[2].prod()
    assert len(region_boxes(data, label, [5, 2], smallest=0.03)) == 2
    assert len(region_boxes(data, label, [7])) == 0
    parts = [boxes[[k]] for k in range(3)]
    assert torch.equal(Boxes.joined(parts).offset, boxes.offset)


def test_long_edges_elsewhere_do_not_widen_it():
    data, at = flat(0.0)
    label = ((at[:, 0].abs() < 3) & (at[:, 1].abs() < 2)).long()
    pos = data.pos.clone()
    pos[pos[:, 0] > 39.5, 0] += 100
    far = FrameBundle()(surfaces.data_of(surfaces.mesh(pos.numpy(), data.face.numpy().T)))
    assert torch.allclose(region_boxes(far, label, [1]).extent, region_boxes(data, label, [1]).extent, atol=1e-9)


def test_the_numbers_of_vertices_do_not_matter():
    data = box_table.bundle("mesh")
    label = (data.pos[data.face].mean(0)[:, 2] > 0.2 * data.pos[:, 2].max()).long()
    order = torch.randperm(len(data.pos), generator=torch.Generator().manual_seed(0))
    face = torch.argsort(order)[data.face]
    other = FrameBundle()(surfaces.data_of(surfaces.mesh(data.pos[order].numpy(), face.numpy().T)))
    one, two = (region_boxes(bundle, label, [1]) for bundle in (data, other))
    assert torch.allclose(one.extent, two.extent, atol=1e-9)
    assert torch.allclose(charts_of(data).centre(one), charts_of(other).centre(two), atol=1e-9)


@pytest.mark.parametrize("name", ["mesh", "sphere"])
def test_frames_do_not_matter(name):
    data = box_table.bundle(name)
    middle = data.pos[data.face].mean(0)
    label = (middle @ torch.tensor([0.8, 0.0, 0.6], dtype=torch.float64) > 0.7 * data.pos.norm(dim=1).max()).long()
    angle = 6.28 * torch.rand(len(data.pos), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    boxes, other = region_boxes(data, label, [1]), region_boxes(change_gauge(data, angle), label, [1])
    assert len(boxes) == 1
    assert float(iou(boxes.change_gauge(angle), other, change_gauge(data, angle))) > 0.99


def test_a_label_for_every_face():
    data, _ = flat(n=4)
    with pytest.raises(ValueError, match=r"a label for each of the 32 faces, got \(3,\): read labels and mesh tog"):
        region_boxes(data, torch.zeros(3), [1])
