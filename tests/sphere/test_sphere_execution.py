"""Layers and networks on the sphere without real tensors, compiled, exported, deterministic, in every precision."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch._subclasses.fake_tensor import FakeTensorMode
from torch_geometric.data import Data

from gaugenet.models import (
    PlainClassificationNet,
    PlainDetectionNet,
    PlainSegmentationNet,
    SphericalClassificationNet,
    SphericalDetectionNet,
    SphericalSegmentationNet,
)
from gaugenet.sphere import (
    HarmonicNorm,
    HarmonicProduct,
    HarmonicTransform,
    PowerSpectrum,
    ScatteredTransform,
    SO3Transform,
    SphereGrid,
    SphericalBlock,
    SphericalConv,
)

REP, BAND = "2x0 + 1x1 + 1x3", 5
GRID = SphereGrid(BAND)
NET = {"inputs": "1x0 + 1x1", "band_limit": 6, "bands": (4, 2), "rep": "3x0 + 2x1", "growth": 1.5, "count": 3}
PLAIN = {"inputs": "1x0 + 1x1", "band_limit": 6, "widths": (8, 16)}
FINDS = {**NET, "bands": (4, 3), "rep": "3x0 + 2x1 + 2x2"}


def forward(layer: nn.Module, x: Tensor) -> Tensor:
    return layer(x)


def inverse(layer: Any, x: Tensor) -> Tensor:
    return layer.inverse(x)


def of_fields(net: nn.Module, x: Tensor) -> Tensor:
    return net(Data(x=x.flatten(0, 1)))


@dataclass(frozen=True)
class Row:
    """A layer under test, of inputs ``(B, *shape)``, and how it is applied."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    call: Callable[[nn.Module, Tensor], Tensor] = forward

    def build(self, dtype: torch.dtype = torch.float64, seed: int = 0) -> "Called":
        """Return the layer with random parameters, biases and scales included, as a module of tensors."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layer = self.make()
            for parameter in layer.parameters():
                if parameter.dim() == 1:
                    nn.init.normal_(parameter, 0.5)
        return Called(self, layer.to(dtype).eval())

    def x(self, batch: int = 2, dtype: torch.dtype = torch.float64) -> Tensor:
        generator = torch.Generator().manual_seed(batch)
        return torch.randn(batch, *self.shape, generator=generator, dtype=torch.float64).to(dtype)


class Called(nn.Module):
    """A row's layer and its call."""

    def __init__(self, row: Row, layer: nn.Module) -> None:
        super().__init__()
        self.row, self.layer = row, layer

    def forward(self, x: Tensor) -> Tensor:
        return self.row.call(self.layer, x)


def conv(kernel, **settings):
    return lambda: SphericalConv(REP, "1x1 + 3x0 + 1x2", BAND, kernel, **settings)


def product(**settings):
    return lambda: HarmonicProduct(REP, "2x0 + 1x2", BAND, **settings)


def scattered(fit):
    return lambda: ScatteredTransform(REP, GRID.points, GRID.weight, BAND, fit)


