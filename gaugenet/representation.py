"""Representations of SO(2): direct sums of irreps with multiplicities, written as strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

_TERM = re.compile(r"(?:(\d+)\s*x\s*)?(\d+)")


@dataclass(frozen=True)
class Block:
    """A run of equal irreps inside a representation.

    Attributes:
        multiplicity: number of copies (channels) C. order: n >= 0 of the irrep.
        dim: C for order 0, 2 C otherwise. columns: where the block lies in the last axis of a feature tensor.
    """

    multiplicity: int
    order: int
    columns: slice

    @property
    def dim(self) -> int:
        return self.columns.stop - self.columns.start

    @property
    def size(self) -> int:
        """Dimension of one copy: 1 or 2."""
        return 1 if self.order == 0 else 2


@dataclass(frozen=True)
class Representation:
    """A real representation of SO(2), written ``"16x0 + 16x1 + 8x2"``: multiplicity x order.

    Order 0 is invariant; order n >= 1 is a pair (Re, Im) that a rotation by ``alpha`` turns by ``n alpha``. Features
    are flat, ``(..., dim)``. Within a block of C copies all real parts come first, then all imaginary parts: a block is
    ``(2, C)``, channels contiguous. ``+`` concatenates, as ``torch.cat`` along the last axis does to features.

    Raises:
        ValueError: for a string or terms outside the grammar.
    """

    terms: tuple[tuple[int, int], ...]

    def __init__(self, terms: str | Representation | tuple[tuple[int, int], ...]) -> None:
        if isinstance(terms, Representation):
            terms = terms.terms
        if isinstance(terms, str):
            terms = _parse(terms)
        for multiplicity, order in terms:
            if multiplicity < 0 or order < 0:
                raise ValueError(f"multiplicities and orders must be >= 0, got {multiplicity}x{order}")
        object.__setattr__(self, "terms", tuple((m, n) for m, n in terms if m > 0))

    @property
    def blocks(self) -> tuple[Block, ...]:
        blocks, start = [], 0
        for multiplicity, order in self.terms:
            stop = start + multiplicity * (1 if order == 0 else 2)
            blocks.append(Block(multiplicity, order, slice(start, stop)))
            start = stop
        return tuple(blocks)

    @property
    def dim(self) -> int:
        """Length of the last axis of a feature tensor."""
        return sum(block.dim for block in self.blocks)

    @property
    def orders(self) -> tuple[int, ...]:
        """The distinct orders, ascending."""
        return tuple(sorted({order for _, order in self.terms}))

    def multiplicity(self, order: int) -> int:
        """Count the copies of an order over all blocks."""
        return sum(m for m, n in self.terms if n == order)

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __add__(self, other: Representation | str) -> Representation:
        return Representation(self.terms + Representation(other).terms)

    def __mul__(self, times: int) -> Representation:
        """Multiply every multiplicity."""
        return Representation(tuple((m * times, n) for m, n in self.terms))

    __rmul__ = __mul__

    def __str__(self) -> str:
        return " + ".join(f"{m}x{n}" for m, n in self.terms) or "0x0"

    def __repr__(self) -> str:
        return f'Representation("{self}")'

    def matrix(self, angle: Tensor) -> Tensor:
        """Return rho(angle) as ``(..., dim, dim)`` matrices; ``angle (...)`` [rad]."""
        parts = []
        for block in self.blocks:
            eye = torch.eye(block.multiplicity, dtype=angle.dtype, device=angle.device)
            cos, sin = torch.cos(block.order * angle), torch.sin(block.order * angle)
            turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
            turn = turn[..., : block.size, : block.size]
            kron = turn[..., :, None, :, None] * eye[:, None, :]
            parts.append(kron.reshape(*angle.shape, block.dim, block.dim))
        out = angle.new_zeros(*angle.shape, self.dim, self.dim)
        for block, part in zip(self.blocks, parts, strict=True):
            out[..., block.columns, block.columns] = part
        return out

    def rotate(self, x: Tensor, angle: Tensor) -> Tensor:
        """Apply rho(angle) to features: ``x (..., dim)``, ``angle (...)`` [rad], result ``(..., dim)``.

        Raises:
            ValueError: where the last axis of ``x`` is not ``dim``.
        """
        self.check(x, "Representation.rotate")
        parts = [x[..., :0]]
        for block, z in zip(self.blocks, self.split(x), strict=True):
            if block.order == 0:
                parts.append(z)
                continue
            cos = torch.cos(block.order * angle).to(x.dtype)[..., None]
            sin = torch.sin(block.order * angle).to(x.dtype)[..., None]
            re, im = z[..., : block.multiplicity], z[..., block.multiplicity :]
            parts += [cos * re - sin * im, sin * re + cos * im]
        return torch.cat(parts, dim=-1)

    def split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return views of features ``(..., dim)``, one ``(..., block.dim)`` for each block."""
        return x.split([block.dim for block in self.blocks], dim=-1) if self.terms else ()

    def randn(self, *shape: int, generator: torch.Generator | None = None, dtype: torch.dtype | None = None) -> Tensor:
        """Return standard normal features ``(*shape, dim)``."""
        return torch.randn(*shape, self.dim, generator=generator, dtype=dtype)

    def check(self, x: Tensor, where: str) -> None:
        """Raise ValueError unless the last axis of ``x`` has length ``dim``."""
        if x.shape[-1] != self.dim:
            raise ValueError(
                f"{where} expects features of representation {self} (last axis {self.dim}), got shape "
                f"{tuple(x.shape)}: change the representation or the features"
            )


def _parse(text: str) -> tuple[tuple[int, int], ...]:
    terms = []
    for term in text.split("+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise ValueError(
                f'cannot read "{term.strip()}" in representation "{text}": expected terms "multiplicity x order" '
                'joined by "+", such as "16x0 + 8x1"'
            )
        terms.append((int(match[1] or 1), int(match[2])))
    return tuple(terms)
