"""The compiled sweep against the readable one: outputs and gradients, on any threads."""

import numba
import pytest
import torch
from layer_table import bundle
from numba import types

from gaugenet.nn import GaugeConv, Stencil, stencil, threads
from gaugenet.nn.tile import pointer, product

TOLERANCE = {torch.float32: 3e-6, torch.float64: 5e-15}
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
    y = conv(x, Stencil(*edges, 150))
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
    if conv.intertwiner.bias is not None:
        torch.nn.init.normal_(conv.intertwiner.bias)
    ours = output_and_gradients(conv, edges, dtype)
    monkeypatch.setattr(stencil, "available", lambda device, dtype: False)
    assert largest_difference(ours, output_and_gradients(conv, edges, dtype)) < TOLERANCE[dtype]


@pytest.mark.parametrize("openmp", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_threads_do_not_show(count, openmp, edges, monkeypatch):
    """Bit for bit, on the threads of OpenMP or a pool: parts are summed in their order, whoever computed them."""
    conv = GaugeConv("4x0 + 3x1", "2x0 + 2x2").double()
    alone = output_and_gradients(conv, edges, torch.float64)
    if not openmp:
        monkeypatch.setattr(threads, "_openmp", lambda: None)
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
    with torch.no_grad(), pytest.raises(IndexError, match=r"edges must start at vertices 0 to 149, got \d+ to 150"):
        GaugeConv("1x0", "1x0").double()(torch.ones(150, 1, dtype=torch.float64), Stencil(index, *edges[1:], 150))


def test_features_may_lie_in_memory_as_they_like(edges):
    conv = GaugeConv("2x0 + 1x1", "2x0").double()
    x = conv.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = Stencil(*edges, 150)
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
