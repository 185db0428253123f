"""Every layer of the table: gauge equivariance of outputs and gradients, batches, state, determinism, repr, refusal."""

import copy

import pytest
import torch
from layer_table import GROUP_ROWS, ROWS, Row, bundle, meshes_of, of_features_and_data
from torch import nn

from gaugenet.group import Group
from gaugenet.models import Network
from gaugenet.nn import GaugeConv
from gaugenet.representation import Representation
from gaugenet.testing import BOUNDS, assert_batches, assert_deterministic, gauge_errors, relative_error, rows

TABLE = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def errors_of(row, layer, data, dtype=torch.float64):
    return gauge_errors(layer, data, row.signature(layer), row.inside, dtype)


@pytest.mark.parametrize("dtype", BOUNDS, ids=str)
@pytest.mark.parametrize("mesh", meshes_of("SO2"))
@TABLE
def test_gauge_equivariance(row, mesh, dtype):
    errors = errors_of(row, row.build(dtype=dtype), bundle(mesh), dtype)
    assert max(errors) <= BOUNDS[dtype], errors


GROUP_TABLE = [pytest.param(row, mesh, id=f"{row.name}-{mesh}") for row in GROUP_ROWS for mesh in meshes_of(row.group)]


@pytest.mark.parametrize(("row", "mesh"), GROUP_TABLE)
def test_gauge_equivariance_of_every_group(row, mesh):
    """Closed, open, one-sided and dirty meshes; elements of the whole group, reflections among them."""
    errors = errors_of(row, row.build(), bundle(mesh, row.group))
    assert max(errors) <= BOUNDS[torch.float64], errors


class ComponentwiseReLU(nn.Module):
    """Broken: acts on the components of vectors."""

    rep_in = rep_out = Representation("2x0 + 2x1")

    def forward(self, x):
        return x.relu()


class BiasOnVectors(nn.Module):
    """Broken: a constant vector is not the same vector in other frames."""

    rep_in = rep_out = Representation("2x0 + 2x1")

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.ones(6))

    def forward(self, x):
        return x + self.bias


class WrongBackward(nn.Module):
    """Broken: right forwards, the identity, but with the gradient of a componentwise ReLU on top."""

    rep_in = rep_out = Representation("2x0 + 2x1")

    def forward(self, x):
        return x + x.relu() - x.relu().detach()


def without_transport(layer, x, data):
    data = data.clone()
    data.transport_0 = torch.zeros_like(data.transport_0)
    return layer(x, data)


def backwards_transport(layer, x, data):
    data = data.clone()
    data.transport_0 = -data.transport_0
    return layer(x, data)


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (Row("relu", ComponentwiseReLU), "output"),
        (Row("bias", BiasOnVectors), "output"),
        (Row("backward", WrongBackward), "input_gradient"),
        (Row("no transport", lambda: GaugeConv("2x1", "2x0"), without_transport), "output"),
        (Row("wrong transport", lambda: GaugeConv("2x1", "2x0"), backwards_transport), "parameter_gradients"),
    ],
    ids=lambda value: value.name if isinstance(value, Row) else value,
)
def test_a_broken_layer_is_found_out(row, broken):
    assert getattr(errors_of(row, row.build(), bundle("sphere")), broken) > 0.01


def without_reflections(layer, x, data):
    data = data.clone()
    data.flip_0 = torch.zeros_like(data.flip_0)
    return layer(x, data)


