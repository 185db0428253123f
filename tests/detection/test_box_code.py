"""Boxes as numbers of a field: written and read again, equivariant, and what the loss wants."""

import math
from dataclasses import replace

import box_table
import pytest
import torch

from gaugenet.detection import BoxCode, Boxes, BoxTargets, Scene, average_precision, charts_of, recentred
from gaugenet.group import Elements
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle

CODE = BoxCode(3, 0.3, half_turns=(1,))


def written(targets, code=CODE, sure=12.0):
    """What a network that knows the targets puts out."""
    out = torch.zeros(len(targets.label), code.rep.dim, dtype=torch.float64)
    known = targets.label >= 0
    out[:, 0] = torch.where(known, sure, -sure)
    out[known, 1 + targets.label[known]] = sure
    out[known, 1 + code.classes : 3 + code.classes] = (targets.extent[known] / code.unit).log()
    x, y = (targets.offset / code.unit).unbind(1)
    vectors = torch.stack([x, targets.angle.cos(), y, targets.angle.sin()], dim=1)
    doubled = torch.stack([(2 * targets.angle).cos(), (2 * targets.angle).sin()], dim=1)
    first = 3 + code.classes
    out[:, first : first + 4], out[:, first + 4 :] = vectors, doubled
    return out


def scene_of(name, count=4):
    data = box_table.bundle(name)
    generator = torch.Generator().manual_seed(3)
    boxes = box_table.random_boxes(count, len(data.pos), sizes=(0.15, 0.25), labels=3)
    some = torch.randperm(len(data.pos), generator=generator)[:count]
    return data, recentred(boxes.moved(some, boxes.offset, boxes.angle), data)


@pytest.mark.parametrize("name", box_table.BUNDLES)
def test_what_is_written_is_read_again(name):
    data, true = scene_of(name)
    targets = BoxTargets.of(true, data).over(charts_of(data).scale)
    found = CODE.detect(written(targets), data)
    precision = average_precision([Scene.of(found, true, data)], 3, half_turns=CODE.half_turns)
    assert precision.at(0.5) == 1.0
    if name in ("sphere", "plane", "hyperbolic"):
        assert precision.mean == 1.0 and precision.distance.max() < 1e-6 and precision.turn.max() < 1e-6


@pytest.mark.parametrize("group", ["SO2", "O2"])
def test_boxes_turn_with_the_frames(group):
    code, vertex = BoxCode(3, 0.3, CODE.half_turns, group), torch.arange(100)
    generator = torch.Generator().manual_seed(0)
    out = torch.randn(len(vertex), code.rep.dim, generator=generator, dtype=torch.float64)
    flip = torch.rand(len(vertex), generator=generator) < (0.5 if group == "O2" else 0.0)
    at = Elements.of(6.28 * torch.rand(len(vertex), generator=generator, dtype=torch.float64), flip)
    plain = code.boxes(out, vertex).change_gauge(at)
    turned = code.boxes(code.rep.act(out, at.inverse()), vertex)
    assert torch.allclose(plain.offset, turned.offset, atol=1e-12) and torch.equal(plain.label, turned.label)
    gap, half = plain.angle - turned.angle, torch.isin(plain.label, torch.tensor(CODE.half_turns))
    assert float(box_table.turned(gap)[~half].max()) < 1e-10 and half.any()
    assert float(box_table.turned(2 * gap)[half].max()) < 1e-10


