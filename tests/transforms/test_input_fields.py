"""Input fields: closed forms, invariance in space, equivariance in the gauge."""

import math
import warnings

import numpy as np
import pytest
import surfaces
import torch
import trimesh
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.io.mesh_file import read_mesh
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.input_fields import InputFields


def fields_of(mesh, **options):
    """Return fields without reach, unless they are asked for."""
    transform = InputFields(**{**surfaces.NEAR, **options})
    return transform, transform(FrameBundle()(surfaces.data_of(mesh)))


@pytest.mark.parametrize("options", [{}, {"position": False}, {"coordinates": True, "hks": 3}], ids=str)
def test_shape_and_representation(options):
    transform, data = fields_of(surfaces.icosphere(2), eigenfunctions=30, **options)
    assert data.x.shape == (162, transform.rep.dim)
    assert data.x.dtype == torch.float64 and torch.isfinite(data.x).all()
    assert data.x_rep == str(transform.rep)
    count = options.get("hks", 16) + 2 + 2 * options.get("position", True) + 3 * options.get("coordinates", False)
    assert transform.rep.multiplicity(0) == count
    assert transform.rep.multiplicity(1) == int(options.get("position", True))
    assert transform.rep.multiplicity(2) == 1


def test_fields_of_the_sphere():
    """Height and distance are the radius; curvatures those of a sphere of area 1; nothing tangent."""
    _, data = fields_of(surfaces.icosphere(4), hks=2, eigenfunctions=20)
    radius = 1 / math.sqrt(4 * math.pi)
    expected = [math.asinh(1 / radius / 10), math.asinh(1 / radius**2 / 100), radius, radius]
    assert (data.x[:, 2:6] - torch.tensor(expected)).abs().max() < 0.02
    assert data.x[:, 6:8].abs().max() < 0.01
    assert data.x[:, 8:].norm(dim=1).mean() < 0.01


def test_changing_the_gauge_before_or_after_is_the_same():
    """The deviator is of order 2 and the direction of order 1, read in the frames that the data has."""
    transform = InputFields(hks=2, eigenfunctions=20, **surfaces.NEAR)
    data = FrameBundle()(surfaces.data_of(surfaces.biped()))
    angle = torch.linspace(0, 50, len(data.pos), dtype=torch.float64)
    after = change_gauge(transform(data), angle)
    before = transform(change_gauge(data, angle))
    assert torch.allclose(before.x, after.x, atol=1e-10)
    assert (before.x[:, 6:] - transform(data).x[:, 6:]).abs().max() > 0.1


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_position_orientation_and_size_do_not_matter(scale):
    mesh = surfaces.biped()
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    moved = surfaces.mesh(scale * (mesh.pos @ turn.T + [1, 2, -3]), mesh.face)
    (_, here), (_, there) = fields_of(mesh), fields_of(moved)
    assert torch.allclose(here.x, there.x, atol=1e-6)


def test_coordinates_do_depend_on_orientation():
    mesh = surfaces.biped()
    moved = surfaces.mesh(mesh.pos[:, [1, 2, 0]], mesh.face)
    (_, here), (_, there) = (fields_of(m, coordinates=True, hks=1, eigenfunctions=9) for m in (mesh, moved))
    invariant, axes = slice(0, 5), slice(5, 8)
    assert torch.allclose(here.x[:, invariant], there.x[:, invariant], atol=1e-6)
    assert torch.allclose(here.x[:, axes][:, [1, 2, 0]], there.x[:, axes], atol=1e-9)
    assert not torch.allclose(here.x[:, axes], there.x[:, axes], atol=1e-2)


