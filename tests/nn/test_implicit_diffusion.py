"""The implicit step: against a direct solver, its gradients, what steps are worth, constants and lone vertices."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
import surfaces
import torch
import trimesh
from group_table import REPS
from heat_table import at_time, dense_laplacian, in_space, side_by_side, sphere
from layer_table import bundle, meshes_of
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.nn import ImplicitDiffusion, Level
from gaugenet.representation import Representation
from gaugenet.transforms.frame_bundle import FrameBundle


def direct(data, irrep, x, time, level=0):
    """(M + t L)^-1 M x by a direct solver; vertices without area and edges keep their features."""
    area = data[f"area_{level}"].numpy().repeat(irrep.size)
    matrix = time * area.sum() / irrep.size * dense_laplacian(data, irrep, level)
    mass = np.where((area == 0) & (np.diag(matrix) == 0), 1.0, area)
    right = mass[:, None] * side_by_side(x, irrep.size)
    solved = scipy.sparse.linalg.spsolve(scipy.sparse.csc_matrix(matrix + np.diag(mass)), right)
    return solved.reshape(right.shape)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("group", REPS)
def test_it_solves_the_equation(group, level):
    """On every mesh: closed, open, one-sided, with lone vertices, with needles."""
    for mesh in meshes_of(group):
        data = bundle(mesh, group)
        for irrep in Group(group).irreps(2):
            rep = Representation([(2, irrep)], group)
            size = len(data[f"area_{level}"])
            x = rep.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
            y = at_time(ImplicitDiffusion(rep, steps=150), 1e-2)(x, Level(data, level))
            assert np.abs(side_by_side(y, irrep.size) - direct(data, irrep, x, 1e-2, level)).max() < 1e-10


@pytest.mark.parametrize(
    ("time", "steps", "bound"),
    [(1e-3, 16, 1e-2), (1e-3, 32, 1e-5), (1e-2, 32, 4e-2), (1e-2, 64, 2e-4), (1e-2, 128, 1e-8)],
)
def test_what_steps_are_worth(time, steps, bound):
    """The docstring's numbers, from noise, on the 1-rings of a sphere of 2,562 vertices."""
    data = sphere(2562)
    x = torch.randn(2562, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = at_time(ImplicitDiffusion("1x1", steps=600), time)(x, data)
    y = at_time(ImplicitDiffusion("1x1", steps=steps), time)(x, data)
    assert (y - expected).abs().max() < bound * expected.abs().max()
    fewer = at_time(ImplicitDiffusion("1x1", steps=steps // 4), time)(x, data)
    assert (fewer - expected).abs().max() > bound * expected.abs().max()


def error_of_gradients(data, steps=80):
    """Of the derivative along a random direction of features and times, against a central difference."""
    layer = ImplicitDiffusion("2x0 + 1x1", steps=steps).double()
    generator, size = torch.Generator().manual_seed(0), len(data.area_0)
    x, along, cotangent = (layer.rep.randn(size, generator=generator, dtype=torch.float64) for _ in range(3))
    log_time = torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64)
    along_time = torch.tensor([1.0, -0.5, 0.7], dtype=torch.float64)

    def value(x, log_time):
        return (torch.func.functional_call(layer, {"time.log_time": log_time}, (x, data)) * cotangent).sum()

    h = 1e-4
    ahead, back = (float(value(x + k * along, log_time + k * along_time)) for k in (h, -h))
    inputs = (x.requires_grad_(), log_time.requires_grad_())
    found = torch.autograd.grad(value(*inputs), inputs)
    derivative = float((found[0] * along).sum() + (found[1] * along_time).sum())
    return abs(derivative / ((ahead - back) / (2 * h)) - 1)


def test_gradients():
    """For features and times, of one mesh and of a batch; with weights that differ both ways they would be wrong."""
    data = bundle("disc")
    assert error_of_gradients(data) < 1e-6
    assert error_of_gradients(Batch.from_data_list([bundle("sphere"), data])) < 1e-6
    wrong = data.clone()
    wrong.stiffness_0 = data.stiffness_0 * torch.where(data.edge_index_0[0] < data.edge_index_0[1], 2.0, 1.0)
    assert error_of_gradients(wrong) > 1e-3


def test_it_is_self_adjoint_in_the_areas_and_loses_energy():
    data = bundle("sphere")
    rep = Representation("1x0 + 1x1 + 1x2")
    x, y = (rep.randn(150, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (0, 1))
    layer = ImplicitDiffusion(rep, steps=100).double()

    def inner(u, v):
        return float((data.area_0[:, None] * u * v).sum().detach())

    assert inner(y, layer(x, data)) == pytest.approx(inner(layer(y, data), x), rel=1e-10)
    norms = [inner(u, u) for u in (at_time(layer, t)(x, data) for t in (0.0, 1e-3, 1e-2, 1e-1))]
    assert norms[0] == pytest.approx(inner(x, x)) and (np.diff(norms) < 0).all()


@pytest.mark.parametrize("mesh", ["sphere", "disc", "dirty", "uneven"])
def test_constants_stay_however_few_the_steps(mesh):
    data = bundle(mesh)
    y = ImplicitDiffusion("2x0", steps=1).double()(torch.ones(len(data.pos), 2).double(), data)
    assert (y - 1).abs().max() < 1e-12


def test_the_integral_is_kept():
    data = bundle("disc")
    x = torch.randn(len(data.pos), 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = ImplicitDiffusion("2x0", steps=100).double()(x, data)
    assert (data.area_0 @ (y - x)).abs().max() < 1e-12


def test_lone_vertices_keep_their_features():
    data = bundle("dirty")
    alone = data.area_0 == 0
    x = torch.randn(len(data.pos), 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert alone.any()
    assert torch.equal(ImplicitDiffusion("1x0 + 1x1").double()(x, data)[alone], x[alone])


def test_without_neighbours_features_stay_and_without_area_they_are_those_of_the_neighbours():
    data = bundle("disc").clone()
    alone, flat = (torch.arange(len(data.pos)) == v for v in (3, 40))
    source, target = data.edge_index_0
    data.stiffness_0 = data.stiffness_0 * ~(alone[source] | alone[target])
    data.area_0 = data.area_0 * ~flat
    x = torch.randn(len(data.pos), 2, generator=torch.Generator().manual_seed(0)).double()
    y = ImplicitDiffusion("2x0", steps=150).double()(x, data)
    assert torch.allclose(y[alone], x[alone], rtol=1e-12)
    mean = (data.stiffness_0[:, None] * y[source])[flat[target]].sum(0) / data.stiffness_0[flat[target]].sum()
    assert torch.allclose(y[flat][0], mean, rtol=1e-9) and (y[flat] - x[flat]).abs().max() > 0.1


def test_autocast_does_not_reach_the_solver():
    """Neither forwards nor backwards, also where the backward pass runs under autocast, too; constants stay."""
    data = bundle("sphere")
    layer = ImplicitDiffusion("2x0 + 1x1")
    noise = layer.rep.randn(150, generator=torch.Generator().manual_seed(0))
    noise[:, 0] = 1.0
    results = []
    for enabled in (False, True):
        x = noise.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            y = layer(x, data)
            results.append((y, *torch.autograd.grad((noise.flip(0) * y).sum(), [x, *layer.parameters()])))
    for full, half in zip(*results, strict=True):
        assert (half - full).abs().max() < 1e-6 * full.abs().max()
    assert (results[1][0][:, 0] - 1).abs().max() < 1e-6


def test_a_mesh_does_not_see_its_batch_mates():
    """Not even before the iteration has converged, and next to features a million times larger."""
    data = [bundle("sphere"), bundle("disc")]
    x = [torch.randn(len(one.pos), 2, generator=torch.Generator().manual_seed(0)).double() for one in data]
    layer = at_time(ImplicitDiffusion("2x0", steps=3), 0.1)
    together = layer(torch.cat([x[0], 1e6 * x[1]]), Batch.from_data_list(data))
    assert (together[:150] - layer(x[0], data[0])).abs().max() < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("order", "ratio", "bound"), [(0, 3.0, 2e-3), (1, 1.8, 1e-2)])
def test_a_creature_subdivided_gets_one_answer(order, ratio, bound):
    """At the vertices of the coarsest mesh, against the finest of three."""
    pos, face = surfaces.biped().pos, surfaces.biped().face
    first, found = len(pos), []
    for _ in range(3):
        data = FrameBundle()(surfaces.data_of(surfaces.mesh(pos, face)))
        wave = torch.sin(5 * data.pos[:, :1] + 4 * data.pos[:, 1:2])
        x = wave if order == 0 else wave * (data.frame[:, :2] @ data.pos.new_tensor([0.3, -1.0, 0.5]))
        layer = at_time(ImplicitDiffusion(f"1x{order}", steps=150), 1e-3)
        found.append(in_space(data, layer(x, data))[:first])
        pos, face = trimesh.remesh.subdivide(pos, face)
    coarse, middle = (np.linalg.norm(one - found[2]) / np.linalg.norm(found[2]) for one in found[:2])
    assert coarse / middle > ratio and middle < bound


def test_refusals():
    with pytest.raises(ValueError, match="steps >= 1, got 0"):
        ImplicitDiffusion("1x0", steps=0)
    with pytest.raises(ValueError, match=r"no bundle at level 0 \(no area_0\)"):
        ImplicitDiffusion("1x0")(torch.zeros(12, 1), surfaces.data_of(surfaces.icosphere(0)))
    with pytest.raises(ValueError, match="ImplicitDiffusion of C4 cannot run on a bundle of SO2"):
        ImplicitDiffusion("C4: 1x0")(torch.zeros(150, 1), bundle("sphere"))
