"""The flow of heat in the eigenbasis: its laws, the matrix exponential, closed forms, two meshes of one surface."""

import functools

import numpy as np
import pytest
import scipy.linalg
import surfaces
import torch
from heat_table import DECAY, at_time, dense_laplacian, harmonic, in_space, seen_from, side_by_side, sphere
from layer_table import bundle
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.nn import Diffusion, ImplicitDiffusion, Level
from gaugenet.representation import Representation
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

CASES = [
    ("SO2: 2x0 + 1x1 + 2x2", "sphere"),
    ("O2: 1x0e + 2x0o + 1x1 + 1x2", "moebius"),
    ("D4: 1x0e + 1x1 + 1x2o", "disc"),
]
TABLE = pytest.mark.parametrize(("rep", "mesh"), CASES, ids=[name for _, name in CASES])


def setting(rep, mesh, seed=0):
    rep = Representation(rep)
    data = bundle(mesh, str(rep.group))
    x = rep.randn(len(data.pos), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return data, x


def inner(data, x, y):
    return float((data.area_0[:, None] * x * y).sum().detach())


@TABLE
def test_times_add_up(rep, mesh):
    """exp(-s L) exp(-t L) = exp(-(s + t) L); not so for any other time."""
    data, x = setting(rep, mesh)
    flow = lambda t, u: at_time(Diffusion(rep), t)(u, data)  # noqa: E731
    assert (flow(2e-3, flow(3e-3, x)) - flow(5e-3, x)).abs().max() < 1e-12
    assert (flow(2e-3, flow(3e-3, x)) - flow(6e-3, x)).abs().max() > 1e-3


@TABLE
def test_at_time_0_it_is_the_projection_on_the_modes(rep, mesh):
    data, x = setting(rep, mesh)
    still = at_time(Diffusion(rep), 0.0)
    once = still(x, data)
    assert (still(once, data) - once).abs().max() < 1e-12
    assert abs(inner(data, x - once, once)) < 1e-10 * inner(data, x, x)
    assert inner(data, x - once, x - once) > 0.1 * inner(data, x, x)  # 24 modes do not span all
    for block in Representation(rep):
        field = data[f"eigenfield_{block.irrep}_0"]
        mixed = field @ torch.randn(24, block.multiplicity, generator=torch.Generator().manual_seed(1)).double()
        one = Representation([(block.multiplicity, block.irrep)], Representation(rep).group)
        assert (at_time(Diffusion(one), 0.0)(mixed.flatten(1), data) - mixed.flatten(1)).abs().max() < 1e-12


@TABLE
def test_it_is_self_adjoint_in_the_areas_and_loses_energy(rep, mesh):
    (data, x), (_, y) = setting(rep, mesh), setting(rep, mesh, 1)
    layer = Diffusion(rep).double()
    left, right = inner(data, y, layer(x, data)), inner(data, layer(y, data), x)
    assert left == pytest.approx(right, rel=1e-11)
    assert ((y * layer(x, data)).sum() - (layer(y, data) * x).sum()).abs() > 1e-3
    norms = [inner(data, u, u) for u in (at_time(layer, t)(x, data) for t in (0.0, 1e-3, 1e-2, 1e-1))]
    assert (np.diff(norms) < 0).all() and norms[0] < inner(data, x, x)


def test_constants_stay_and_so_does_the_integral():
    for mesh in ("sphere", "disc", "dirty"):
        data, x = setting("2x0", mesh)
        layer = Diffusion("2x0").double()
        inside = (data.area_0 > 0).double()[:, None]
        assert (layer(torch.ones_like(x), data) - inside).abs().max() < 1e-9
        assert (data.area_0 @ (layer(x, data) - x)).abs().max() < 1e-9 * data.area_0.sum()


@pytest.mark.parametrize("name", ["SO2", "O2", "C4", "D6"])
def test_with_all_modes_it_is_the_matrix_exponential(name):
    mesh = surfaces.moebius(12, 4) if name == "O2" else surfaces.uneven_sphere(40)
    data = ConnectionSpectrum(orders=(0, 1, 2, 3), count=2 * len(mesh.pos))(
        FrameBundle(neighbours=8, group=name)(surfaces.data_of(mesh))
    )
    for irrep in Group(name).irreps(3):
        rep = Representation([(3, irrep)], name)
        x = rep.randn(len(data.pos), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        area = data.area_0.numpy()
        generator = dense_laplacian(data, irrep) / area.repeat(irrep.size)[:, None]
        expected = scipy.linalg.expm(-3e-3 * area.sum() * generator) @ side_by_side(x, irrep.size)
        y = at_time(Diffusion(rep), 3e-3)(x, data)
        assert np.abs(side_by_side(y, irrep.size) - expected).max() < 1e-10
        if irrep.order == 1:  # the transport of another order would not do
            other = at_time(Diffusion(rep), 3e-3)
            wrong = data.clone()
            wrong[f"eigenfield_{irrep}_0"] = wrong[f"eigenfield_{irrep}_0"].roll(1, 1)
            assert np.abs(side_by_side(other(x, wrong), irrep.size) - expected).max() > 1e-2 or irrep.size == 1


@pytest.mark.parametrize("group", ["SO2", "O2", "C4"])
def test_modes_found_in_other_frames_do_the_same(group):
    """Eigenfields of other frames differ by phases, and by turns among equal eigenvalues: nobody sees that."""
    rep = Representation(f"{group}: 2x1")
    data, x = setting(rep, "sphere")
    at = Group(group).random(len(data.pos), generator=torch.Generator().manual_seed(2))
    anew = ConnectionSpectrum(count=24)(change_gauge(data, at, {}))
    assert (anew.eigenfield_1_0 - change_gauge(data, at, {}).eigenfield_1_0).abs().max() > 1e-2
    layer = Diffusion(rep).double()
    assert (layer(rep.act(x, at.inverse()), anew) - rep.act(layer(x, data), at.inverse())).abs().max() < 1e-9


@functools.cache
def errors_of_the_closed_form(kind, order, neighbours):
    """Relative errors of exp(-lambda t) or 1 / (1 + lambda t) times the field, at t = 0.1 on the unit sphere."""
    time, found = 0.1, []
    exact = np.exp(-DECAY[order] * time) if kind is Diffusion else 1 / (1 + DECAY[order] * time)
    for size in (162, 642, 2562):
        data = sphere(size, 0, neighbours)
        x = harmonic(data, order)
        layer = kind(f"1x{order}") if kind is Diffusion else kind(f"1x{order}", steps=100)
        off = at_time(layer, time / float(data.area_0.sum()))(x, data) - exact * x
        found.append((inner(data, off, off) / inner(data, x, x)) ** 0.5 / exact)
    return found


@pytest.mark.parametrize("neighbours", [None, 30])
@pytest.mark.parametrize("order", DECAY)
@pytest.mark.parametrize("kind", [Diffusion, ImplicitDiffusion])
def test_what_the_harmonics_of_the_sphere_become(kind, order, neighbours):
    """Errors fall 3 to 4 times for functions, at least by half for tangents, at four times the vertices."""
    coarse, middle, fine = errors_of_the_closed_form(kind, order, neighbours)
    assert coarse / middle > (2.8 if order == 0 else 1.7) and middle / fine > (2.5 if order == 0 else 2.0)
    assert fine < (0.012 if neighbours is None else 0.025)


def test_without_transport_the_closed_form_is_missed():
    data = FrameBundle()(surfaces.data_of(surfaces.uneven_sphere(642)))
    data.transport_0 = torch.zeros_like(data.transport_0)
    data = ConnectionSpectrum(orders=(1,))(data)
    x = harmonic(data, 1)
    y = at_time(Diffusion("1x1"), 0.1 / float(data.area_0.sum()))(x, data)
    assert (y - np.exp(-1.1) * x).abs().max() > 0.1


def smooth_field(data, order):
    """A function of space, or a field of vectors of space on the tangent planes."""
    wave = torch.sin(2 * data.pos[:, :1] + 1) * torch.cos(data.pos[:, 1:2] - 2 * data.pos[:, 2:])
    return wave if order == 0 else wave * (data.frame[:, :2] @ data.pos.new_tensor([0.3, -1.0, 0.5]))


@pytest.mark.parametrize("neighbours", [None, 30])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("kind", [Diffusion, ImplicitDiffusion])
def test_two_meshes_of_a_sphere_get_one_answer(kind, order, neighbours):
    """Of other vertices, and one a half finer: relative differences in space fall with refinement."""
    differences = []
    for size in (162, 642, 2562):
        found = []
        for other in (sphere(size, 0, neighbours), sphere(size * 3 // 2, 1, neighbours)):
            layer = kind(f"1x{order}") if kind is Diffusion else kind(f"1x{order}", steps=100)
            y = at_time(layer, 1e-2)(smooth_field(other, order), other)
            found.append((other.pos.numpy(), in_space(other, y)))
        (pos, here), there = found
        differences.append(np.linalg.norm(seen_from(*there, pos) - here) / np.linalg.norm(here))
    assert differences[0] / differences[1] > 2 and differences[1] / differences[2] > 2
    assert differences[2] < 0.02


def test_batches_need_sizes_or_none():
    """Sizes are ordinary numbers in the bundle; without them a batch would have to be read back."""
    batch = Batch.from_data_list([bundle("sphere"), bundle("disc")])
    x = torch.ones(len(batch.pos), 1, dtype=torch.float64)
    Diffusion("1x0").double()(x, batch)
    del batch.level_sizes
    with pytest.raises(ValueError, match="needs the sizes of its meshes"):
        Diffusion("1x0").double()(x, batch)


def test_times_start_spread_over_a_hundredfold():
    time = Diffusion("3x0 + 2x1").time()
    assert time[0].tolist() == pytest.approx([1e-4, 1e-3, 1e-2]) and time[1].tolist() == pytest.approx([1e-4, 1e-2])
    assert Diffusion("1x0").time()[0].tolist() == pytest.approx([1e-4])


def test_refusals():
    data = bundle("sphere").clone()
    with pytest.raises(ValueError, match="no eigenfields of the irrep 5 with 2 components at this level"):
        Diffusion("1x5").double()(torch.zeros(150, 2).double(), data)
    with pytest.raises(ValueError, match=r"no bundle at level 3 \(no area_3\)"):
        _ = Level(data, 3).spectrum
    with pytest.raises(ValueError, match="Diffusion of C4 cannot run on a bundle of SO2"):
        Diffusion("C4: 1x0").double()(torch.zeros(150, 1).double(), data)
    half_turns = bundle("sphere", "C2")
    with pytest.raises(ValueError, match="no eigenfields of the irrep 1 with 2 components"):
        Diffusion("1x1").double()(torch.zeros(150, 2).double(), half_turns)
