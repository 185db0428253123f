"""Coordinates about boxes: closed forms, what symmetries and gauges leave alone, and boxes seen from other vertices."""

import math

import pytest
import space_table
import surfaces
import torch
from box_table import BUNDLES, bundle, by_pair, in_frames_of, random_boxes, rotated, turned
from torch_geometric.data import Batch

from gaugenet.detection import Boxes, charts_of, contains, coordinates, recentred
from gaugenet.group import Group
from gaugenet.homogeneous import Sphere, icosphere, square_lattice
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle


def assert_same(one, other, tolerance=1e-12):
    assert torch.equal(one.box, other.box) and torch.equal(one.vertex, other.vertex)
    assert (one.xy - other.xy).abs().max() < tolerance


def slow_sphere(boxes, data, k, point):
    """Coordinates of a point of the sphere about box k: everything as vectors in space, rotated along great circles."""
    here = data.pos[boxes.vertex[k]]
    e1, e2, _ = data.frame[boxes.vertex[k]]
    step = boxes.offset[k, 0] * e1 + boxes.offset[k, 1] * e2
    ahead = math.cos(boxes.angle[k]) * e1 + math.sin(boxes.angle[k]) * e2
    axis, angle = torch.linalg.cross(here, step / step.norm()), step.norm()

    def carried(v):  # Rodrigues
        turned = torch.linalg.cross(axis, v)
        return v + torch.sin(angle) * turned + (1 - torch.cos(angle)) * torch.linalg.cross(axis, turned)

    centre, ahead = carried(here), carried(ahead)
    distance = torch.acos((centre @ point).clamp(-1, 1))
    way = point - (centre @ point) * centre
    way = distance * way / way.norm()
    return torch.stack([way @ ahead, way @ torch.linalg.cross(centre, ahead)])


def test_sphere_is_in_closed_form():
    data = bundle("sphere")
    boxes = random_boxes(12, len(data.pos), sizes=(0.2, 1.9), offset=0.4)
    found = by_pair(coordinates(boxes, data))
    for k in range(len(boxes)):
        for vertex in range(0, len(data.pos), 7):
            expected = slow_sphere(boxes, data, k, data.pos[vertex])
            if (k, vertex) in found:
                assert (found[k, vertex] - expected).abs().max() < 1e-7  # acos is not accurate
            else:
                assert expected.norm() > boxes.extent[k].norm() - 1e-7


def test_flat_mesh_is_in_closed_form():
    data = FrameBundle()(surfaces.data_of(surfaces.flat_disc()))
    inner = (data.pos.norm(dim=1) < 0.3).nonzero()[:, 0]
    boxes = random_boxes(12, inner, sizes=(0.1, 0.3), offset=0.1)
    at = coordinates(boxes, data)
    centre = data.pos[boxes.vertex] + torch.einsum("nk,nka->na", boxes.offset, data.frame[boxes.vertex, :2])
    e1, e2 = data.frame[boxes.vertex, :2].unbind(1)
    cos, sin = torch.cos(boxes.angle)[:, None], torch.sin(boxes.angle)[:, None]
    axes = torch.stack([cos * e1 + sin * e2, cos * e2 - sin * e1], dim=1)
    expected = torch.einsum("vna,nka->nvk", data.pos[:, None] - centre, axes)
    assert (at.xy - expected[at.box, at.vertex]).abs().max() < 1e-12
    assert len(at.box) == int((expected.norm(dim=-1) <= boxes.extent.norm(dim=1, keepdim=True)).sum())


