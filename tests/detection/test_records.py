"""Boxes written as JSON come back, whatever the frames, and say where they are to a reader without the library."""

import json

import pytest
import surfaces
import torch
from box_table import BUNDLES, bundle, random_boxes, turned

from gaugenet.detection import Boxes, contains, from_json, to_json
from gaugenet.group import Group
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

NAMES = ["cup", "knob"]


def boxes_on(data):
    """Boxes away from boundaries."""
    inner = (data.pos[:, :2].norm(dim=1) < 0.6).nonzero()[:, 0] if data.get("space") else len(data.pos)
    return random_boxes(25, inner, sizes=(0.2, 0.5))


@pytest.mark.parametrize("name", BUNDLES)
def test_boxes_come_back_in_other_frames(name):
    data = bundle(name)
    boxes = boxes_on(data)
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    text = json.dumps(to_json(boxes, data, NAMES))
    back, expected = from_json(json.loads(text), change_gauge(data, at), NAMES), boxes.change_gauge(at)
    assert torch.equal(back.vertex, boxes.vertex) and torch.equal(back.label, boxes.label)
    for key in ("offset", "extent", "score"):
        assert (getattr(back, key) - getattr(expected, key)).abs().max() < 1e-14
    assert turned(back.angle - expected.angle).max() < 1e-14


@pytest.mark.parametrize("name", ["mesh", "sphere", "plane"])
def test_a_reader_finds_the_box_in_space(name):
    """Vertices in small boxes are those near the centre along the direction and across, in plain space."""
    data = bundle(name)
    boxes = boxes_on(data)
    at = contains(boxes, data)
    records = to_json(boxes, data, NAMES)
    centre, direction = (
        torch.tensor([one[key] for one in records], dtype=torch.float64) for key in ("centre", "direction")
    )
    assert (direction.norm(dim=1) - 1).abs().max() < 1e-14
    way = data.pos[at.vertex] - centre[at.box]
    along = (way * direction[at.box]).sum(1)
    # A chord is shorter than its arc by r^3 / 24, seen in a tangent plane by r^3 / 6.
    bound = at.xy.norm(dim=1) ** 3 / 5 + (0.0 if name != "mesh" else 0.02)
    assert ((along - at.xy[:, 0]).abs() <= bound + 1e-12).all()
    assert (at.xy[:, 0].abs() > 0.2).any()


def test_nothing_and_centres_off_the_surface():
    data = bundle("plane")
    assert to_json(boxes_on(data)[[]], data, NAMES) == []
    assert len(from_json([], data, NAMES)) == 0
    disc = FrameBundle()(surfaces.data_of(surfaces.flat_disc()))
    rim, one = int(disc.pos[:, 0].argmax()), torch.ones(1, dtype=torch.float64)
    box = Boxes.at_vertices(torch.tensor([rim]), one, 0.2 * one[None].repeat(1, 2), torch.tensor([0]))
    beyond = box.moved(box.vertex, (disc.frame[rim, :2] @ torch.tensor([0.3, 0, 0]).double())[None], box.angle)
    (record,) = to_json(beyond, disc, NAMES)
    assert to_json(box, disc, NAMES)[0]["centre"] is not None and record["centre"] is None
    assert torch.allclose(from_json(json.loads(json.dumps([record])), disc, NAMES).offset, beyond.offset)
    mesh = bundle("mesh")
    assert all(one["centre"] is not None for one in to_json(boxes_on(mesh), mesh, NAMES))


@pytest.mark.parametrize("name", BUNDLES)
def test_a_direction_that_is_none_is_refused(name):
    """Zero, and a normal; of vectors that lean the part along the surface counts."""
    data = bundle(name)
    boxes = boxes_on(data)
    boxes = boxes.moved(boxes.vertex, 0 * boxes.offset, boxes.angle)
    records = to_json(boxes, data, NAMES)
    normal = data.frame[boxes.vertex[3], 2].tolist()
    for direction in ([0.0, 0.0, 0.0], normal, [3 * x for x in normal]):
        with pytest.raises(
            ValueError, match='need "direction", a vector along the surface, got one that is zero or no'
        ):
            from_json([*records[:3], {**records[3], "direction": direction}], data, NAMES)
    leaning = [{**record, "direction": [2 * x + y for x, y in zip(record["direction"], data.frame[vertex, 2].tolist())]}
               for record, vertex in zip(records, boxes.vertex)]  # fmt: skip
    assert turned(from_json(leaning, data, NAMES).angle - boxes.angle).max() < 1e-12


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": "saucer"}, "labels among cup, knob, got 'saucer': name every label"),
        ({"label": 0}, "labels among cup, knob, got 0: name every label"),
        ({"vertex": 3.7}, '"vertex", an integer each'),
        ({"vertex": float("nan")}, '"vertex", an integer each'),
        ({"extent": [1.0]}, '"extent", 2 numbers each: write them with to_json'),
        ({"vertex": None}, '"vertex", a number each'),
        ({"vertex": 10**6}, "vertices up to 1000000, but the bundle has 642"),
    ],
)
def test_refusals(change, complaint):
    data = bundle("sphere")
    records = to_json(boxes_on(data), data, NAMES)
    with pytest.raises(ValueError, match=complaint):
        from_json([{**records[0], **change}], data, NAMES)
    with pytest.raises(ValueError, match="labels up to 1, got 1 names: name every label"):
        to_json(boxes_on(data), data, NAMES[:1])