COEFFICIENTS, FIELDS = (BAND**2, 6), (GRID.size, 6)
ROWS = [
    Row("SphericalConv, free", conv("free"), COEFFICIENTS),
    Row("SphericalConv, smooth", conv("smooth", count=3), COEFFICIENTS),
    Row("SphericalConv, local", conv("local", count=2, radius=0.8), COEFFICIENTS),
    Row("SphericalBlock", lambda: SphericalBlock(REP, BAND, dropout=0.1), COEFFICIENTS),
    Row("SphericalBlock, regular", lambda: SphericalBlock(REP, BAND, "regular", dropout=0.1), COEFFICIENTS),
    Row("SphericalBlock of invariants", lambda: SphericalBlock("3x0", BAND), (BAND**2, 3)),
    Row("HarmonicNorm", lambda: HarmonicNorm(REP), COEFFICIENTS),
    Row("PowerSpectrum", lambda: PowerSpectrum(REP, BAND), COEFFICIENTS),
    Row("HarmonicProduct", product(), COEFFICIENTS),
    Row("HarmonicProduct, tree", product(tree=True, all_channels=True, channels=2), COEFFICIENTS),
    Row("HarmonicTransform", lambda: HarmonicTransform(REP, GRID, BAND - 1), FIELDS),
    Row("HarmonicTransform, inverse", lambda: HarmonicTransform(REP, GRID), COEFFICIENTS, inverse),
    Row("SO3Transform", lambda: SO3Transform(2, GRID), (GRID.size, GRID.columns, 2)),
    Row("SO3Transform, inverse", lambda: SO3Transform(2, GRID), (BAND**2, 18), inverse),
    Row("ScatteredTransform", scattered(True), FIELDS),
    Row("ScatteredTransform by areas", scattered(False), FIELDS),
    Row("ScatteredTransform, inverse", scattered(True), COEFFICIENTS, inverse),
    Row("SphericalClassificationNet", lambda: SphericalClassificationNet(["a", "b"], **NET), (144, 3), of_fields),
    Row(
        "SphericalClassificationNet, regular",
        lambda: SphericalClassificationNet(["a", "b"], **NET, pointwise="regular"),
        (144, 3),
        of_fields,
    ),
    Row("SphericalSegmentationNet", lambda: SphericalSegmentationNet(["a", "b"], **NET), (144, 3), of_fields),
    Row("SphericalDetectionNet", lambda: SphericalDetectionNet(["a"], 0.3, **FINDS), (144, 3), of_fields),
    Row("PlainClassificationNet", lambda: PlainClassificationNet(["a", "b"], **PLAIN), (144, 3), of_fields),
    Row("PlainSegmentationNet", lambda: PlainSegmentationNet(["a", "b"], **PLAIN), (144, 3), of_fields),
    Row("PlainDetectionNet", lambda: PlainDetectionNet(["a"], 0.3, **PLAIN), (144, 3), of_fields),
]
TABLE = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


# Data of a network hold a view of the input, whose gradient the compiler asks for.
LEAF = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


def relative(a: Tensor, b: Tensor) -> float:
    return float((a - b).detach().abs().max() / b.detach().abs().max())


