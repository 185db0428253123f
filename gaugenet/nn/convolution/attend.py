"""The convolution with computed quadrature weights, as one operator of PyTorch with gradients for them too."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gaugenet.nn.convolution.convolve import chunk_size, sweep
from gaugenet.nn.convolution.plan import Factors, Plan


def attend(
    x: Tensor, amplitude: Tensor, reverse: Tensor, plan: Plan, forward: Factors, adjoint: Factors, lists: list[Tensor]
) -> Tensor:
    """Convolve features as ``convolve`` does, with operators that are given as waves and P amplitudes.

    Amplitudes take the place of quadrature weights and profiles. Their gradient is the inner product of what a
    neighbour adds to the moments with the gradients of the moments.

    Args:
        x: Features, ``(V, dim_in)``.
        amplitude: ``(V, K, P)`` amplitudes.
        reverse: Amplitudes of the reversed edges, taken as constants, in lists like the adjoint operators.
        plan: Shapes of the convolution, with (wave, amplitude) as rows.
        forward: Factors as for ``convolve``, with waves as rows of the operators.
        adjoint: Factors of the gradient, likewise.
        lists: ``(V, K)`` neighbours; ``(E,)`` positions of the edges in these lists; and for each block in the waves
            of all blocks out in turn, ``(V, K, size, W)`` as in ``Stencil``.

    Returns:
        Features, ``(V, dim_out)``.
    """
    assert forward.bias is not None
    return _attend(x, amplitude, forward.bias, reverse, plan.encode(), forward.tensors, adjoint.tensors, lists)


def _with(amplitude: Tensor, factors: Factors, plan: Plan) -> Factors:
    """Multiply each row of the operators by each amplitude, both of edges or both in padded lists."""
    operators = []
    for (_, size), operator in zip(plan.blocks_in, factors.operators, strict=True):
        rows = operator if amplitude.dim() == 2 else operator.unflatten(1, (amplitude.shape[1], size))
        rows = (
            rows[..., None] * (amplitude[:, None] if amplitude.dim() == 2 else amplitude[:, :, None, None])
        ).flatten(-2)
        operators.append(rows if amplitude.dim() == 2 else rows.flatten(1, 2))
    return Factors(factors.neighbours, operators, factors.weights, factors.bias)


def _amplitude_gradient(
    gradient: Tensor, x: Tensor, plan: Plan, weights: Sequence[Tensor], lists: Sequence[Tensor], amplitudes: int
) -> Tensor:
    """Return ``(V, K, P)``; moments and their gradients exist for one chunk of vertices at a time."""
    index, _, *waves = lists
    count, many = index.shape
    result = x.new_zeros(count, many, amplitudes)
    fields, targets = (
        values.split([channels * size for channels, size in blocks], dim=1)
        for values, blocks in ((x, plan.blocks_in), (gradient, plan.blocks_out))
    )
    back = [_to_moments(weight, plan, b, amplitudes) for b, weight in enumerate(weights)]
    largest = max((channels * row for (channels, _), rows in zip(plan.blocks_in, plan.rows) for row in rows), default=1)
    chunk = chunk_size(x.device, max(1, largest + largest * many // amplitudes))
    for start in range(0, count, chunk):
        here = slice(start, start + chunk)
        for a, (channels, size) in enumerate(plan.blocks_in):
            gathered = fields[a].index_select(0, index[here].flatten()).view(-1, many, size, 1, channels).unbind(2)
            split = [rows // amplitudes for rows in plan.rows[a]]
            for b, part in enumerate(waves[a][here].split(split, dim=3)):
                if not split[b]:
                    continue
                first, *second = part[..., None].unbind(2)
                read = first * gathered[0]  # (n, K, W, C)
                for rows, component in zip(second, gathered[1:], strict=True):
                    read.addcmul_(rows, component)
                moments = (targets[b][here] @ back[b][a]).unflatten(1, (amplitudes, split[b] * channels))
                result[here].baddbmm_(read.flatten(2), moments.mT)
    return result


def _to_moments(weight: Tensor, plan: Plan, b: int, amplitudes: int) -> list[Tensor]:
    """Return, for each block in, the matrix from gradients of block b to those of moments.

    The latter are sorted by (amplitude, wave, channel).
    """
    parts, start = [], 0
    for (channels, _), (moments, own) in zip(plan.blocks_in, plan.columns(b), strict=True):
        shape = (moments // max(1, amplitudes * channels), amplitudes, channels, weight.shape[1])
        parts.append(weight[start : start + moments].view(shape).permute(3, 1, 0, 2).flatten(1))
        start += moments + own
    return parts


@torch.library.custom_op("gaugenet::attend", mutates_args=())
def _attend(
    x: Tensor,
    amplitude: Tensor,
    bias: Tensor,
    reverse: Tensor,
    plan: Sequence[int],
    forward: Sequence[Tensor],
    adjoint: Sequence[Tensor],
    lists: Sequence[Tensor],
) -> Tensor:
    shapes = Plan.decode(plan)
    factors = Factors.of(forward, shapes, bias)
    if len(factors.neighbours) == 2:
        amplitude = amplitude.flatten(0, 1).index_select(0, lists[1])
    return sweep(x, shapes, _with(amplitude, factors, shapes))[0]


@_attend.register_fake
def _(x, amplitude, bias, reverse, plan, forward, adjoint, lists):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape[0], bias.shape[0])


@torch.library.custom_op("gaugenet::attend_backward", mutates_args=())
def _attend_backward(
    gradient: Tensor,
    x: Tensor,
    amplitudes: int,
    reverse: Tensor,
    plan: Sequence[int],
    weights: Sequence[Tensor],
    adjoint: Sequence[Tensor],
    lists: Sequence[Tensor],
) -> list[Tensor]:
    ahead = Plan.decode(plan)
    factors = _with(reverse, Factors.of(adjoint, ahead.adjoint), ahead.adjoint)
    x_gradient, gradients = sweep(gradient, ahead.adjoint, factors, against=x)
    return [x_gradient, _amplitude_gradient(gradient, x, ahead, weights, lists, amplitudes), *gradients]


@_attend_backward.register_fake
def _(gradient, x, amplitudes, reverse, plan, weights, adjoint, lists):  # type: ignore[no-untyped-def]
    learned = Factors.of(adjoint, Plan.decode(plan).adjoint).weights
    amplitude = x.new_empty(*lists[0].shape, amplitudes)
    return [x.new_empty(x.shape), amplitude, *(weight.new_empty(weight.shape) for weight in learned)]


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    x, amplitude, _, reverse, ctx.plan, forward, adjoint, lists = inputs
    weights = forward[len(forward) - len(Plan.decode(ctx.plan).blocks_out) :]
    ctx.amplitudes, ctx.many, ctx.counts = amplitude.shape[2], len(forward), (len(weights), len(adjoint), len(lists))
    ctx.save_for_backward(x, reverse, *weights, *adjoint, *lists)


def _backward(ctx, gradient):  # type: ignore[no-untyped-def]
    x, reverse, *kept = ctx.saved_tensors
    of_weights, of_adjoint, of_lists = ctx.counts
    weights, adjoint, lists = kept[:of_weights], kept[of_weights : of_weights + of_adjoint], kept[-of_lists:]
    x_gradient, amplitude, *gradients = _attend_backward(
        gradient, x, ctx.amplitudes, reverse, ctx.plan, weights, adjoint, lists
    )
    learned = [*[None] * (of_adjoint - len(gradients)), *gradients]
    return x_gradient, amplitude, gradient.sum(0), None, None, [None] * ctx.many, learned, [None] * of_lists


_attend.register_autograd(_backward, setup_context=_setup_context)
