"""Every layer of the table: gauge equivariance of outputs and gradients, batches, state, determinism, repr, refusal."""

import copy

import layer_table
import pytest
import torch
from layer_table import GROUP_ROWS, ROWS, Row, at_level, bundle, meshes_of, of_features_and_data
from torch import nn
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.models import Network
from gaugenet.nn import GaugeConv
from gaugenet.representation import Representation
from gaugenet.transforms.gauge import change_gauge

BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-5}
TABLE = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def relative(a, b, least=1e-30):
    """Largest difference over the largest value, or over ``least`` where all are smaller."""
    return float((a - b).detach().abs().max() / b.detach().abs().max().clamp_min(least))


def gauge_errors(row, layer, data, dtype=torch.float64):
    """Relative errors of output, input gradient and parameter gradients under a random change of gauge."""
    rep_in, rep_out = row.reps(layer)
    at = row.elements(data)
    before, after = (at_level(at, data, level).inverse() for level in (row.level_in, row.level_out))
    x = row.features(layer, data, dtype=dtype)
    results = []
    for turned in (False, True):
        here = change_gauge(data, at, fields={}) if turned else data
        features = (rep_in.act(x, before) if turned else x).clone().requires_grad_()
        y = row.call(layer, features, here)
        cotangent = rep_out.randn(len(y), generator=torch.Generator().manual_seed(1), dtype=y.dtype)
        cotangent = rep_out.act(cotangent, after) if turned else cotangent
        gradients = torch.autograd.grad((cotangent * y).sum(), [features, *layer.parameters()])
        results.append((y.detach(), *gradients))
    (y, x_gradient, *plain), (y_turned, x_gradient_turned, *turned) = results
    largest = max((float(g.abs().max()) for g in plain), default=0.0)
    return {
        "output": relative(y_turned, rep_out.act(y, after)),
        "input gradient": relative(x_gradient_turned, rep_in.act(x_gradient, before)),
        "parameter gradients": max((relative(t, p, 0.01 * largest) for t, p in zip(turned, plain)), default=0.0),
    }


@pytest.mark.parametrize("dtype", BOUNDS, ids=str)
@pytest.mark.parametrize("mesh", meshes_of("SO2"))
@TABLE
def test_gauge_equivariance(row, mesh, dtype):
    errors = gauge_errors(row, row.build(dtype=dtype), bundle(mesh), dtype)
    assert max(errors.values()) <= BOUNDS[dtype], errors


GROUP_TABLE = [pytest.param(row, mesh, id=f"{row.name}-{mesh}") for row in GROUP_ROWS for mesh in meshes_of(row.group)]


@pytest.mark.parametrize(("row", "mesh"), GROUP_TABLE)
def test_gauge_equivariance_of_every_group(row, mesh):
    """Closed, open, one-sided and dirty meshes; elements of the whole group, reflections among them."""
    errors = gauge_errors(row, row.build(), bundle(mesh, row.group))
    assert max(errors.values()) <= BOUNDS[torch.float64], errors


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
        (Row("backward", WrongBackward), "input gradient"),
        (Row("no transport", lambda: GaugeConv("2x1", "2x0"), without_transport), "output"),
        (Row("wrong transport", lambda: GaugeConv("2x1", "2x0"), backwards_transport), "parameter gradients"),
    ],
    ids=lambda value: value.name if isinstance(value, Row) else value,
)
def test_a_broken_layer_is_found_out(row, broken):
    assert gauge_errors(row, row.build(), bundle("sphere"))[broken] > 0.01


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
        assert gauge_errors(row, row.build(), bundle(mesh, group))["output"] > 0.01, row.name


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
    meshes = [bundle(name) for name in names]
    layer = row.build()
    x = [row.features(layer, data, seed).requires_grad_() for seed, data in enumerate(meshes)]
    alone = torch.cat([row.call(layer, features, data) for features, data in zip(x, meshes)])
    together = row.call(layer, torch.cat(x), Batch.from_data_list(meshes))
    assert relative(together, alone) < 1e-12
    cotangent = torch.randn(alone.shape, generator=torch.Generator().manual_seed(2), dtype=alone.dtype)
    one, other = (torch.cat(torch.autograd.grad((cotangent * y).sum(), x)) for y in (alone, together))
    assert relative(other, one) < 1e-12


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
    assert relative(row.call(single.eval(), x.float(), data).double(), expected) < 1e-4


@TABLE
def test_determinism(row):
    data = bundle("sphere")
    layer, same = row.build(seed=3), row.build(seed=3)
    x = row.features(layer, data)
    first = row.call(layer, x, data)
    assert torch.equal(first, row.call(layer, x, data))
    assert torch.equal(first, row.call(same, x, data))
    assert torch.isfinite(first).all()


@TABLE
def test_output_has_the_shape_and_precision_of_its_representation(row):
    data = bundle("sphere")
    for dtype in BOUNDS:
        layer = row.build(dtype=dtype)
        y = row.call(layer, row.features(layer, data, dtype=dtype), data)
        assert y.shape == (layer_table.size(data, row.level_out), row.reps(layer)[1].dim)
        assert y.dtype == dtype


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-6), (torch.bfloat16, 0.03)], ids=str)
@TABLE
def test_features_may_have_another_precision_than_weights(row, dtype, bound):
    """Layers run in that of the features, networks in that of the weights."""
    data = bundle("sphere")
    layer, full = row.build(dtype=torch.float32), row.build()
    x = row.features(layer, data).to(dtype)
    assert relative(row.call(layer, x, data).double(), row.call(full, x.double(), data)) < bound


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


@TABLE
def test_nothing_is_left_in_the_data(row):
    """A call changes neither its input nor the data."""
    data = bundle("sphere").clone()
    before = {key: value.clone() for key, value in data.to_dict().items() if isinstance(value, torch.Tensor)}
    layer = row.build()
    x = row.features(layer, data)
    kept = x.clone()
    row.call(layer, x, data)
    assert torch.equal(x, kept)
    after = {key: value for key, value in data.to_dict().items() if isinstance(value, torch.Tensor)}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


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
    assert all(relative(ours, plain) < 1e-12 for plain, ours in zip(*results, strict=True))
