"""The compiled sweep against the readable one: outputs and gradients, on any threads; what it refuses."""

import re

import numba
import pytest
import torch
from layer_table import bundle, level_of
from numba import types

from gaugenet.nn import GaugeConv
from gaugenet.nn.convolution import fused_sweep as module
from gaugenet.nn.convolution.fused_sweep import fused_sweep
from gaugenet.nn.convolution.plan import Factors, Plan
from gaugenet.nn.convolution.tile import pointer, product

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}
REPS = [("17x0 + 40x1", "33x1 + 5x2 + 2x0"), ("1x0", "64x0"), ("3x2", "0x0"), ("0x0", "3x0 + 1x1"), ("48x1", "16x1")]


@pytest.fixture(scope="module")
def edges():
    """Edges that do not come in pairs, of vertices with none to 20 of them; 150 vertices."""
    data = bundle("sphere")
    keep = torch.rand(data.edge_index_0.shape[1], generator=torch.Generator().manual_seed(0)) < 0.4
    keep &= ~torch.isin(data.edge_index_0[1], torch.tensor([0, 70, 149]))
    geometry = (data[f"{name}_0"][keep] for name in ("log", "transport", "weight"))
    return data.edge_index_0[:, keep], *geometry, data.radius_0


def output_and_gradients(conv, edges, dtype):
    x = conv.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=dtype).requires_grad_()
    y = conv(x, level_of(*edges, 150))
    cotangent = torch.cos(torch.arange(y.numel(), dtype=dtype)).reshape(y.shape)
    return [y, *torch.autograd.grad((cotangent * y).sum(), [x, *conv.parameters()], allow_unused=True)]


def largest_difference(ours, others):
    pairs = [(a, b) for a, b in zip(ours, others, strict=True) if b is not None and b.numel()]
    return max(float((a - b).detach().abs().max() / b.detach().abs().max().clamp_min(1e-9)) for a, b in pairs)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("reps", REPS, ids=str)
def test_it_is_the_readable_sweep(reps, dtype, edges, monkeypatch):
    torch.manual_seed(0)
    conv = GaugeConv(*reps).to(dtype)
    if conv.kernel.intertwiner.bias is not None:
        torch.nn.init.normal_(conv.kernel.intertwiner.bias)
    assert len(level_of(*edges, 150).stencil.neighbours(dtype)) == 2  # unpadded
    ours = output_and_gradients(conv, edges, dtype)
    monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda device, dtype: False)
    assert largest_difference(ours, output_and_gradients(conv, edges, dtype)) < TOLERANCE[dtype]


