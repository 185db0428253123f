"""Every layer of the table without real tensors, compiled, exported, deterministic and in half precision."""

import functools
from contextlib import nullcontext

import pytest
import surfaces
import torch
from layer_table import FIELDS, GROUP_ROWS, LEVELS, NEIGHBOURS, ROWS, bundle, level_of
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode
from torch_geometric.data import Batch

from gaugenet.io.mesh_data import MeshData
from gaugenet.nn import GaugeConv
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.input_fields import InputFields

# Of other groups than SO(2) one without and one with reflections, and, where compiling takes long, their convolutions.
GROUPS = [row for row in GROUP_ROWS if row.group in ("O2", "C4")]
TABLE = pytest.mark.parametrize("row", [*ROWS, *GROUPS], ids=lambda row: row.name)
COMPILED = [
    row
    for row in GROUPS
    if row.name.partition(" ")[2] in ("DifferentialConv", "GaugeConv", "Pool", "RegularNonlinearity")
]
COMPILED_TABLE = pytest.mark.parametrize("row", [*ROWS, *COMPILED], ids=lambda row: row.name)


def tensors_of(data):
    return {key: value for key, value in data.to_dict().items() if isinstance(value, torch.Tensor)}


@functools.cache
def sphere_of(size, group):
    data = FrameBundle(neighbours=10, levels=LEVELS, level_neighbours=NEIGHBOURS, group=group)(
        surfaces.data_of(surfaces.uneven_sphere(size))
    )
    for level in (0, 1, 2):
        data = ConnectionSpectrum(orders=(0, 1, 2, 3), count=24, level=level)(data)
    return InputFields(**FIELDS, group=group)(data)


def relative(a, b):
    return float((a - b).detach().abs().max() / b.detach().abs().max())


class OfTensors(nn.Module):
    """A row of the table as a module of tensors alone."""

    def __init__(self, row, layer, data):
        super().__init__()
        self.row, self.layer, self.others = row, layer, {"max_degree": data.get("max_degree"), "group": row.group}

    def forward(self, x, tensors):
        return self.row.call(self.layer, x, MeshData(**tensors, **self.others))


def numberless_call(row, data, device):
    """Output of a layer on tensors without numbers, after a backward pass."""
    layer = row.build(dtype=torch.float32)
    module, mode = OfTensors(row, layer, data), nullcontext() if device == "meta" else FakeTensorMode()

    def without_numbers(tensor, gradient=False):
        empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
        return empty.requires_grad_(gradient)

    with mode:
        state = {name: without_numbers(parameter, True) for name, parameter in module.named_parameters()}
        state |= {name: without_numbers(buffer) for name, buffer in module.named_buffers()}
        x = without_numbers(row.features(layer, data, dtype=torch.float32), True)
        tensors = {key: without_numbers(value) for key, value in tensors_of(data).items()}
        y = torch.func.functional_call(module, state, (x, tensors))
        y.sum().backward()
    assert x.grad.shape == x.shape
    return y


@pytest.fixture(params=["padded", "unpadded"])
def lists(request, monkeypatch):
    """How stencils write neighbours: padded is for a GPU."""
    if request.param == "padded":
        monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda device, dtype: False)
    return request.param


@pytest.mark.parametrize("device", ["cpu", "meta"])
@TABLE
def test_no_number_is_read_back_from_a_device(row, device, lists):
    """Reading a number would raise, and so would mixing in a tensor of the CPU on the meta device."""
    data = bundle("sphere", row.group)
    layer = row.build()
    y = numberless_call(row, data, device)
    assert y.shape == row.call(layer, row.features(layer, data), data).shape


@pytest.mark.parametrize("lists", ["padded"], indirect=True)
def test_reading_back_is_noticed(lists):
    """Without max_degree a stencil has to count where lists are padded."""
    data = bundle("sphere").clone()
    del data.max_degree
    row = next(row for row in ROWS if row.name == "GaugeConv")
    with pytest.raises(DynamicOutputShapeException):
        numberless_call(row, data, "cpu")


