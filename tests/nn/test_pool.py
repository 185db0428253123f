"""Pooling and unpooling: adjoint in the areas, constants and parallel fields kept, by hand."""

import math

import layer_table
import pytest
import surfaces
import torch
from torch_geometric.data import Data

from gaugenet.mesh.mesh import MeshWarning
from gaugenet.nn import Level, Pool, Unpool
from gaugenet.representation import Representation
from gaugenet.transforms.frame_bundle import FrameBundle

REP = Representation("2x0 + 2x1 + 1x3")


@pytest.fixture(params=["sphere", "disc"])
def data(request):
    return layer_table.bundle(request.param)


@pytest.mark.parametrize("level", [1, 2])
def test_pool_is_the_adjoint_of_unpool(data, level):
    """<Pool x, y> = <x, Unpool y>, inner products weighted with the areas of the levels."""
    at = Level(data, level)
    generator = torch.Generator().manual_seed(0)
    x, y = (REP.randn(n, generator=generator, dtype=torch.float64) for n in (at.map.num_fine, at.num_vertices))
    fine, coarse = data[f"area_{level - 1}"][:, None], data[f"area_{level}"][:, None]
    left, right = (coarse * Pool(REP)(x, at) * y).sum(), (fine * x * Unpool(REP)(y, at)).sum()
    assert float(left) == pytest.approx(float(right), rel=1e-12)
    without_areas = (Pool(REP)(x, at) * y).sum() - (x * Unpool(REP)(y, at)).sum()
    assert abs(float(without_areas)) > 1e-3


@pytest.mark.parametrize("level", [1, 2])
def test_constants_stay_constant(data, level):
    at = Level(data, level)
    up, down = torch.ones(at.map.num_fine, 1).double(), torch.ones(at.num_vertices, 1).double()
    assert (Pool("1x0")(up, at) - 1).abs().max() < 1e-12
    assert (Unpool("1x0")(down, at) - 1).abs().max() < 1e-12


def test_the_integral_of_a_function_is_kept(data):
    at = Level(data, 1)
    x = torch.randn(at.map.num_fine, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(data.area_1 @ Pool("1x0")(x, at)[:, 0]) == pytest.approx(float(data.area_0 @ x[:, 0]), rel=1e-12)


def test_a_parallel_field_of_the_plane_stays_parallel():
    """The same vector of the plane at every vertex, written in frames that differ, on all levels."""
    data = layer_table.bundle("disc")
    vector = torch.tensor([0.6, -0.8, 0.0], dtype=torch.float64)
    fields = [data.frame[:, :2] @ vector, *(data.frame[data[f"sample_index_{k}"], :2] @ vector for k in (1, 2))]
    for level in (1, 2):
        at = Level(data, level)
        assert (Pool("1x1")(fields[level - 1], at) - fields[level]).abs().max() < 1e-10
        assert (Unpool("1x1")(fields[level], at) - fields[level - 1]).abs().max() < 1e-10


def test_by_hand():
    """Vertices 0 and 1, of areas 1 and 3, share one coarser vertex; 1 arrives turned by a quarter."""
    pairs = {"pool_index_1": torch.tensor([[0, 1], [0, 0]]), "pool_transport_1": torch.tensor([0.0, math.pi / 2])}
    areas = {"area_0": torch.tensor([1.0, 3.0]), "area_1": torch.tensor([4.0])}
    at = Level(Data(**pairs, **areas, pool_weight_1=torch.ones(2)), 1)
    x = torch.tensor([[4.0, 1.0, 0.0], [8.0, 1.0, 0.0]])  # 1x0 + 1x1
    pooled = Pool("1x0 + 1x1")(x, at)
    assert torch.allclose(pooled, torch.tensor([[7.0, 0.25, 0.75]]), atol=1e-6)
    back = Unpool("1x0 + 1x1")(torch.tensor([[5.0, 0.0, 1.0]]), at)
    assert torch.allclose(back, torch.tensor([[5.0, 0.0, 1.0], [5.0, 1.0, 0.0]]), atol=1e-6)


def test_a_vertex_without_faces_pools_nowhere():
    with pytest.warns(MeshWarning, match="without a face"):
        data = FrameBundle(levels=(6,), level_neighbours=4)(
            surfaces.data_of(surfaces.read("broken/isolated_vertex.off"))
        )
    at = Level(data, 1)
    x = torch.ones(19, 1, dtype=torch.float64)
    x[18] = 1e6
    assert (Pool("1x0")(x, at) - 1).abs().max() < 1e-12
    assert Unpool("1x0")(torch.ones(6, 1, dtype=torch.float64), at)[18] == 0


@pytest.mark.parametrize("level", [0, 3])
def test_data_without_the_level_is_refused(level):
    with pytest.raises(ValueError, match=f"no map to the next finer level at level {level} .* with enough levels"):
        _ = Level(layer_table.bundle("disc"), level).map