@pytest.mark.parametrize("openmp", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_threads_do_not_show(count, openmp, edges, monkeypatch):
    """Bit for bit, on the threads of OpenMP or a pool: parts are summed in their order, whoever computed them."""
    conv = GaugeConv("4x0 + 3x1", "2x0 + 2x2").double()
    alone = output_and_gradients(conv, edges, torch.float64)
    if not openmp:
        monkeypatch.setattr(module, "_openmp", lambda: None)
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        together = output_and_gradients(conv, edges, torch.float64)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


def test_edges_from_nowhere_are_refused(edges):
    """Compiled code must not read where no vertex is."""
    index = edges[0].clone()
    index[0, 5] = 150
    with torch.no_grad(), pytest.raises(ValueError, match=r"edges must start at vertices 0 to 149, got \d+ to 150"):
        GaugeConv("1x0", "1x0").double()(torch.ones(150, 1, dtype=torch.float64), level_of(index, *edges[1:], 150))


PLAN = Plan(((2, 1),), ((3, 1),), ((2,),), ((2,),), ((True,),))


def arguments():
    """What fits ``PLAN``: 4 vertices, each with the two before it as neighbours."""
    begin, neighbour = torch.arange(0, 10, 2), torch.tensor([3, 2, 0, 3, 1, 0, 2, 1])
    return {"x": torch.ones(4, 2), "begin": begin, "neighbour": neighbour, "operators": [torch.ones(8, 2)],
            "weights": [torch.ones(6, 3)], "bias": torch.ones(3), "against": torch.ones(4, 3)}  # fmt: skip


def swept(x, begin, neighbour, operators, weights, bias, against):
    return fused_sweep(x, PLAN, Factors((begin, neighbour), operators, weights, bias), against)


def test_a_case_by_hand():
    """Two moments of two ones at two neighbours are 2 each, twice two channels; two of its own; and the bias."""
    y, (gradient,) = swept(**arguments())
    assert torch.equal(y, torch.full((4, 3), 4 * 2.0 + 2 + 1))
    assert torch.equal(gradient, torch.tensor([8.0, 8, 8, 8, 4, 4])[:, None].expand(6, 3))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("x", torch.ones(4, 3), "features must be (4, 2)"),
        ("x", torch.ones(4, 2).double(), "operator 1 must be (8, 2) of torch.float64"),
        ("x", torch.ones(4, 2, device="meta"), "features must be (4, 2) of torch.float32 on the CPU"),
        ("operators", [torch.ones(7, 2)], "operator 1 must be (8, 2)"),
        ("weights", [torch.ones(5, 3)], "weight 0 must be (6, 3)"),
        ("bias", torch.ones(2), "bias must be (3,)"),
        ("against", torch.ones(3, 3), "cotangents must be (4, 3)"),
        ("begin", torch.arange(0, 8, 2), "begin must end with the 8 edges of 4 vertices, got 4 numbers"),
        ("begin", torch.arange(0, 15, 3), "begin must end with the 8 edges of 4 vertices, got 5 numbers"),
        ("neighbour", torch.zeros(8, dtype=torch.int32), "neighbour must be a list of int64 on the CPU"),
        ("neighbour", torch.full((8,), -1), "edges must start at vertices 0 to 3, got -1 to -1"),
    ],
)
def test_what_does_not_belong_together_is_refused(name, value, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        swept(**{**arguments(), name: value})


@pytest.mark.parametrize("vertices", [0, 3])
def test_without_edges_there_are_the_vertices_alone(vertices):
    none = torch.empty(0)
    at = level_of(torch.empty(2, 0, dtype=torch.int32), torch.empty(0, 2), none, none, torch.ones(()), vertices)
    conv = GaugeConv("2x0 + 1x1", "3x0")
    x = torch.ones(vertices, 4, requires_grad=True)
    y = conv(x, at)
    y.sum().backward()  # a cotangent that is one number, repeated
    assert torch.allclose(y, conv.kernel.intertwiner(x))
    assert x.grad.shape == x.shape


def test_features_may_lie_in_memory_as_they_like(edges):
    conv = GaugeConv("2x0 + 1x1", "2x0").double()
    x = conv.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = level_of(*edges, 150)
    assert torch.equal(conv(x, at), conv(x.T.contiguous().T, at))


@numba.njit
def _product(c, c_row, rows, width, a, a_row, a_term, b, b_row, b_term, index, gathered, terms, add):
    product(
        pointer(c, types.float32), c_row, rows, width, pointer(a, types.float32), a_row, a_term,
        pointer(b, types.float32), b_row, b_term, pointer(index, types.int64), gathered, terms, add,
    )  # fmt: skip


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("width", [1, 15, 16, 17, 31, 32, 33, 70])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 13])
def test_product(rows, width, add):
    """C[r] = sum_gt A[r, g, t] B[index[g], t], within its columns."""
    torch.manual_seed(0)
    a, b, c = torch.randn(rows, 5, 2), torch.randn(9, 2, width), torch.randn(rows, width + 3)
    index = torch.randint(9, (5,))
    expected = c.clone()
    expected[:, :width] = torch.einsum("rgt,gtw->rw", a, b[index]) + add * c[:, :width]
    _product(
        c.data_ptr(), width + 3, rows, width, a.data_ptr(), 10, 1, b.data_ptr(), 2 * width, width, index.data_ptr(),
        5, 2, add,
    )  # fmt: skip
    assert torch.allclose(c, expected, atol=1e-5)
    assert torch.equal(c[:, width:], expected[:, width:])
