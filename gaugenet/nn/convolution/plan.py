"""The shapes of a convolution, and the tensors that features are multiplied with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """Which blocks of features come in and go out, and what leads from one to another.

    Attributes:
        blocks_in: ``(C, size)`` of each block in: channels, and 1 or 2 components.
        blocks_out: ``(C, size)`` of each block out.
        rows: ``rows[a][b]`` moments lead from block a in to block b out.
        back: ``back[b][a]`` moments of gradients lead from block b out back to block a in.
        own: ``own[a][b]`` whether a vertex's own features of block a enter block b, component by component.
    """

    blocks_in: tuple[tuple[int, int], ...]
    blocks_out: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, ...], ...]
    back: tuple[tuple[int, ...], ...]
    own: tuple[tuple[bool, ...], ...]

    @property
    def adjoint(self) -> Plan:
        """The plan of the gradient: outputs in, inputs out."""
        own = tuple(tuple(one[b] for one in self.own) for b in range(len(self.blocks_out)))
        return Plan(self.blocks_out, self.blocks_in, self.back, self.rows, own)

    @property
    def dim_out(self) -> int:
        """Number of columns of the output."""
        return sum(channels * size for channels, size in self.blocks_out)

    def columns(self, b: int) -> tuple[tuple[int, int], ...]:
        """Return how many numbers per vertex enter block ``b`` out: for each block in moments, and own features."""
        return tuple(
            (self.rows[a][b] * channels, size * channels if self.own[a][b] else 0)
            for a, (channels, size) in enumerate(self.blocks_in)
        )

    def encode(self) -> list[int]:
        """Return the plan as numbers, which the operators of PyTorch can pass on."""
        blocks = [number for block in self.blocks_in + self.blocks_out for number in block]
        tables = [number for table in (self.rows, self.back, self.own) for row in table for number in row]
        return [len(self.blocks_in), len(self.blocks_out), *blocks, *map(int, tables)]

    @staticmethod
    def decode(code: Sequence[int]) -> Plan:
        """Read the ``code`` of ``encode``."""
        many_in, many_out, *rest = code
        numbers = iter(rest)
        blocks = [(next(numbers), next(numbers)) for _ in range(many_in + many_out)]
        rows = tuple(tuple(next(numbers) for _ in range(many_out)) for _ in range(many_in))
        back = tuple(tuple(next(numbers) for _ in range(many_in)) for _ in range(many_out))
        own = tuple(tuple(bool(next(numbers)) for _ in range(many_out)) for _ in range(many_in))
        return Plan(tuple(blocks[:many_in]), tuple(blocks[many_in:]), rows, back, own)


@dataclass
class Factors:
    """What features are multiplied with; see ``Stencil`` for the two forms of neighbours and operators.

    Attributes:
        neighbours: A padded list, or the two tensors of an unpadded one.
        operators: For each block in, the matrices from components of neighbours to moments.
        weights: For each block out a matrix ``(columns, dim)``, columns as in ``Plan.columns``.
        bias: ``(dim_out,)`` to start from, or None.
    """

    neighbours: tuple[Tensor, ...] = ()
    operators: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    bias: Tensor | None = None

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors except the bias, as operators of PyTorch take them."""
        return [*self.neighbours, *self.operators, *self.weights]

    @staticmethod
    def of(tensors: Sequence[Tensor], plan: Plan, bias: Tensor | None = None) -> Factors:
        """Read the list of ``tensors``.

        Args:
            tensors: The list.
            plan: Shapes of the convolution.
            bias: The bias, which is not in the list.

        Returns:
            The factors.
        """
        weights = len(tensors) - len(plan.blocks_out)
        operators = weights - len(plan.blocks_in)
        return Factors(tuple(tensors[:operators]), list(tensors[operators:weights]), list(tensors[weights:]), bias)
