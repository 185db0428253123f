"""The shapes of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Which blocks of features come in and go out, and what leads from one to another.

    Attributes:
        blocks_in, blocks_out: ``(C, size)`` of each block: channels, and 1 or 2 components.
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
        """Return of how many numbers a vertex block b out is made: for each block in moments, and own features."""
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
        """Read what ``encode`` wrote."""
        many_in, many_out, *rest = code
        numbers = iter(rest)
        blocks = [(next(numbers), next(numbers)) for _ in range(many_in + many_out)]
        rows = tuple(tuple(next(numbers) for _ in range(many_out)) for _ in range(many_in))
        back = tuple(tuple(next(numbers) for _ in range(many_in)) for _ in range(many_out))
        own = tuple(tuple(bool(next(numbers)) for _ in range(many_out)) for _ in range(many_in))
        return Plan(tuple(blocks[:many_in]), tuple(blocks[many_in:]), rows, back, own)
