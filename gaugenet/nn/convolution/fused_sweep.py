"""The sweep of a convolution on a CPU in one compiled loop: gather, moments and dense products in the cache."""

from __future__ import annotations

import ctypes
import inspect
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numba
import torch
from numba import types
from torch import Tensor

from gaugenet.nn.convolution import tile
from gaugenet.nn.convolution.plan import Factors, Plan
from gaugenet.nn.convolution.tile import pointer, product, shifted, take_number

_DTYPES = (torch.float32, torch.float64)
_CHUNK = 32  # vertices whose moments are in the cache at a time
_FEWEST_PARTS = 8  # number of parts, or one per thread; up to 8 threads give the same bits

# A job holds all that the compiled loop needs, as a list of integers and addresses. It starts with a header:
_HEADER = 18
_NEXT, _PARTS, _VERTICES = range(3)  # the next part to be done; numbers of parts and vertices
_INS, _OUTS = range(3, 5)  # numbers of blocks in and out
_X, _DIM_IN, _Y, _DIM_OUT, _BIAS, _AGAINST = range(5, 11)  # addresses and dimensions of features
_SUMS, _SUMMED = range(11, 13)  # address of the weights' gradients, how many numbers they are per part
_BEGIN, _NEIGHBOUR, _ZERO = range(13, 16)  # addresses of the neighbour lists and of an integer that is 0
_SCRATCH, _WIDTH = range(16, 18)  # address of memory for moments, how many a vertex has
# Then come, for each block in, its first column, channels, size, rows of moments and address of its operator; for each
# block out its first column, dimension and address of its weight; for each pair of them the index of the first moment,
# how many rows lead from one to the other, and whether features of the vertex itself do.


