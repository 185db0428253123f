"""The product at the heart of a convolution, chunk by chunk, with its adjoint as backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

# Numbers that a chunk of vertices may hold in gathered features and moments: a few MB, so that on a CPU one product
# finds in the cache what the last one wrote; a GPU wants large products instead.
_CHUNK = {"cpu": 2**20}
_LARGE_CHUNK = 2**26


@dataclass(frozen=True)
class Plan:
    """Shapes of a convolution: which blocks of features come in and go out, by how many moments a pair is joined.

    Attributes:
        blocks_in, blocks_out: ``(C, size)`` of each block: channels, and 1 or 2 components.
        rows: ``rows[a][b]`` moments that lead from block a in to block b out.
    """

    blocks_in: tuple[tuple[int, int], ...]
    blocks_out: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, ...], ...]

    @property
    def adjoint(self) -> Plan:
        """The plan of the gradient: outputs in, inputs out."""
        return Plan(self.blocks_out, self.blocks_in, tuple(zip(*self.rows, strict=True)))

    def encode(self) -> list[int]:
        """Return the plan as numbers, which the operators of PyTorch can pass on."""
        blocks = [number for block in self.blocks_in + self.blocks_out for number in block]
        return [len(self.blocks_in), *blocks, *(count for row in self.rows for count in row)]

    @staticmethod
    def decode(code: Sequence[int]) -> Plan:
        """Read what ``encode`` wrote."""
        many_in, rest = code[0], code[1:]
        many_out = (len(rest) - 2 * many_in) // (many_in + 2)
        blocks = tuple((rest[2 * k], rest[2 * k + 1]) for k in range(many_in + many_out))
        counts = rest[2 * len(blocks) :]
        rows = tuple(tuple(counts[a * many_out : (a + 1) * many_out]) for a in range(many_in))
        return Plan(blocks[:many_in], blocks[many_in:], rows)

    @property
    def dim_out(self) -> int:
        """Number of columns of the output."""
        return sum(channels * size for channels, size in self.blocks_out)


@dataclass
class Factors:
    """What features are multiplied with.

    Attributes:
        operators: for each block in ``(V, rows_a, size_a * K)``, moments from components of neighbours.
        indices: for each block in ``(V, size_a * K)``, which of the ``V * size_a`` rows of components those are.
        weights: at ``a * B + b`` the matrix ``(rows_ab * C_a, dim_b)`` from moments of block a to block b out.
    """

    operators: list[Tensor] = field(default_factory=list)
    indices: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)

    @property
    def tensors(self) -> list[Tensor]:
        """All of them, as operators of PyTorch take them."""
        return [*self.operators, *self.indices, *self.weights]

    @staticmethod
    def of(tensors: Sequence[Tensor], plan: Plan) -> Factors:
        """Take ``tensors`` apart again."""
        many = len(plan.blocks_in)
        return Factors(list(tensors[:many]), list(tensors[many : 2 * many]), list(tensors[2 * many :]))


def sweep(x: Tensor, plan: Plan, factors: Factors, against: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
    """Return sum_ab moments_ab(x) @ weight_ab, and what the weights would learn from features ``against``.

    moments_ab(i) = operator_a(i)[rows of b] @ (components of x_a at the neighbours of i). They exist for one chunk of
    vertices at a time: no tensor has an entry an edge and channel.

    Args:
        x: ``(V, dim_in)``.
        against: ``(V, dim_out)`` or None.

    Returns:
        ``(V, dim_out)``, and for each weight sum_i moments_ab(i)^T against_b(i); an empty list without ``against``.
    """
    count = x.shape[0]
    wide_in, wide_out = ([channels * size for channels, size in blocks] for blocks in (plan.blocks_in, plan.blocks_out))
    blocks = zip(plan.blocks_in, x.split(wide_in, dim=1) if wide_in else ())
    fields = [part.reshape(-1, channels) for (channels, _), part in blocks]  # a row a component
    y = x.new_empty(count, sum(wide_out)) if fields else x.new_zeros(count, sum(wide_out))
    outputs = y.split(wide_out, dim=1)
    targets = against.split(wide_out, dim=1) if against is not None else ()
    gradients = [torch.zeros_like(weight) for weight in factors.weights] if against is not None else []
    most = max(
        (
            channels * (operator.shape[1] + operator.shape[2])
            for (channels, _), operator in zip(plan.blocks_in, factors.operators)
        ),
        default=1,
    )
    chunk = max(64, _CHUNK.get(x.device.type, _LARGE_CHUNK) // most)
    for start in range(0, count, chunk):
        here = slice(start, start + chunk)
        for a, operator in enumerate(factors.operators):
            rows_of = factors.indices[a][here]
            gathered = fields[a].index_select(0, rows_of.flatten()).unflatten(0, rows_of.shape)
            product = torch.bmm(operator[here], gathered)  # (n, rows_a, C_a)
            first = 0
            for b, rows in enumerate(plan.rows[a]):
                pair = a * len(wide_out) + b
                part = product[:, first : first + rows].flatten(1)
                outputs[b][here].addmm_(part, factors.weights[pair], beta=float(a > 0))
                if against is not None:
                    gradients[pair].addmm_(part.T, targets[b][here])
                first += rows
    return y, gradients


def convolve(x: Tensor, plan: Plan, forward: Factors, adjoint: Factors) -> Tensor:
    """Convolve ``x (V, dim_in)``: ``sweep`` as one operator of PyTorch, with gradients for ``x`` and the weights.

    The gradient of a convolution is a convolution too, over the reversed edges: it gathers, where the gradient of a
    gather would scatter, and needs nothing but x to be kept. It flows through the adjoint weights alone; it cannot be
    differentiated again, nor with respect to operators.

    Args:
        adjoint: the factors of the gradient; empty where none is wanted.
    """
    forward = Factors(forward.operators, forward.indices, [weight.detach() for weight in forward.weights])
    return _convolve(x, plan.encode(), forward.tensors, adjoint.tensors)


@torch.library.custom_op("gaugenet::convolve", mutates_args=())
def _convolve(x: Tensor, plan: Sequence[int], forward: Sequence[Tensor], adjoint: Sequence[Tensor]) -> Tensor:
    shapes = Plan.decode(plan)
    return sweep(x, shapes, Factors.of(forward, shapes))[0]


@_convolve.register_fake
def _(x, plan, forward, adjoint):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape[0], Plan.decode(plan).dim_out)


@torch.library.custom_op("gaugenet::convolve_backward", mutates_args=())
def _convolve_backward(gradient: Tensor, x: Tensor, plan: Sequence[int], adjoint: Sequence[Tensor]) -> list[Tensor]:
    shapes = Plan.decode(plan).adjoint
    x_gradient, gradients = sweep(gradient, shapes, Factors.of(adjoint, shapes), against=x)
    return [x_gradient, *gradients]


@_convolve_backward.register_fake
def _(gradient, x, plan, adjoint):  # type: ignore[no-untyped-def]
    weights = Factors.of(adjoint, Plan.decode(plan).adjoint).weights
    return [torch.empty_like(x), *(torch.empty_like(weight) for weight in weights)]


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    x, ctx.plan, forward, adjoint = inputs
    ctx.many = len(forward)
    ctx.save_for_backward(x, *adjoint)


def _backward(ctx, gradient):  # type: ignore[no-untyped-def]
    x, *adjoint = ctx.saved_tensors
    x_gradient, *gradients = _convolve_backward(gradient, x, ctx.plan, adjoint)
    constant = [None] * (len(adjoint) - len(gradients))
    return x_gradient, None, [None] * ctx.many, [*constant, *gradients]


_convolve.register_autograd(_backward, setup_context=_setup_context)