@pytest.mark.parametrize("group", ["O2", "C4", "D4", "D6"])
def test_a_broken_layer_of_a_group_is_found_out(group):
    """Components by themselves; transport that forgets to reflect; a kernel of another group."""
    rep = Representation(f"{group}: 2x1")

    class Broken(ComponentwiseReLU):
        rep_in = rep_out = rep

        def forward(self, x):
            return (x @ x.new_tensor([[1.0, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])).relu()

    rows = [Row("relu", Broken, group=group)]
    if Group(group).reflections:
        rows.append(Row("no reflections", lambda: GaugeConv(rep, rep), without_reflections, group=group))
        rows.append(Row("rotations alone", lambda: OfRotations(rep), of_features_and_data, group=group))
    for row in rows:
        mesh = "moebius" if Group(group).reflections else "sphere"
        assert errors_of(row, row.build(), bundle(mesh, group)).output > 0.01, row.name


class OfRotations(nn.Module):
    """Broken: kernels of C_N or SO(2) where reflections are around; half of them are not equivariant."""

    def __init__(self, rep):
        super().__init__()
        self.rep_in = self.rep_out = rep
        self.group = "SO2" if rep.group.rotations is None else f"C{rep.group.rotations}"
        self.conv = GaugeConv(Representation("2x1", self.group), "2x1")

    def forward(self, x, data):
        data = data.clone()
        data.group = self.group  # past the check of groups
        return self.conv(x, data)


@pytest.mark.parametrize("names", [("sphere", "disc"), ("disc", "sphere", "disc")], ids=str)
@TABLE
def test_a_batch_is_its_meshes_one_by_one(row, names):
    """Outputs and gradients, on meshes of different size, radius and number of neighbours."""
    layer = row.build()
    assert_batches(layer, [bundle(name) for name in names], row.signature(layer))


@TABLE
def test_state_dict_round_trip(row):
    data = bundle("sphere")
    layer, other = row.build(seed=0), row.build(seed=1)
    x = row.features(layer, data)
    expected = row.call(layer, x, data)
    if list(layer.parameters()):
        assert not torch.equal(row.call(other, x, data), expected)
    other.load_state_dict(copy.deepcopy(layer.state_dict()))
    assert torch.equal(row.call(other, x, data), expected)
    single = row.make()
    single.load_state_dict(layer.float().state_dict())
    assert relative_error(row.call(single.eval(), x.float(), data).double(), expected) < 1e-4


@TABLE
def test_determinism(row):
    """Twice the same, bit for bit; from the same seed the same layer; a call changes neither its input nor the data."""
    data = bundle("sphere")
    layer, same = row.build(seed=3), row.build(seed=3)
    assert_deterministic(layer, data, row.signature(layer))
    x = row.features(layer, data)
    assert torch.equal(row.call(layer, x, data), row.call(same, x, data))


@TABLE
def test_output_has_the_shape_and_precision_of_its_representation(row):
    data = bundle("sphere")
    for dtype in BOUNDS:
        layer = row.build(dtype=dtype)
        y = row.call(layer, row.features(layer, data, dtype=dtype), data)
        assert y.shape == (rows(data, row.level_out), row.reps(layer)[1].dim)
        assert y.dtype == dtype


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-6), (torch.bfloat16, 0.03)], ids=str)
@TABLE
def test_features_may_have_another_precision_than_weights(row, dtype, bound):
    """Layers run in that of the features, networks in that of the weights."""
    data = bundle("sphere")
    layer, full = row.build(dtype=torch.float32), row.build()
    x = row.features(layer, data).to(dtype)
    assert relative_error(row.call(layer, x, data).double(), row.call(full, x.double(), data)) < bound


@TABLE
def test_repr_names_its_representations(row):
    layer = row.make()
    text = " ".join(repr(layer).split())
    if isinstance(layer, Network) and layer.config["layers"] == "none":
        assert f"Pool({layer.rep_in}" in text
    elif isinstance(layer, Network):
        assert f"(enter): Intertwiner( {layer.rep_in} -> 4x0 + 3x1 + 2x2" in text
    else:
        assert (str(layer.rep_in) if layer.rep_in == layer.rep_out else f"{layer.rep_in} -> {layer.rep_out}") in text


@TABLE
def test_wrong_last_axis_is_refused(row):
    data = bundle("sphere")
    layer = row.build()
    x = row.features(layer, data)
    name = type(layer.trunk if isinstance(layer, Network) else layer).__name__
    with pytest.raises(ValueError, match=rf"{name} expects .*last axis {x.shape[1]}.* got shape"):
        row.call(layer, torch.cat([x, x[:, :1]], dim=1), data)


@pytest.mark.slow
@TABLE
def test_compiled_it_is_the_same(row):
    """Output and input gradient, by a compiler that does not reorder sums."""
    data = bundle("sphere")
    layer = row.build()
    torch._dynamo.reset()
    results = []
    for module in (layer, torch.compile(layer, backend="aot_eager")):
        x = row.features(layer, data).requires_grad_()
        y = row.call(module, x, data)
        results.append((y, *torch.autograd.grad(torch.cos(torch.arange(y.numel())) @ y.flatten().float(), x)))
    assert all(relative_error(ours, plain) < 1e-12 for plain, ours in zip(*results, strict=True))