def available(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether ``fused_sweep`` can run.

    Args:
        device: Device of the features.
        dtype: Precision of the features.

    Returns:
        Whether the precision is single or double, on a CPU, and numba compiles.
    """
    return device.type == "cpu" and dtype in _DTYPES and not numba.config.DISABLE_JIT


def fused_sweep(x: Tensor, plan: Plan, factors: Factors, against: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
    """Compute ``sweep`` of features of single or double precision on the CPU, with unpadded lists.

    Args:
        x: Features, ``(V, dim_in)``.
        plan: Shapes of the convolution.
        factors: With ``begin (V + 1,)`` and ``neighbour (E,)``: edges from ``begin[i]`` to ``begin[i + 1]`` reach
            vertex i; and with operators ``(E, size * rows)``.
        against: Cotangents, ``(V, dim_out)``, or None.

    Returns:
        Features and gradients of the weights, as ``sweep``.

    Raises:
        ValueError: If the tensors do not fit each other, or if a neighbour is none of the V vertices: compiled code
            would read outside of the features.
    """
    _check(x, plan, factors, against)
    begin, neighbour = (numbers.contiguous() for numbers in factors.neighbours)
    x, against = x.contiguous(), None if against is None else against.contiguous()
    operators, weights = ([one.contiguous() for one in many] for many in (factors.operators, factors.weights))
    bias = x.new_zeros(plan.dim_out) if factors.bias is None else factors.bias.contiguous()
    y = x.new_empty(x.shape[0], plan.dim_out)
    parts = max(_FEWEST_PARTS, torch.get_num_threads())
    sizes = [weight.numel() for weight in weights]
    sums = x.new_zeros(parts, sum(sizes)) if against is not None else x.new_empty(0)
    width = sum(channels * sum(rows) for (channels, _), rows in zip(plan.blocks_in, plan.rows, strict=True))
    scratch, zero = x.new_empty(parts, _CHUNK * width), begin.new_zeros(1)
    job = [0, parts, x.shape[0], len(plan.blocks_in), len(plan.blocks_out)]
    job += [x.data_ptr(), x.shape[1], y.data_ptr(), y.shape[1], bias.data_ptr()]
    job += [0 if against is None else against.data_ptr(), sums.data_ptr(), sum(sizes)]
    job += [begin.data_ptr(), neighbour.data_ptr(), zero.data_ptr(), scratch.data_ptr(), width]
    column = 0
    for (channels, size), operator in zip(plan.blocks_in, operators, strict=True):
        job += [column, channels, size, operator.shape[1] // size, operator.data_ptr()]
        column += channels * size
    column = 0
    for (channels, size), weight in zip(plan.blocks_out, weights, strict=True):
        job += [column, channels * size, weight.data_ptr()]
        column += channels * size
    first = 0
    for (channels, _), rows, own in zip(plan.blocks_in, plan.rows, plan.own, strict=True):
        for number, owned in zip(rows, own, strict=True):
            job += [first, number, owned]
            first += number * channels
    table = torch.tensor(job)
    _on_all_threads(_entry(x.dtype).address, table.data_ptr())
    if against is None:
        return y, []
    gradients = [part.sum(0) for part in sums.split(sizes, dim=1)]
    return y, [gradient.view_as(weight) for gradient, weight in zip(gradients, weights, strict=True)]


def _check(x: Tensor, plan: Plan, factors: Factors, against: Tensor | None) -> None:
    begin, neighbour = factors.neighbours
    vertices, edges = x.shape[0], neighbour.shape[0]
    dim_in, dim_out, columns = plan.adjoint.dim_out, plan.dim_out, range(len(plan.blocks_out))
    numbers: dict[str, tuple[Tensor, tuple[int, ...]]] = {"features": (x, (vertices, dim_in))}
    for (_, size), rows, operator in zip(plan.blocks_in, plan.rows, factors.operators, strict=True):
        numbers[f"operator {len(numbers)}"] = (operator, (edges, size * sum(rows)))
    for b, (channels, size), weight in zip(columns, plan.blocks_out, factors.weights, strict=True):
        numbers[f"weight {b}"] = (weight, (sum(map(sum, plan.columns(b))), channels * size))
    if factors.bias is not None:
        numbers["bias"] = (factors.bias, (dim_out,))
    if against is not None:
        numbers["cotangents"] = (against, (vertices, dim_out))
    for name, (tensor, shape) in numbers.items():
        if tensor.shape != shape or tensor.dtype != x.dtype or not available(tensor.device, tensor.dtype):
            raise ValueError(
                f"{name} must be {shape} of {x.dtype} on the CPU as features and edges are, got {tuple(tensor.shape)} "
                f"of {tensor.dtype} on {tensor.device}"
            )
    for name, tensor in (("begin", begin), ("neighbour", neighbour)):
        if tensor.dtype != torch.int64 or tensor.device.type != "cpu" or tensor.dim() != 1:
            raise ValueError(f"{name} must be a list of int64 on the CPU, got {tensor.dtype} on {tensor.device}")
    if len(begin) != vertices + 1 or int(begin[-1]) != edges:
        raise ValueError(f"begin must end with the {edges} edges of {vertices} vertices, got {len(begin)} numbers")
    if edges:
        least, most = neighbour.aminmax()
        if least < 0 or most >= vertices:
            raise ValueError(f"edges must start at vertices 0 to {vertices - 1}, got {int(least)} to {int(most)}")


def _on_all_threads(address: int, argument: int) -> None:
    """Call the C function ``void (void *)`` at an address on every thread that PyTorch may use, with one argument.

    The calls have to share the work among themselves. PyTorch's own threads keep spinning for a while after each of its
    operators, so others would compete with them for the cores: if PyTorch runs on OpenMP, the calls run there too;
    otherwise in a pool.
    """
    threads = torch.get_num_threads()
    openmp = _openmp()
    if openmp is not None:
        openmp(address, argument, threads, 0)
    elif threads == 1:
        _function(address)(argument)
    else:
        with ThreadPoolExecutor(threads) as pool:  # leaving it waits for all, so that nothing in use is freed
            list(pool.map(_function(address), [argument] * threads))


@cache
def _openmp() -> Callable[[int, int, int, int], None] | None:
    """Return OpenMP's function for parallel regions, from the library that PyTorch has loaded."""
    if sys.platform == "win32" or not torch.backends.openmp.is_available():
        return None
    start = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    if start is not None:
        start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        start.restype = None
    return start


@cache
def _function(address: int) -> Callable[[int], None]:
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)