def with_gradients(module: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    """Return output and gradients, of the input and of parameters, of a weighted sum of the output."""
    x = x.clone().requires_grad_()
    y = module(x)
    cotangent = torch.cos(torch.arange(y.numel())).reshape(y.shape).to(y.dtype)
    return (y, *torch.autograd.grad((cotangent * y).sum(), [x, *module.parameters()]))


def compiled(module: Called, **how: Any) -> nn.Module:
    """Return a row compiled whole; data of networks are made outside."""
    if module.row.call is of_fields:
        return Called(module.row, torch.compile(module.layer, fullgraph=True, **how))
    return torch.compile(module, fullgraph=True, **how)


def numberless(row: Row, device: str) -> Tensor:
    """Return the output on tensors without numbers, after a backward pass."""
    module, mode = row.build(torch.float32), nullcontext() if device == "meta" else FakeTensorMode()

    def empty(tensor: Tensor, gradient: bool = False) -> Tensor:
        made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
        return made.requires_grad_(gradient)

    with mode:
        state = {name: empty(parameter, True) for name, parameter in module.named_parameters()}
        state |= {name: empty(buffer) for name, buffer in module.named_buffers()}
        x = empty(row.x(dtype=torch.float32), True)
        y = torch.func.functional_call(module, state, x)
        y.sum().backward()
    assert x.grad is not None and x.grad.shape == x.shape
    return y


@pytest.mark.parametrize("device", ["cpu", "meta"])
@TABLE
def test_no_number_is_read_back_from_a_device(row, device):
    """Reading a number would raise, and so would a tensor that stays on the CPU."""
    assert numberless(row, device).shape == row.build()(row.x()).shape


def test_a_constant_that_stays_behind_is_noticed():
    row = next(row for row in ROWS if row.name == "HarmonicTransform")
    weight = SphereGrid(BAND).weight.float()[:, None]
    left = Row("left", row.make, row.shape, lambda layer, x: layer(x * weight))
    for device in ("cpu", "meta"):
        with pytest.raises((RuntimeError, AssertionError), match=r"Fake ?Tensor|meta"):
            numberless(left, device)


@pytest.mark.slow
@pytest.mark.timeout(900)
@LEAF
@TABLE
def test_one_graph_for_batches_of_all_sizes(row):
    """Compiled whole, with gradients; the second size makes the batch symbolic, and later ones compile nothing."""
    torch._dynamo.reset()
    module, counter = row.build(), CompileCounterWithBackend("aot_eager")
    graph, count = compiled(module, backend=counter), []
    for batch in (2, 3, 5):
        results = zip(with_gradients(graph, row.x(batch)), with_gradients(module, row.x(batch)), strict=True)
        assert all(relative(found, wanted) < 1e-12 for found, wanted in results)
        count.append(counter.frame_count)
    assert count[0] == 1 and count[-1] == count[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation for complex")
@LEAF
@TABLE
def test_compiled_code_is_the_same(row):
    torch._dynamo.reset()
    module = row.build()
    results = with_gradients(compiled(module), row.x()), with_gradients(module, row.x())
    assert all(relative(found, wanted) < 1e-12 for found, wanted in zip(*results, strict=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
@TABLE
def test_exported_it_is_the_same(row):
    module, x = row.build(), row.x()
    wanted = module(x)
    program = torch.export.export(module, (x,))
    with torch.no_grad():
        assert relative(program.module()(x), wanted) < 1e-12
    assert torch.equal(module(x), wanted)  # and exporting leaves nothing behind


@TABLE
def test_single_precision(row):
    module, x = row.build(), row.x()
    wanted = module(x)
    single = module.float()(x.float())
    assert single.dtype == torch.float32 and relative(single, wanted) < 1e-4
    again = row.build(torch.float32).double()
    again.load_state_dict(row.build().state_dict())
    assert torch.equal(again(x), wanted)  # constants keep their digits


@TABLE
def test_bfloat16_autocast(row):
    """Within 3 % of the largest value: bfloat16 keeps 8 bits."""
    module, x = row.build(torch.float32), row.x(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        half = with_gradients(module, x)[0]
    assert relative(half.float(), module(x)) < 0.03


@TABLE
def test_layers_may_begin_without_memory(row):
    """Their constants are those of layers that did not; parameters they are given."""
    module = row.build()
    with torch.device("meta"):
        late = row.make()
    late = late.to_empty(device="cpu").double().eval()
    late.load_state_dict(module.layer.state_dict())
    assert torch.equal(Called(row, late)(row.x()), module(row.x()))


@TABLE
def test_state_dict_holds_all_that_is_learned(row):
    module, other = row.build(), row.build(seed=1)
    state = module.state_dict()
    assert set(state) == set(dict(module.named_parameters()))
    other.load_state_dict(state)
    assert torch.equal(other(row.x()), module(row.x()))


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (lambda: SphericalConv("0x0", "2x0 + 1x1", BAND), (0, 4)),
        (lambda: SphericalConv("2x0", "0x0", BAND), (2, 0)),
        (lambda: HarmonicProduct("0x0", "2x0", BAND), (0, 2)),
        (lambda: HarmonicProduct("2x0", "0x0", BAND), (2, 0)),
        (lambda: HarmonicNorm("0x0"), (0, 0)),
    ],
)
def test_representations_may_be_empty(make, columns):
    layer, x = make(), torch.ones(2, BAND**2, columns[0])
    y = layer(x)
    assert y.shape == (2, BAND**2, columns[1]) and not y.any()
    if isinstance(layer, SphericalConv):
        assert layer.matrices().shape == (BAND, *columns)


def test_the_spectrum_of_no_fields_is_empty():
    assert PowerSpectrum("0x0", BAND)(torch.ones(2, BAND**2, 0)).shape == (2, 0)


@TABLE
def test_deterministic_algorithms(row):
    """Twice the same bits, outputs and gradients, and no complaint."""
    torch.use_deterministic_algorithms(True)
    try:
        results = [with_gradients(row.build(), row.x()) for _ in range(2)]
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@TABLE
def test_gradients(row):
    module, x = row.build(), row.x().requires_grad_()
    inputs = (x, *module.parameters())
    names = [name for name, _ in module.named_parameters()]

    def function(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, parameters, strict=True)), x)

    assert torch.autograd.gradcheck(function, inputs, fast_mode=True)
