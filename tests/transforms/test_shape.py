"""The surface of a shape: made once, valid only for its shape, and left out of files, batches and caches."""

import copy
import pickle
import warnings

import pytest
import surfaces
import torch
from torch_geometric.data import Batch

from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.detection import Boxes, coordinates
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.io.bundle_file import load_bundle, save_bundle
from gaugenet.io.mesh_data import SURFACE
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.surface import mesh_surface as surface_module
from gaugenet.surface.unfolding import Unfolding
from gaugenet.transforms import shape
from gaugenet.transforms.cache import Cached
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle
from gaugenet.transforms.input_fields import InputFields
from gaugenet.transforms.shape import mesh_surface, point_surface, space_surface

BUNDLE = FrameBundle(neighbours=10, levels=(40, 12), level_neighbours=6)


@pytest.fixture
def counts(monkeypatch):
    """Count how often meshes are cleaned, connected and unfolded."""
    found = {"clean_mesh": 0, "levi_civita": 0, "unfold": 0}

    def counted(name, function):
        def call(*args, **kwargs):
            found[name] += 1
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(shape, "clean_mesh", counted("clean_mesh", shape.clean_mesh))
    sheets = surface_module.Sheets
    monkeypatch.setattr(sheets, "build", staticmethod(counted("levi_civita", sheets.build)))
    monkeypatch.setattr(Unfolding, "build", staticmethod(counted("unfold", Unfolding.build)))
    return found


def box(vertex):
    one = torch.ones(1, dtype=torch.float64)
    return Boxes.at_vertices(torch.tensor([vertex]), 0 * one, 0.3 * one[:, None].repeat(1, 2), torch.tensor([0]))


@pytest.mark.parametrize("group", ["SO2", "C4"])
def test_a_mesh_is_cleaned_unfolded_and_warned_of_once(counts, group):
    data = surfaces.dirty_sphere()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bundle = FrameBundle(neighbours=10, levels=(40, 12), level_neighbours=6, group=group)(data)
        out = ConnectionSpectrum(count=4, orders=(0,))(InputFields(eigenfunctions=8, group=group)(bundle))
        coordinates(box(3), change_gauge(out, torch.zeros(len(data.pos), dtype=torch.float64)))
    assert counts == {"clean_mesh": 1, "levi_civita": 1, "unfold": 1}
    assert [warning.category for warning in caught] == [MeshWarning]
    FrameBundle(group=group)(out)
    assert counts["clean_mesh"] == 1
    assert SURFACE not in data.__dict__  # transforms leave their input alone


def test_it_is_valid_only_for_equal_tensors():
    data = BUNDLE(surfaces.data_of(surfaces.uneven_sphere(90)))
    kept = mesh_surface(data)
    equal = data.clone()
    assert mesh_surface(equal) is kept and mesh_surface(copy.deepcopy(data)) is kept
    moved = data.clone()
    moved.pos = 2 * moved.pos
    assert mesh_surface(moved).area.sum() == pytest.approx(4 * kept.area.sum())
    data.pos[0] *= 1.01  # in place
    assert mesh_surface(data) is not kept
    cut = equal.clone()
    cut.face = cut.face[:, 1:]
    assert len(mesh_surface(cut).mesh.face) == len(kept.mesh.face) - 1
    assert mesh_surface(equal) is kept


def test_kinds_do_not_mix():
    data = HomogeneousBundle(Sphere())(icosphere(1))
    space = space_surface(data, Sphere())
    assert space is space_surface(data, Sphere())
    points = data.clone()
    points.normal, points.face = points.pos.clone(), None
    cloud = point_surface(points)
    assert cloud is point_surface(points) and cloud is not space
    points.normal = -points.normal
    assert point_surface(points) is not cloud


def test_one_side_is_refused_again():
    """A surface that was made where one side was accepted is not taken where two are needed."""
    data = FrameBundle(group="O2")(surfaces.data_of(surfaces.moebius(12, 3)))
    assert not mesh_surface(data).mesh.orientable
    with pytest.raises(ValueError, match="one-sided"):
        mesh_surface(data, one_sided=False)


def test_files_batches_and_caches_leave_it_out(tmp_path):
    data = BUNDLE(surfaces.data_of(surfaces.uneven_sphere(90)))
    assert SURFACE in data.__dict__ and SURFACE not in data.keys() and SURFACE not in data  # noqa: SIM118
    sent = pickle.loads(pickle.dumps(data))
    assert SURFACE not in sent.__dict__ and torch.equal(sent.log_0, data.log_0) and sent.num_levels == 3
    batch = Batch.from_data_list([data, data])
    assert SURFACE not in batch.__dict__ and SURFACE not in batch[0].__dict__
    save_bundle(tmp_path / "a.safetensors", data)
    assert SURFACE not in load_bundle(tmp_path / "a.safetensors").__dict__
    cached = Cached(BUNDLE, tmp_path)
    for _ in range(2):
        assert SURFACE not in cached(surfaces.data_of(surfaces.uneven_sphere(90))).__dict__


def test_data_sets_in_memory_leave_it_out():
    meshes = MeshDataset([surfaces.data_of(surfaces.uneven_sphere(90))], ["a"], ["one"], pre_transform=BUNDLE)
    assert SURFACE not in meshes[0].__dict__ and "log_0" in meshes[0]
