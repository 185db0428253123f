"""The convolution against the one that is written edge by edge, and by hand."""

import copy
import math

import pytest
import surfaces
import torch
from layer_table import level_of
from reference_conv import reference_conv
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.kernel import Wave
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.nn import DifferentialConv, GaugeAttention, GaugeConv, Level, Pool
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

PAIRS = [
    ("2x0", "3x0"),
    ("2x0", "1x1 + 1x3"),
    ("2x1", "1x0 + 2x1"),
    ("1x1", "1x2"),
    ("2x3", "1x1 + 1x0"),
    ("1x0 + 2x1 + 1x2", "2x0 + 1x1 + 1x2"),
    ("4x0 + 3x1 + 2x0 + 2x3", "1x1 + 2x0 + 1x3 + 2x1 + 1x0"),
]


@pytest.fixture(scope="module")
def data():
    return FrameBundle(neighbours=6)(surfaces.data_of(surfaces.uneven_sphere(20)))


def conv_of(rep_in, rep_out, **options):
    torch.manual_seed(0)
    conv = GaugeConv(rep_in, rep_out, **options).double()
    if conv.kernel.intertwiner.bias is not None:
        torch.nn.init.normal_(conv.kernel.intertwiner.bias)
    return conv


def both(conv, data):
    """Output, input gradient and parameter gradients of layer and reference, each in one vector."""
    generator = torch.Generator().manual_seed(1)
    x = conv.rep_in.randn(len(data.pos), generator=generator, dtype=torch.float64).requires_grad_()
    geometry = data.edge_index_0, data.log_0, data.transport_0, data.weight_0, data.radius_0, data.get("flip_0")
    results = []
    for y in (conv(x, data), reference_conv(conv, x, *geometry)):
        cotangent = torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)
        gradients = torch.autograd.grad((cotangent * y).sum(), [x, *conv.parameters()])
        results.append([y.detach(), gradients[0], torch.cat([g.flatten() for g in gradients[1:]])])
    return list(zip(*results, strict=True))


@pytest.mark.parametrize("profiles", [1, 2])
@pytest.mark.parametrize(("rep_in", "rep_out"), PAIRS, ids=str)
def test_it_is_the_reference(rep_in, rep_out, profiles, data):
    for ours, reference in both(conv_of(rep_in, rep_out, profiles=profiles), data):
        assert (ours - reference).abs().max() < 1e-12 * reference.abs().max()


GROUP_PAIRS = [
    ("O2: 2x0e + 1x0o + 2x1", "1x0e + 2x0o + 1x1 + 1x2"),
    ("C4: 2x0 + 1x1 + 2x2", "1x1 + 2x2 + 1x0"),
    ("D4: regular", "1x0o + 2x1 + 1x2e + 1x2o"),
    ("D1: 2x0e + 1x0o", "1x0e + 2x0o"),
    ("trivial: 3x0", "2x0"),
]


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("rep_in", "rep_out"), GROUP_PAIRS, ids=str)
def test_it_is_the_reference_for_every_group(rep_in, rep_out, padded, monkeypatch):
    """On a one-sided mesh where the group allows; in the compiled sweep and in padded batched products."""
    if padded:
        monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda *_: False)
    conv = conv_of(rep_in, rep_out)
    group = conv.rep_in.group
    mesh = surfaces.moebius(10, 3) if group.reflections else surfaces.uneven_sphere(30)
    data = FrameBundle(neighbours=6, group=str(group))(surfaces.data_of(mesh))
    at = group.random(30, generator=torch.Generator().manual_seed(0))
    for ours, reference in both(conv, change_gauge(data, at)):
        assert (ours - reference).abs().max() < 1e-12 * reference.abs().max()


def test_a_layer_of_a_smaller_group_does_not_run_on_a_larger_bundle(data):
    with pytest.raises(ValueError, match=r'GaugeConv of C4 cannot run on a bundle of SO2.*FrameBundle\(group="C4"\)'):
        GaugeConv("C4: 1x1", "1x1").double()(torch.zeros(20, 2).double(), data)
    with pytest.raises(ValueError, match="Pool of trivial cannot run on a bundle of SO2"):
        deep = FrameBundle(levels=(8,))(surfaces.data_of(surfaces.uneven_sphere(20)))
        Pool("trivial: 2x0")(torch.zeros(20, 2), Level(deep, 1))
    mixed = Batch.from_data_list(
        [FrameBundle(group=g)(surfaces.data_of(surfaces.uneven_sphere(20))) for g in ("C2", "C4")]
    )
    with pytest.raises(ValueError, match="bundles of one group, got C2, C4"):
        GaugeConv("1x1", "1x1").double()(torch.zeros(40, 2).double(), mixed)


