"""The convolution as one operator of PyTorch, with its adjoint as backward pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugenet.nn.convolution.fused_sweep import fused_sweep
from gaugenet.nn.convolution.plan import Factors, Plan

# Numbers that a chunk of vertices may hold in gathered features and moments: a few MB on a CPU, so that each product
# reads the result of the last one from the cache; a GPU needs large products instead.
_CHUNK = {"cpu": 2**20}
_LARGE_CHUNK = 2**26


def chunk_size(device: torch.device, most: int) -> int:
    """Return how many vertices are processed at a time.

    Args:
        device: Device of the features.
        most: Numbers that a vertex has in gathered features and moments.

    Returns:
        The number of vertices.
    """
    return max(64, _CHUNK.get(device.type, _LARGE_CHUNK) // most)


def sweep(x: Tensor, plan: Plan, factors: Factors, against: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
    """Return bias + sum_a [moments_ab(x), own_ab(x)] @ weight_b, and the gradients of the weights from ``against``.

    moments_ab(i) = operator_a(i)[rows of b] @ (components of x_a at the neighbours of i). They exist for one chunk of
    vertices at a time: no tensor has an entry per edge and channel.

    Args:
        x: Features, ``(V, dim_in)``.
        plan: Shapes of the convolution.
        factors: With padded lists ``(V, K)`` and operators ``(V, K * size, rows)``, or unpadded for ``fused_sweep``.
        against: Cotangents, ``(V, dim_out)``, or None.

    Returns:
        Features ``(V, dim_out)``, and for each weight sum_i columns_b(i)^T against_b(i); an empty list without
        ``against``.
    """
    if not plan.blocks_in or not plan.blocks_out:
        y = x.new_zeros(x.shape[0], plan.dim_out) if factors.bias is None else factors.bias.repeat(x.shape[0], 1)
        return y, [] if against is None else [torch.zeros_like(weight) for weight in factors.weights]
    if len(factors.neighbours) == 2:
        return fused_sweep(x, plan, factors, against)
    count = x.shape[0]
    wide_in, wide_out = ([channels * size for channels, size in blocks] for blocks in (plan.blocks_in, plan.blocks_out))
    fields = x.split(wide_in, dim=1)
    y = x.new_zeros(count, sum(wide_out)) if factors.bias is None else factors.bias.repeat(count, 1)
    outputs = y.split(wide_out, dim=1)
    targets = against.split(wide_out, dim=1) if against is not None else ()
    gradients = [torch.zeros_like(weight) for weight in factors.weights] if against is not None else []
    (index,) = factors.neighbours
    most = max(o.shape[1] * c + o.shape[2] * c for (c, _), o in zip(plan.blocks_in, factors.operators))
    chunk = chunk_size(x.device, most)
    for start in range(0, count, chunk):
        here = slice(start, start + chunk)
        first = [0] * len(wide_out)  # first of the columns that block a fills
        for a, (channels, size) in enumerate(plan.blocks_in):
            gathered = fields[a].index_select(0, index[here].flatten()).view(-1, size * index.shape[1], channels)
            moments = torch.bmm(factors.operators[a][here].transpose(1, 2), gathered)  # (n, rows_a, C_a)
            for b, part in enumerate(moments.split(plan.rows[a], dim=1)):
                for columns in (part.flatten(1), fields[a][here][:, : plan.columns(b)[a][1]]):
                    rows = slice(first[b], first[b] + columns.shape[1])
                    outputs[b][here].addmm_(columns, factors.weights[b][rows])
                    if against is not None:
                        gradients[b][rows].addmm_(columns.T, targets[b][here])
                    first[b] = rows.stop
    return y, gradients


def convolve(x: Tensor, plan: Plan, forward: Factors, adjoint: Factors) -> Tensor:
    """Convolve features: ``sweep`` as one operator of PyTorch, with gradients for ``x``, weights and bias.

    The gradient of a convolution is a convolution too, over the reversed edges: it gathers, where the gradient of a
    gather would scatter, and only x is kept for it. It flows through the adjoint weights only. It cannot be
    differentiated again, nor with respect to operators.

    Args:
        x: Features, ``(V, dim_in)``.
        plan: Shapes of the convolution.
        forward: Factors with a bias; their weights are taken as constants.
        adjoint: Factors of the gradient, without bias; empty if no gradient is wanted.

    Returns:
        Features, ``(V, dim_out)``.
    """
    assert forward.bias is not None
    return _convolve(x, forward.bias, plan.encode(), forward.tensors, adjoint.tensors)


@torch.library.custom_op("gaugenet::convolve", mutates_args=())
def _convolve(
    x: Tensor, bias: Tensor, plan: Sequence[int], forward: Sequence[Tensor], adjoint: Sequence[Tensor]
) -> Tensor:
    shapes = Plan.decode(plan)
    return sweep(x, shapes, Factors.of(forward, shapes, bias))[0]


@_convolve.register_fake
def _(x, bias, plan, forward, adjoint):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape[0], bias.shape[0])


@torch.library.custom_op("gaugenet::convolve_backward", mutates_args=())
def _convolve_backward(gradient: Tensor, x: Tensor, plan: Sequence[int], adjoint: Sequence[Tensor]) -> list[Tensor]:
    shapes = Plan.decode(plan).adjoint
    x_gradient, gradients = sweep(gradient, shapes, Factors.of(adjoint, shapes), against=x)
    return [x_gradient, *gradients]


@_convolve_backward.register_fake
def _(gradient, x, plan, adjoint):  # type: ignore[no-untyped-def]
    weights = Factors.of(adjoint, Plan.decode(plan).adjoint).weights
    return [x.new_empty(x.shape), *(weight.new_empty(weight.shape) for weight in weights)]


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    x, _, ctx.plan, forward, adjoint = inputs
    ctx.many = len(forward)
    ctx.save_for_backward(x, *adjoint)


def _backward(ctx, gradient):  # type: ignore[no-untyped-def]
    x, *adjoint = ctx.saved_tensors
    x_gradient, *gradients = _convolve_backward(gradient, x, ctx.plan, adjoint)
    constant = [None] * (len(adjoint) - len(gradients))
    return x_gradient, gradient.sum(0), None, [None] * ctx.many, [*constant, *gradients]


_convolve.register_autograd(_backward, setup_context=_setup_context)