@pytest.mark.parametrize("name", BUNDLES)
def test_gauge_does_not_matter(name):
    data = bundle(name)
    boxes = random_boxes(15, len(data.pos))
    at = Group(data.group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    after, moved = change_gauge(data, at), boxes.change_gauge(at)
    one, other = coordinates(boxes, data), coordinates(moved, after)
    assert len(one.box) > 50
    # A reflected frame sees the box from the other side: what lies across lies across the other way.
    sign = torch.stack([torch.ones_like(at.sign), at.sign], dim=1)[boxes.vertex]
    assert torch.equal(one.vertex, other.vertex)
    assert (one.xy - sign[one.box] * other.xy).abs().max() < 1e-12
    assert torch.equal(contains(boxes, data).vertex, contains(moved, after).vertex)
    back = recentred(moved, after).change_gauge(at.inverse())
    assert torch.equal(back.vertex, recentred(boxes, data).vertex)
    assert (back.offset - recentred(boxes, data).offset).abs().max() < 1e-12
    assert turned(back.angle - recentred(boxes, data).angle).max() < 1e-12


def test_wrong_gauge_is_noticed():
    data, boxes = bundle("sphere"), random_boxes(15, 642)
    at = torch.full((642,), 0.1, dtype=torch.float64)
    one, other = (by_pair(coordinates(boxes, d)) for d in (data, change_gauge(data, at)))
    assert max(float((one[pair] - other[pair]).norm()) for pair in one.keys() & other.keys()) > 1e-2


def test_motions_of_a_mesh_do_not_matter():
    mesh = surfaces.uneven_sphere(300)
    other, number = surfaces.moved(mesh)
    data, after = FrameBundle()(surfaces.data_of(mesh)), FrameBundle()(surfaces.data_of(other))
    number = torch.from_numpy(number)
    boxes = random_boxes(15, 300, seed=2)
    # The box goes along in space: turned with the mesh, then written in the frames found there.
    turn = torch.linalg.lstsq(data.frame.reshape(-1, 3), rotated_frames(data, after, number).reshape(-1, 3)).solution
    carried = data.frame @ turn
    angle = torch.atan2(*((carried[:, 0] * after.frame[number][:, axis]).sum(1) for axis in (1, 0)))[boxes.vertex]
    offset = 1e3 * rotated(boxes.offset, angle)
    moved = Boxes(number[boxes.vertex], offset, boxes.angle + angle, 1e3 * boxes.extent, boxes.label, boxes.score)
    one, two = by_pair(coordinates(boxes, data)), by_pair(coordinates(moved, after))
    assert len(one) == len(two) > 100
    for (box, vertex), xy in one.items():
        assert (two[box, int(number[vertex])] - 1e3 * xy).abs().max() < 1e-8


def rotated_frames(data, after, number):
    """Frames of the moved mesh by the old numbers, turned about their normals to be the old ones moved."""
    centred, other = data.pos - data.pos.mean(0), after.pos[number] - after.pos.mean(0)
    u, _, v = torch.linalg.svd(centred.T @ other)
    return data.frame @ (u @ v)


def test_rotations_of_an_icosphere_do_not_matter():
    sphere = Sphere()
    data = HomogeneousBundle(sphere)(icosphere(3))
    boxes = random_boxes(10, len(data.pos), sizes=(0.3, 1.2))
    before = by_pair(coordinates(boxes, data))
    for g in space_table.icosahedral_rotations()[1::13]:
        number = space_table.permutation(sphere, data.pos, g)
        turn = sphere.frame_angle(g, data.pos)[boxes.vertex]
        moved = boxes.moved(number[boxes.vertex], rotated(boxes.offset, turn), boxes.angle + turn)
        after = by_pair(coordinates(moved, data))
        assert len(after) == len(before)
        assert max(float((after[k, int(number[v])] - xy).abs().max()) for (k, v), xy in before.items()) < 1e-12


@pytest.mark.parametrize("offset", [0.02, 0.1])
def test_mesh_of_a_sphere_is_off_by_a_third_of_offset_times_square(offset):
    """log(j) - offset errs by K |offset| r^2 / 3 at most, up to the errors of the discs, and comes near to that."""
    data, mesh = HomogeneousBundle(Sphere())(icosphere(4)), FrameBundle()(icosphere(4))
    boxes = random_boxes(40, len(data.pos), offset=offset)
    exact, found = (by_pair(coordinates(b, d)) for b, d in ((boxes, data), (in_frames_of(boxes, data, mesh), mesh)))
    both = [pair for pair in exact if pair in found]
    assert len(both) > 0.98 * len(exact)
    error = torch.stack([exact[pair] - found[pair] for pair in both]).norm(dim=1)
    r = torch.stack([exact[pair] for pair in both]).norm(dim=1)
    step = boxes.offset.norm(dim=1)[[box for box, _ in both]]
    assert (error < step * r**2 / 3 + 0.015 * r).all()
    assert error.max() > 0.5 * float((step * r**2 / 3).max())


@pytest.mark.parametrize("name", ["sphere", "plane", "hyperbolic"])
def test_recentred_is_exact_in_closed_form(name):
    data = bundle(name)
    inner = (data.pos[:, :2].norm(dim=1) < 0.5).nonzero()[:, 0]
    boxes = random_boxes(30, inner, offset=0.3)
    near = recentred(boxes, data)
    assert (near.vertex != boxes.vertex).any() and float(near.offset.norm(dim=1).max()) < 0.5 * float(
        boxes.offset.max()
    )
    assert_same(coordinates(near, data), coordinates(boxes, data), 1e-12)
    again = recentred(near, data)
    assert torch.equal(again.vertex, near.vertex) and (again.offset - near.offset).abs().max() < 1e-12


def test_recentred_on_meshes():
    """Exact in the plane; on a sphere containment changes for few vertices, fewer with shorter offsets."""
    flat = FrameBundle()(surfaces.data_of(surfaces.flat_disc()))
    inner = (flat.pos.norm(dim=1) < 0.3).nonzero()[:, 0]
    boxes = random_boxes(20, inner, offset=0.2)
    near = recentred(boxes, flat)
    assert (near.vertex != boxes.vertex).any()
    assert_same(coordinates(near, flat), coordinates(boxes, flat), 1e-12)
    mesh, changed = FrameBundle()(icosphere(4)), []
    for offset in (0.05, 0.2):
        boxes = random_boxes(30, len(mesh.pos), sizes=(0.3, 0.5), offset=offset)
        inside, after = (set(by_pair(contains(b, mesh))) for b in (boxes, recentred(boxes, mesh)))
        changed.append(len(inside ^ after) / len(inside))
    assert changed[0] < 0.006 and changed[0] < changed[1] < 0.03


def test_recentred_on_one_side():
    """Across a reflecting transport the direction is mirrored, and the box stays where it is in space."""
    data = bundle("one-sided")
    surface = charts_of(data)
    boxes = random_boxes(40, len(data.pos), sizes=(0.2, 0.4), offset=0.35)
    near = recentred(boxes, surface)
    corners = torch.tensor([[0.0, 0.0], [0.15, 0.0]], dtype=torch.float64).expand(40, -1, -1)
    assert (surface.embed(boxes, corners) - surface.embed(near, corners)).norm(dim=-1).max() < 0.1
    assert float(near.offset.norm(dim=1).max()) < float(boxes.offset.norm(dim=1).max())


def test_what_made_the_bundle_last_says_how_it_is_measured():
    """Lengths of the polyhedron are shorter than those of the sphere."""
    closed = HomogeneousBundle(Sphere())(icosphere(1))
    mesh = FrameBundle()(closed)
    assert closed.space == "Sphere()" and "space" not in mesh
    boxes = Boxes.at_vertices(
        torch.tensor([0]), torch.zeros(1), torch.full((1, 2), 0.7), torch.zeros(1, dtype=torch.int64)
    )
    ring = [float(coordinates(boxes, data).xy.norm(dim=1)[1:].min()) for data in (closed, mesh)]
    assert 0.9 * ring[0] < ring[1] < 0.99 * ring[0]
    assert HomogeneousBundle(Sphere())(mesh).space == "Sphere()"


def test_refusals():
    boxes = random_boxes(3, 10)
    with pytest.raises(ValueError, match=r"boxes need a bundle \(no frame\)"):
        coordinates(boxes, surfaces.data_of(surfaces.icosphere(1)))
    with pytest.raises(ValueError, match=r"boxes belong to one bundle, got a batch of 2: take data.to_data_list\(\)"):
        coordinates(boxes, Batch.from_data_list([bundle("mesh"), bundle("mesh")]))
    cloud = FrameBundle(neighbours=8, group="O2")(square_lattice(4, 0.1))
    with pytest.raises(ValueError, match="boxes need faces or a homogeneous space, got a point cloud: mesh it first"):
        coordinates(boxes, cloud)
    with pytest.raises(ValueError, match="vertices up to 299, but the bundle has 42"):
        coordinates(random_boxes(3, [299]), FrameBundle()(icosphere(1)))
    bent = bundle("mesh").clone()
    bent.pos = bent.pos * torch.tensor([1.0, 1.0, 2.0], dtype=torch.float64)
    with pytest.raises(ValueError, match=r"frames are not those of the mesh.*: make the bundle again"):
        coordinates(boxes, bent)