def test_a_layer_of_a_larger_group_runs_on_a_smaller_bundle():
    """Its kernels obey more than they need: equivariant under the group of the bundle."""
    data = FrameBundle(neighbours=6, group="C4")(surfaces.data_of(surfaces.uneven_sphere(20)))
    conv, at = conv_of("2x0 + 1x1", "1x1 + 1x2"), Group("C4").random(20, generator=torch.Generator().manual_seed(0))
    x = conv.rep_in.randn(20, dtype=torch.float64)
    turned = conv(conv.rep_in.act(x, at.inverse()), change_gauge(data, at))
    assert (turned - conv.rep_out.act(conv(x, data), at.inverse())).abs().max() < 1e-12


def test_max_frequency():
    """0 leaves isotropic kernels alone; a finite group may have any number of them."""
    assert GaugeConv("trivial: 1x0", "1x0", profiles=1, max_frequency=0).kernel.weight["0_0"].shape[0] == 1
    assert GaugeConv("trivial: 1x0", "1x0", profiles=1, max_frequency=5).kernel.weight["0_0"].shape[0] == 11
    with pytest.raises(ValueError, match="max_frequency must be >= 0, got -1"):
        GaugeConv("1x0", "1x0", max_frequency=-1)


def test_groups_do_not_mix():
    with pytest.raises(ValueError, match='"O2: 1x1" is a representation of O2, expected one of C4'):
        GaugeConv("C4: 1x1", "O2: 1x1")


def test_the_reference_notices_swapped_weights(data):
    conv = conv_of("2x1", "2x1")
    outputs = both(conv, data)[0]
    with torch.no_grad():
        conv.kernel.weight["0_0"].copy_(conv.kernel.weight["0_0"].flip(0))
    assert (both(conv, data)[0][0] - outputs[1]).abs().max() > 0.1


def test_parameters_are_those_of_the_kernel_space():
    """1, 2, 2, 4 real numbers for the pairs 0-0, 0-m, n-0, n-m, for each pair of channels and radial profile."""
    for rep_in, rep_out, count in [("3x0", "5x0", 1), ("3x0", "5x2", 2), ("3x1", "5x0", 2), ("3x1", "5x2", 4)]:
        conv = GaugeConv(rep_in, rep_out, profiles=2)
        assert sum(w.numel() for w in conv.kernel.weight.values()) == count * 3 * 5 * 2