def test_the_loss_knows_no_frames_and_is_least_at_the_truth():
    data, true = scene_of("sphere")
    targets, area = BoxTargets.of(true, data), data.area_0
    angle = 6.28 * torch.rand(len(data.pos), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    other = BoxTargets.of(true.change_gauge(angle), change_gauge(data, angle))
    out = torch.randn(len(area), CODE.rep.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    plain, _ = CODE.loss(out, targets, area)
    turned, _ = CODE.loss(CODE.rep.act(out, Elements.rotations(-angle)), other, area)
    assert float(plain) == pytest.approx(float(turned), rel=1e-10)
    best, right = CODE.loss(written(targets), targets, area)
    assert float(best) < 1e-4 and right == 1.0


@pytest.mark.parametrize(("labels", "idle"), [((1,), [7, 9]), ((0, 2), [10, 11])], ids=["half turns", "others"])
def test_the_loss_asks_for_every_column_but_directions_of_the_other_kind(labels, idle):
    """Vectors have columns 6 to 9, offset and direction by turns, and the doubled direction has the last two."""
    data, true = scene_of("sphere")
    kind = torch.tensor(labels)[torch.arange(len(true)) % len(labels)]
    targets = BoxTargets.of(replace(true, label=kind), data)
    best, _ = CODE.loss(written(targets), targets, data.area_0)

    def worse(column, by):
        out = written(targets)
        out[:, column] += by
        return CODE.loss(out, targets, data.area_0)[0] - best

    found = [column for column in range(CODE.rep.dim) if max(worse(column, by) for by in (3.0, -20.0)) <= 1e-6]
    assert found == idle and not any(worse(column, 3.0) for column in idle)


def test_gradients_are_finite_where_nothing_has_a_direction():
    data, true = scene_of("sphere")
    targets = BoxTargets.of(true, data)
    for some in (targets, BoxTargets.of(true[:0], data)):
        out = torch.zeros(len(data.pos), CODE.rep.dim, requires_grad=True)
        loss, _ = CODE.loss(out, some, data.area_0)
        loss.backward()
        assert bool(out.grad.isfinite().all()) and math.isfinite(float(loss.detach()))


def test_no_class_is_wrong_where_no_vertex_answers():
    data, true = scene_of("sphere")
    out = torch.zeros(len(data.pos), CODE.rep.dim)
    assert CODE.loss(out, BoxTargets.of(true[:0], data), data.area_0)[1] == 1.0
    targets = BoxTargets.of(true[true.label > 0], data)
    assert CODE.loss(out, targets, data.area_0)[1] == 0.0  # equal scores are of the first class


def test_a_scene_without_objects_counts_about_as_much_as_others():
    data, true = scene_of("sphere")
    out = torch.zeros(len(data.pos), CODE.rep.dim)
    some, none = (CODE.loss(out, BoxTargets.of(boxes, data), data.area_0)[0] for boxes in (true, true[:0]))
    assert 0.1 * some < none < 10 * some


def test_an_object_of_many_vertices_leaves_room_for_others():
    """Of one that has 200 vertices all are surer than those of the other, which is found all the same."""
    data = HomogeneousBundle(Sphere())(icosphere(5))
    far = int((data.pos @ -data.pos[0]).argmax())
    one = torch.ones(2, dtype=torch.float64)
    extent = torch.tensor([[0.6, 0.5], [0.15, 0.15]], dtype=torch.float64)
    true = Boxes.at_vertices(torch.tensor([0, far]), one, extent, torch.tensor([0, 0]))
    targets = BoxTargets.of(true, data)
    out = written(targets)
    out[(targets.label >= 0) & (targets.extent[:, 0] < 0.2), 0] = 2.0
    assert int((out[:, 0] > 3).sum()) > 200
    assert CODE.detect(out, data).vertex.tolist() == [0, far]


def test_refusals():
    for arguments, message in {
        (0, 1.0): "classes >= 1, got 0",
        (2, 0.0): r"unit > 0, got 0\.0",
        (2, 1.0, (2,)): r"among the labels 0\.\.1, got \[2\]",
        (2, 1.0, (), "C4"): "a group of SO2, O2, got C4: boxes turn by any angle",
    }.items():
        with pytest.raises(ValueError, match=message):
            BoxCode(*arguments)
    for value in (math.nan, math.inf):
        out = torch.zeros(5, CODE.rep.dim)
        out[2, 0] = value
        with pytest.raises(ValueError, match="finite numbers as the output of a network, got NaN or infinity: look"):
            CODE.candidates(out)
