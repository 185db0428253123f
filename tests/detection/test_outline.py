"""Outlines lie on the surface, where the sides of the box are."""

import pytest
import surfaces
import torch
from box_table import bundle, random_boxes

from gaugenet.detection import charts_of, outlines, to_json
from gaugenet.group import Group
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge


def test_sphere():
    """Unit vectors whose distance from the centre is that in the tangent plane; ahead first, then to the left."""
    data = bundle("sphere")
    boxes = random_boxes(10, 642, sizes=(0.2, 0.6))
    lines = outlines(boxes, data, steps=4)
    assert lines.shape == (10, 37, 3) and (lines.norm(dim=-1) - 1).abs().max() < 1e-14
    centre = torch.tensor([one["centre"] for one in to_json(boxes, data, ["a", "b"])], dtype=torch.float64)
    ahead = torch.tensor([one["direction"] for one in to_json(boxes, data, ["a", "b"])], dtype=torch.float64)
    assert (lines[:, 0] - centre).abs().max() < 1e-15
    distance = torch.atan2(torch.linalg.cross(centre[:, None], lines).norm(dim=-1), (centre[:, None] * lines).sum(-1))
    a, b = boxes.extent.unbind(1)
    assert (distance[:, 4] - a).abs().max() < 1e-13 and (distance[:, -1] - a).abs().max() < 1e-13
    assert (distance[:, 8] - boxes.extent.norm(dim=1)).abs().max() < 1e-13
    assert (distance[:, 12] - b).abs().max() < 1e-13
    left = torch.linalg.cross(centre, ahead)
    assert ((lines[:, 4] * ahead).sum(1) - torch.sin(a)).abs().max() < 1e-13
    assert ((lines[:, 12] * left).sum(1) - torch.sin(b)).abs().max() < 1e-13


@pytest.mark.parametrize("name", ["mesh", "one-sided"])
def test_meshes(name):
    """Points of the faces, without gaps, the same in space whatever the frames."""
    data = bundle(name)
    boxes = random_boxes(10, len(data.pos), sizes=(0.2, 0.3))
    lines = outlines(boxes, data)
    assert lines.isfinite().all()
    assert (lines[:, 1:] - lines[:, :-1]).norm(dim=-1).max() < 0.1
    at = Group("SO2").random(len(data.pos), generator=torch.Generator().manual_seed(1))
    assert (outlines(boxes.change_gauge(at), change_gauge(data, at)) - lines).abs().max() < 1e-11
    if name == "mesh":
        assert lines.norm(dim=-1).min() > 0.9 and lines.norm(dim=-1).max() < 1 + 1e-12
    else:  # mirrored frames see it from the other side: it runs the other way round
        at = Group("O2").random(len(data.pos), generator=torch.Generator().manual_seed(1))
        after = outlines(boxes.change_gauge(at), change_gauge(data, at))[:, [*range(24), *range(216, 23, -1)]]
        expected = lines.clone()
        flipped = at.flip[boxes.vertex]
        assert (after - expected)[flipped].abs().max() < 1e-11


def test_beyond_a_boundary_there_is_nothing():
    data = bundle("plane")
    surface = charts_of(data)
    rim = int(data.pos[:, 0].argmax())
    box = random_boxes(1, [rim], sizes=(0.2, 0.3), offset=0.0)
    assert outlines(box, surface).isfinite().all()  # the plane goes on where the sample ends
    disc = FrameBundle()(surfaces.data_of(surfaces.flat_disc()))
    line = outlines(random_boxes(1, [int(disc.pos[:, 0].argmax())], sizes=(0.2, 0.3)), disc)[0]
    known = line.isfinite().all(1)
    assert 0.2 < known.double().mean() < 0.8
    assert line[known].norm(dim=1).max() < 1 + 1e-9
    with pytest.raises(ValueError, match="steps >= 1, got 0"):
        outlines(box, surface, steps=0)