def test_rolling_a_sheet_keeps_the_signature():
    """A sheet and its roll are isometric: only the mean curvature tells them apart."""
    rows, columns = 30, 12
    u, v = (index.ravel() for index in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    face = surfaces.grid(rows, columns, False, False)
    chord, phi = 2 * np.sin(np.pi / 40), 2 * np.pi * u / 40
    sheet = surfaces.mesh(np.stack([chord * u, 0.15 * v, 0 * v], axis=1), face)
    roll = surfaces.mesh(np.stack([np.cos(phi), np.sin(phi), 0.15 * v], axis=1), face)
    (_, flat), (_, rolled) = (fields_of(mesh, hks=4, position=False) for mesh in (sheet, roll))
    assert torch.allclose(flat.x[:, :4], rolled.x[:, :4], atol=1e-8)
    middle = (u > 4) & (u < 25) & (v > 1) & (v < 10)
    assert flat.x[middle, 4].abs().max() < 1e-12
    scale = math.sqrt(chord * (rows - 1) * 0.15 * (columns - 1))
    assert rolled.x[middle, 4].abs().numpy() == pytest.approx(math.asinh(0.5 * scale / 10), rel=0.01)


def test_symmetric_meshes_give_symmetric_fields():
    """However the solver turns equal eigenvalues: vertices of an icosphere that a symmetry exchanges get the same."""
    _, data = fields_of(surfaces.icosphere(2))
    corners = data.x[:12, :20]
    assert (corners - corners[0]).abs().max() < 1e-6


@pytest.mark.parametrize(
    "name", ["isolated_vertex.off", "zero_area_face.off", "bowtie_vertex.off", "nonmanifold_edge.off"]
)
def test_unclean_meshes_have_finite_fields(name):
    with pytest.warns(MeshWarning):
        data = FrameBundle()(read_mesh(surfaces.MESHES / "broken" / name))
    assert torch.isfinite(InputFields(hks=3, **surfaces.NEAR)(data).x).all()
    assert torch.isfinite(InputFields(**REACH)(data).x).all()


REACH = {"hks": 1, "eigenfunctions": 60, "position": False, "wks": 4, "rays": True, "distances": True}


@pytest.mark.parametrize(
    "one", [{"wks": 3}, {"rays": True}, {"distances": True}, {"rays": True, "coordinates": True}], ids=str
)
def test_fields_with_reach_are_added_to_the_others(one):
    """After the other invariants and the other fields of order 1, which stay as they are."""
    plain = {"coordinates": one.get("coordinates", False), "hks": 2, "eigenfunctions": 30}
    (base, without), (transform, data) = (fields_of(surfaces.biped(), **plain | more) for more in ({}, one))
    new, old = transform.rep, base.rep
    added = one.get("wks", 0) + 2 * one.get("rays", False) + 4 * one.get("distances", False)
    assert new.multiplicity(0) == old.multiplicity(0) + added
    assert new.multiplicity(1) == 1 + one.get("rays", False) + one.get("distances", False)
    invariants, pairs = old.multiplicity(0), new.multiplicity(1)
    assert torch.equal(data.x[:, :invariants], without.x[:, :invariants])
    away = data.x[:, new.multiplicity(0) : new.multiplicity(0) + 2 * pairs : pairs]
    assert torch.equal(away, without.x[:, invariants : invariants + 2])
    assert torch.equal(data.x[:, -2:], without.x[:, -2:])


def test_fields_with_reach_say_what_they_should():
    """On the unit sphere: thickness, openness, mean distance pi / 2, root mean square, pi; no direction."""
    _, data = fields_of(surfaces.icosphere(4), **REACH)
    area = math.sqrt(4 * math.pi)
    deviation = math.sqrt((math.pi**2 - 4) / 2 - math.pi**2 / 4)
    expected = [1.0, math.log(math.pi / area), 0.0, math.log(2 * deviation / (math.pi / 2))]
    x = data.x[:, 3 + REACH["wks"] :].numpy()
    assert np.exp(x[:, 0]) == pytest.approx(np.full(len(x), 10 * 1.517 / area), rel=0.01)
    assert x[:, 1:5] == pytest.approx(np.tile(expected, (len(x), 1)), abs=0.06)
    assert x[:, 5].max() < 0.05 and x[:, 5].min() > -0.5
    assert np.abs(x[:, 6:10]).max() < 0.1


def test_gradients_are_those_of_their_fields():
    """On a creature, in its frames: the mean distance grows along its gradient by its length."""
    mesh = surfaces.biped()
    transform, data = fields_of(mesh, **REACH)
    x, first = data.x.numpy(), transform.rep.multiplicity(0)
    mean = np.exp(x[:, 3 + REACH["wks"] + 2])
    scale = math.sqrt(float(data.area_0.sum()))
    start, end = mesh.face[:, 0], mesh.face[:, 1]
    frame = data.frame.numpy()
    gradient = x[:, first + 1, None] * frame[:, 0] + x[:, first + 3, None] * frame[:, 1]
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    gradient *= np.sinh(length) / np.maximum(length, 1e-12)
    step = mesh.pos[end] - mesh.pos[start]
    rise = (mean[end] - mean[start]) * scale / 2
    predicted = ((gradient[start] + gradient[end]) / 2 * step).sum(axis=1)
    assert np.corrcoef(rise, predicted)[0, 1] > 0.98
    assert np.abs(predicted).std() == pytest.approx(np.abs(rise).std(), rel=0.1)


@pytest.mark.parametrize("oriented", [True, False])
@pytest.mark.parametrize("group", ["SO2", "O2", "C4", "D4", "trivial"])
def test_fields_with_reach_follow_the_gauge(group, oriented):
    """For every group, and one-sided surfaces among them."""
    reflections = Group(group).reflections
    for mesh in (surfaces.uneven_sphere(150), surfaces.moebius()):
        if mesh.orientable if oriented else reflections:
            data = FrameBundle(group=group)(surfaces.data_of(mesh))
            transform = InputFields(**REACH, group=group, oriented=oriented)
            at = Group(group).random(len(data.pos), generator=torch.Generator().manual_seed(0))
            before, after = transform(change_gauge(data, at)), change_gauge(transform(data.clone()), at)
            assert (before.x - after.x).abs().max() < 1e-9
            assert before.x.shape[1] == transform.rep.dim and before.x_rep == after.x_rep == str(transform.rep)


def test_fields_with_reach_follow_the_shape():
    """Turned, moved, larger, renumbered: the same invariants, and vectors of the same lengths."""
    mesh = surfaces.biped()
    moved, number = surfaces.moved(mesh)
    (transform, here), (_, there) = fields_of(mesh, **REACH), fields_of(moved, **REACH)
    first = transform.rep.multiplicity(0)
    assert (there.x[number, :first] - here.x[:, :first]).abs().max() < 1e-6
    lengths = [data.x[:, first : first + 4].unflatten(1, (2, 2)).norm(dim=1) for data in (here, there)]
    assert (lengths[1][number] - lengths[0]).abs().max() < 1e-6
    assert lengths[0].mean(dim=0).min() > 0.1


def test_mirror_images_have_the_same_fields_with_reach():
    mesh = surfaces.biped()
    image = surfaces.mesh(mesh.pos * [1, 1, -1], mesh.face[:, [0, 2, 1]])
    first = InputFields(**REACH).rep.multiplicity(0)
    (_, here), (_, there) = fields_of(mesh, **REACH), fields_of(image, **REACH)
    assert (here.x[:, :first] - there.x[:, :first]).abs().max() < 1e-6


def test_fields_with_reach_hardly_depend_on_the_triangles():
    """Every triangle cut in four: old vertices keep their numbers up to a small share of each channel's spread."""
    mesh = surfaces.biped()
    finer = trimesh.Trimesh(mesh.pos, mesh.face, process=False).subdivide()
    finer = surfaces.mesh(finer.vertices, finer.faces)
    assert np.array_equal(finer.pos[: len(mesh.pos)], mesh.pos)
    (transform, here), (_, there) = fields_of(mesh, **REACH), fields_of(finer, **REACH)
    first = transform.rep.multiplicity(0)
    change = (there.x[: len(mesh.pos), 3:first] - here.x[:, 3:first]).square().mean(dim=0).sqrt()
    share = change / here.x[:, 3:first].std(dim=0)
    assert share.max() < 0.2 and share.mean() < 0.07, share


@pytest.mark.parametrize(
    "make", [surfaces.dirty_sphere, surfaces.needle, lambda: surfaces.data_of(surfaces.flat_disc(4))]
)
def test_fields_with_reach_are_finite_and_bounded(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        data = InputFields(**REACH)(FrameBundle()(make()))
    assert torch.isfinite(data.x).all() and data.x.abs().max() < 10


def test_repr_tells_settings_apart():
    different = [InputFields(), InputFields(hks=8), InputFields(eigenfunctions=50), InputFields(times=(1e-2, 1.0))]
    different += [InputFields(position=False), InputFields(coordinates=True), InputFields(wks=8)]
    different += [InputFields(rays=False), InputFields(distances=False)]
    assert len({repr(transform) for transform in different}) == len(different)
    assert repr(InputFields(times=[3e-3, 1.0])) == repr(InputFields())


def test_without_frames_it_refuses():
    with pytest.raises(ValueError, match=r"needs vertex frames .* apply gaugenet.FrameBundle first"):
        InputFields()(surfaces.data_of(surfaces.icosphere(1)))


@pytest.mark.parametrize("settings", [{"eigenfunctions": 0}, {"hks": -1}, {"wks": -1}])
def test_numbers_out_of_range_are_refused(settings):
    with pytest.raises(
        ValueError, match="InputFields expects eigenfunctions >= 1 and hks, wks >= 0, got eigenfunctions="
    ):
        InputFields(**settings)


@pytest.mark.parametrize("times", [(0, 1), (math.nan, 1), (-1, 1), (1,), (1.0, 0.1), (0.1, math.inf), (0.1, 0.2, 0.3)])
def test_times_without_a_logarithm_are_refused(times):
    with pytest.raises(ValueError, match=r"InputFields expects two times, 0 < first <= last, got "):
        InputFields(times=times)


@pytest.mark.parametrize("group", ["SO2", "C4", "trivial"])
def test_fields_without_sides_need_reflections(group):
    """Without them frames have sides, and the setting would do nothing."""
    with pytest.raises(ValueError, match=rf'oriented=False\) needs a group with reflections, got {group}: use "O2"'):
        InputFields(group=group, oriented=False)


def test_a_batch_is_refused():
    """It has one area and one centroid for all its shapes."""
    data = FrameBundle()(surfaces.data_of(surfaces.icosphere(1)))
    with pytest.raises(ValueError, match="InputFields needs a single mesh, got a batch: apply it before batching"):
        InputFields()(Batch.from_data_list([data, data]))