@pytest.mark.slow
@COMPILED_TABLE
def test_one_graph_for_batches_of_all_sizes(row):
    """Compiled whole; sizes that change become symbolic, and soon nothing is compiled any more."""
    torch._dynamo.reset()
    layer, counter = row.build(), CompileCounter()
    module = torch.compile(layer, backend=counter, fullgraph=True)
    compiled = []
    for sizes in ((150, 110), (90, 121), (133, 160), (101, 112), (144, 92), (117, 171), (130, 105)):
        data = Batch.from_data_list([sphere_of(size, row.group) for size in sizes])
        x = row.features(layer, data)
        assert relative(row.call(module, x, data), row.call(layer, x, data)) < 1e-12
        compiled.append(counter.frame_count)
    assert compiled[-1] == compiled[3]


@pytest.mark.slow
@COMPILED_TABLE
def test_exported_it_is_the_same(row):
    data = bundle("disc", row.group)
    layer = row.build()
    x = row.features(layer, data)
    program = torch.export.export(OfTensors(row, layer, data), (x, tensors_of(data)))
    with torch.no_grad():
        assert relative(program.module()(x, tensors_of(data)), row.call(layer, x, data)) < 1e-12


@TABLE
def test_deterministic_algorithms(row):
    """Twice the same bits, outputs and gradients, and no complaint."""
    data = bundle("sphere", row.group)
    layer = row.build()
    results = []
    torch.use_deterministic_algorithms(True)
    try:
        for _ in range(2):
            x = row.features(layer, data).requires_grad_()
            y = row.call(layer, x, data)
            results.append((y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])))
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@TABLE
def test_bfloat16_autocast(row):
    """Outputs within 3 %, input gradients within 6 % of the largest value: bfloat16 keeps 8 bits.

    A layer with kinks has gradients that jump, which no precision bounds.
    """
    data = bundle("sphere", row.group)
    layer = row.build(dtype=torch.float32)
    results = []
    for enabled in (False, True):
        x = row.features(layer, data, dtype=torch.float32).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            y = row.call(layer, x, data)
        cotangent = torch.cos(torch.arange(y.numel())).reshape(y.shape)
        results.append((y.float(), torch.autograd.grad((cotangent * y.float()).sum(), x)[0]))
    (y, gradient), (half, half_gradient) = results
    assert relative(half, y) < 0.03
    assert row.kinks or relative(half_gradient, gradient) < 0.06


@pytest.mark.parametrize("lists", ["padded"], indirect=True)
def test_chunks_do_not_show(monkeypatch, lists):
    """Outputs and gradients are those of one chunk, where lists are padded."""
    data = bundle("sphere")
    conv = GaugeConv("4x0 + 3x1", "2x0 + 2x2").double()
    results = []
    for size in (2**26, 1):
        monkeypatch.setattr("gaugenet.nn.convolution.convolve._CHUNK", {"cpu": size})
        x = conv.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
        y = conv(x, data)
        results.append((y, *torch.autograd.grad(y.square().sum(), [x, *conv.parameters()])))
    assert all(relative(a, b) < 1e-14 for a, b in zip(*results, strict=True))


def test_one_way_edges_have_an_adjoint():
    """Where edges do not come in pairs, as after dropping some, gradients are still right."""
    data = bundle("sphere")
    keep = torch.rand(data.edge_index_0.shape[1], generator=torch.Generator().manual_seed(0)) < 0.7
    edges = (data.edge_index_0[:, keep], data.log_0[keep], data.transport_0[keep], data.weight_0[keep], data.radius_0)
    conv = GaugeConv("1x0 + 1x1", "1x0 + 1x2").double()
    x = conv.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: conv(x, level_of(*edges, 150))[:4], x, fast_mode=True)
