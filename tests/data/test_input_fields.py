"""Input fields: closed forms, invariance in space, equivariance in the gauge."""

import math

import numpy as np
import pytest
import surfaces
import torch

from gaugenet.data.frame_bundle import FrameBundle
from gaugenet.data.gauge import change_gauge
from gaugenet.data.input_fields import InputFields
from gaugenet.data.read import read_mesh
from gaugenet.mesh.mesh import MeshWarning


def fields_of(mesh, **options):
    transform = InputFields(**options)
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
    transform = InputFields(hks=2, eigenfunctions=20)
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
    assert torch.isfinite(InputFields(hks=3)(data).x).all()


def test_repr_tells_settings_apart():
    different = [InputFields(), InputFields(hks=8), InputFields(eigenfunctions=50), InputFields(times=(1e-2, 1.0))]
    different += [InputFields(position=False), InputFields(coordinates=True)]
    assert len({repr(transform) for transform in different}) == len(different)
    assert repr(InputFields(times=[3e-3, 1.0])) == repr(InputFields())


def test_without_frames_it_refuses():
    with pytest.raises(ValueError, match=r"needs vertex frames .* apply gaugenet.FrameBundle first"):
        InputFields()(surfaces.data_of(surfaces.icosphere(1)))