def test_by_hand():
    """Vertex 0 sees vertex 1 due north at the middle of the disc, in a frame turned by a quarter."""
    north = math.pi / 2
    level = level_of(
        torch.tensor([[1], [0]]),
        torch.tensor([[0.25, north]], dtype=torch.float64),
        torch.tensor([north], dtype=torch.float64),
        torch.tensor([0.5], dtype=torch.float64),
        torch.tensor(0.5, dtype=torch.float64),
        2,
    )
    conv = GaugeConv("1x1", "1x0 + 1x1", profiles=1, bias=False).double()
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.zero_()
        conv.kernel.weight["0_0"][0] = 2.0  # 2 Re(exp(-i theta) u): the part along the edge
        conv.kernel.weight["0_1"][0] = 3.0  # 3 u: what arrives
    x = torch.tensor([[7.0, 7.0], [1.0, 0.0]], dtype=torch.float64)  # (1, 0) at vertex 1 arrives as (0, 1): north
    expected = torch.tensor([[0.5 * 2 * 1.0, 0.0, 0.5 * 3 * 1.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(conv(x, level), expected, atol=1e-14)


def test_a_vertex_without_neighbours_sees_itself():
    lonely = surfaces.read("broken/isolated_vertex.off")
    with pytest.warns(MeshWarning, match="without a face"):
        data = FrameBundle()(surfaces.data_of(lonely))
    conv = conv_of("2x0 + 1x1", "2x0 + 2x1")
    x = conv.rep_in.randn(19, dtype=torch.float64)
    y = conv(x, data)
    assert torch.isfinite(y).all()
    assert torch.allclose(y[18], conv.kernel.intertwiner(x[18]))


def test_a_level_serves_all_layers_and_precisions(data):
    level = Level(data)
    first, second = conv_of("2x0 + 2x1", "3x1"), conv_of("2x0 + 2x1", "3x1 + 1x2", profiles=3)
    x = first.rep_in.randn(20, dtype=torch.float64)
    for conv in (first, second, first):
        assert torch.equal(conv(x, level), conv(x, data))
    single = first.float()(x.float(), level)
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), first.double()(x, level), atol=1e-5)


def test_constants_stay_constant():
    """One profile and order 0 average: weights sum to 1, at boundaries too."""
    data = FrameBundle(neighbours=9)(surfaces.data_of(surfaces.flat_disc(6)))
    conv = conv_of("2x0", "3x0", profiles=2, bias=False)
    y = conv(torch.ones(len(data.pos), 2, dtype=torch.float64), data)
    mean = conv_of("2x0", "3x0", profiles=1, bias=False)(torch.ones(len(data.pos), 2, dtype=torch.float64), data)
    assert (mean - mean[0]).abs().max() < 1e-13
    assert (y - y[0]).abs().max() > 1e-3  # two profiles tell dense neighbourhoods from sparse ones


def test_a_parallel_field_stays_parallel_in_the_plane():
    """The part of frequency 0 averages what transport brings: a constant field of the plane, whatever the frames."""
    data = FrameBundle(neighbours=9)(surfaces.data_of(surfaces.flat_disc(6)))
    field = data.frame[:, :2] @ torch.tensor([0.6, -0.8, 0.0], dtype=torch.float64)
    conv = conv_of("1x1", "1x1", profiles=1, bias=False)
    with torch.no_grad():
        conv.kernel.weight["0_0"][2:] = 0.0  # the solutions of frequency -2
    y = conv(field, data)
    in_space = torch.einsum("va,vab->vb", y, data.frame[:, :2])
    assert (in_space - in_space[0]).abs().max() < 1e-12
    assert (y - y[0]).abs().max() > 0.1


@pytest.mark.parametrize("profiles", [0, -1])
def test_profiles_must_be_positive(profiles):
    with pytest.raises(ValueError, match="profiles must be >= 1"):
        GaugeConv("1x0", "1x0", profiles=profiles)


def test_wrong_number_of_vertices_is_refused(data):
    with pytest.raises(ValueError, match=r"features \(20, 1\), a row for each vertex, got \(19, 1\)"):
        GaugeConv("1x0", "1x0")(torch.zeros(19, 1), data)


def test_data_without_a_bundle_is_refused(data):
    with pytest.raises(ValueError, match=r"no bundle at level 0 .* apply the transform gaugenet.FrameBundle"):
        GaugeConv("1x0", "1x0")(torch.zeros(20, 1), surfaces.data_of(surfaces.uneven_sphere(20)))
    with pytest.raises(ValueError, match="no bundle at level 2"):
        _ = Level(data, 2).stencil


def test_features_of_other_shape_or_device_are_refused(data):
    conv = GaugeConv("1x0", "1x0")
    with pytest.raises(ValueError, match=r"features \(20, 1\), a row for each vertex, got \(20, 1, 1\)"):
        conv(torch.ones(20, 1, 1), data)
    with pytest.raises(ValueError, match=r"weights \(on cpu\), bundle \(on cpu\) and features \(on meta\)"):
        conv(torch.ones(20, 1, device="meta"), data)


def test_a_layer_may_begin_without_memory(data):
    """Built on the meta device, given memory and then weights, as large models are."""
    conv = conv_of("2x0 + 1x1", "1x0 + 2x1")
    with torch.device("meta"):
        late = GaugeConv("2x0 + 1x1", "1x0 + 2x1").double()
    late = late.to_empty(device="cpu")
    late.load_state_dict(conv.state_dict())
    x = conv.rep_in.randn(20, dtype=torch.float64)
    assert torch.equal(late(x, data), conv(x, data))


def test_autocast_leaves_the_geometry_alone(data):
    """Operators are built in single precision and rounded once."""
    what = Group("SO2").irrep(1), (Wave(-1, 0), Wave(1, 1)), 2, torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        inside = Level(data).stencil.operator(*what)
    assert torch.equal(inside, Level(data).stencil.operator(*what))


OLDER = {
    "GaugeConv": (GaugeConv, {"kernel.intertwiner.": "intertwiner.", "kernel.weight.": "weight."}),
    "GaugeAttention": (GaugeAttention, {"kernel.intertwiner.": "intertwiner.", "kernel.weight.": "weight."}),
    "DifferentialConv": (DifferentialConv, {"kernel.": "conv."}),
}


@pytest.mark.parametrize("name", OLDER)
def test_state_dicts_with_older_names_load(name):
    """Of a layer inside a network, before and after it was copied."""
    kind, renamed = OLDER[name]
    layer = torch.nn.Sequential(kind("2x0 + 1x1", "2x0 + 1x1"))
    state = dict(layer.state_dict())
    for key in list(state):
        for new, old in renamed.items():
            if key.startswith(f"0.{new}"):
                state[key.replace(new, old, 1)] = state.pop(key)
    assert state.keys() != layer.state_dict().keys()
    other = torch.nn.Sequential(kind("2x0 + 1x1", "2x0 + 1x1"))
    for late in (other, copy.deepcopy(torch.nn.Sequential(kind("2x0 + 1x1", "2x0 + 1x1")))):
        late.load_state_dict(state)
        assert all(torch.equal(a, b) for a, b in zip(late.state_dict().values(), layer.state_dict().values()))