@cache
def _entry(dtype: torch.dtype) -> Any:
    """Return the C function that takes parts of a job; compiled once, kept on disk."""
    scalar = types.float32 if dtype == torch.float32 else types.float64
    source = zlib.crc32(inspect.getsource(tile).encode())  # the compiled code on disk depends on it

    def take_parts(job):  # type: ignore[no-untyped-def]
        if source >= 0:
            _take_parts(job, scalar)

    return numba.cfunc(types.void(types.CPointer(types.int64)), cache=True)(take_parts)


@numba.njit(nogil=True, error_model="numpy")
def _take_parts(job, scalar):
    """Process parts of a job until none is left."""
    vertices, parts = job[_VERTICES], job[_PARTS]
    part = take_number(job)
    while part < parts:
        last = vertices * (part + 1) // parts
        for first in range(vertices * part // parts, last, _CHUNK):
            _sweep_chunk(job, part, first, min(first + _CHUNK, last), scalar)
        part = take_number(job)


@numba.njit(nogil=True, error_model="numpy")
def _sweep_chunk(job, part, first, last, scalar):
    """Compute the outputs of vertices ``first`` to ``last``."""
    moments = shifted(pointer(job[_SCRATCH], scalar), part * _CHUNK * job[_WIDTH])
    for vertex in range(first, last):
        _gather(job, vertex, shifted(moments, (vertex - first) * job[_WIDTH]), scalar)
    into, out = shifted(job, _HEADER), shifted(job, _HEADER + 5 * job[_INS])
    pair = shifted(out, 3 * job[_OUTS])
    sums = shifted(pointer(job[_SUMS], scalar), part * job[_SUMMED])
    for b in range(job[_OUTS]):
        column, dim, weight = out[3 * b], out[3 * b + 1], pointer(out[3 * b + 2], scalar)
        y = shifted(pointer(job[_Y], scalar), first * job[_DIM_OUT] + column)
        against = shifted(pointer(job[_AGAINST], scalar), first * job[_DIM_OUT] + column)
        bias = shifted(pointer(job[_BIAS], scalar), column)
        for vertex in range(last - first):
            for k in range(dim):
                y[vertex * job[_DIM_OUT] + k] = bias[k]
        for a in range(job[_INS]):
            own = shifted(pointer(job[_X], scalar), first * job[_DIM_IN] + into[5 * a])
            channels, size = into[5 * a + 1], into[5 * a + 2]
            here = shifted(pair, 3 * (a * job[_OUTS] + b))
            for source, step, terms in (
                (shifted(moments, here[0]), job[_WIDTH], here[1] * channels),
                (own, job[_DIM_IN], here[2] * size * channels),
            ):
                _dense(y, against, job, source, step, terms, weight, sums, dim, last - first)
                weight, sums = shifted(weight, terms * dim), shifted(sums, terms * dim)


@numba.njit(nogil=True, error_model="numpy")
def _dense(y, against, job, source, step, terms, weight, sums, dim, count):
    zero = pointer(job[_ZERO], types.int64)
    product(y, job[_DIM_OUT], count, dim, source, step, 1, weight, 0, dim, zero, 1, terms, True)
    if job[_AGAINST]:
        product(sums, dim, terms, dim, source, 1, step, against, 0, job[_DIM_OUT], zero, 1, count, True)


@numba.njit(nogil=True, error_model="numpy")
def _gather(job, vertex, moments, scalar):
    """Write all moments of the features around a vertex."""
    begin = pointer(job[_BEGIN], types.int64)
    edge, x = begin[vertex], pointer(job[_X], scalar)
    neighbour, degree = shifted(pointer(job[_NEIGHBOUR], types.int64), edge), begin[vertex + 1] - edge
    into = shifted(job, _HEADER)
    for _ in range(job[_INS]):
        column, channels, size, rows = into[0], into[1], into[2], into[3]
        operator = shifted(pointer(into[4], scalar), edge * size * rows)
        product(
            moments, channels, rows, channels, operator, 1, rows,
            shifted(x, column), job[_DIM_IN], channels, neighbour, degree, size, False,
        )  # fmt: skip
        moments, into = shifted(moments, rows * channels), shifted(into, 5)
