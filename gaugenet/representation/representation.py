"""Representations of a structure group: direct sums of irreps with multiplicities, written as strings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.representation.grammar import Terms, parse


@dataclass(frozen=True)
class Block:
    """A run of equal irreps inside a representation.

    Attributes:
        multiplicity: Number of copies (channels) C.
        irrep: Irrep of each copy.
        columns: Position of the block in the last axis of a feature tensor.
    """

    multiplicity: int
    irrep: Irrep
    columns: slice

    @property
    def dim(self) -> int:
        """Number of columns, C times the size of a copy."""
        return self.columns.stop - self.columns.start

    @property
    def order(self) -> int:
        """Order n of the irrep: a rotation by alpha turns a copy by n alpha."""
        return self.irrep.order

    @property
    def size(self) -> int:
        """Dimension of one copy: 1 or 2."""
        return self.irrep.size

    @property
    def invariant(self) -> bool:
        """Whether the copies are the same in every frame."""
        return self.irrep.trivial


@dataclass(frozen=True)
class Representation:
    """A real representation of a structure group, written ``"16x0 + 16x1 + 8x2"``: multiplicity x order.

    The name of a group other than SO(2) comes first: ``"O2: 8x0e + 4x0o + 8x1"``, ``"C4: 8xregular"``;
    ``grammar.parse`` documents the full grammar. Order 0 is invariant (for O(2), "0e"; "0o" changes sign under
    reflections). Order n >= 1 is a pair (Re, Im): a rotation by ``alpha`` turns it by ``n alpha``, a reflection F
    conjugates it. Features are flat, ``(..., dim)``. A block of C copies of a pair is ``(2, C)``, channels contiguous:
    all real parts, then all imaginary parts. ``+`` concatenates, like ``torch.cat`` of features along the last axis.

    Args:
        terms: String, or pairs (multiplicity, irrep). An order may replace the only irrep of its order.
        group: Group, if the terms do not name one; SO2 by default.

    Attributes:
        terms: Pairs (multiplicity, irrep).
        group: Structure group.

    Raises:
        ValueError: If a string cannot be read, a multiplicity is negative, or the group has no such irrep.
    """

    terms: Terms
    group: Group

    def __init__(
        self, terms: str | Representation | Sequence[tuple[int, int | Irrep]], group: Group | str | None = None
    ) -> None:
        group = None if group is None else Group(group)
        if isinstance(terms, Representation):
            if group not in (None, terms.group):
                raise ValueError(f'"{terms}" is a representation of {terms.group}, expected one of {group}')
            group, terms = terms.group, terms.terms
        elif isinstance(terms, str):
            group, terms = parse(terms, group)
        group = group or Group("SO2")
        found = []
        for multiplicity, irrep in terms:
            if multiplicity < 0:
                raise ValueError(f"multiplicities must be >= 0, got {multiplicity}x{irrep}")
            order, parity = (irrep, "") if isinstance(irrep, int) else (irrep.order, irrep.parity)
            if multiplicity > 0:
                found.append((multiplicity, group.irrep(order, parity)))
        object.__setattr__(self, "terms", tuple(found))
        object.__setattr__(self, "group", group)

    @staticmethod
    def invariants(count: int, group: Group | str = "SO2") -> Representation:
        """Return the representation of numbers that are the same in every frame.

        Args:
            count: How many numbers.
            group: Structure group.
        """
        return Representation(((count, Group(group).trivial_irrep),), group)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, one for each term."""
        blocks, start = [], 0
        for multiplicity, irrep in self.terms:
            stop = start + multiplicity * irrep.size
            blocks.append(Block(multiplicity, irrep, slice(start, stop)))
            start = stop
        return tuple(blocks)

    @property
    def dim(self) -> int:
        """Length of the last axis of a feature tensor."""
        return sum(block.dim for block in self.blocks)

    @property
    def orders(self) -> tuple[int, ...]:
        """The distinct orders, ascending."""
        return tuple(sorted({irrep.order for _, irrep in self.terms}))

    @property
    def irreps(self) -> tuple[Irrep, ...]:
        """The distinct irreps, in order of first occurrence."""
        return tuple(dict.fromkeys(irrep for _, irrep in self.terms))

    def multiplicity(self, irrep: int | Irrep) -> int:
        """Count the copies of an irrep over all blocks.

        Args:
            irrep: An irrep, or an order for all irreps of that order.
        """
        return sum(m for m, one in self.terms if irrep in (one, one.order))

    @property
    def num_invariants(self) -> int:
        """Number of copies that are the same in every frame."""
        return self.multiplicity(self.group.trivial_irrep)

    @property
    def invariant(self) -> bool:
        """Whether all copies are the same in every frame."""
        return all(irrep.trivial for _, irrep in self.terms)

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __add__(self, other: Representation | str) -> Representation:
        return Representation(self.terms + Representation(other, self.group).terms, self.group)

    def __mul__(self, times: int) -> Representation:
        """Multiply every multiplicity."""
        return Representation(tuple((m * times, irrep) for m, irrep in self.terms), self.group)

    __rmul__ = __mul__

    def __str__(self) -> str:
        terms = " + ".join(f"{m}x{irrep}" for m, irrep in self.terms) or f"0x{self.group.trivial_irrep}"
        return terms if str(self.group) == "SO2" else f"{self.group}: {terms}"

    def __repr__(self) -> str:
        return f'Representation("{self}")'

    def matrix(self, at: Elements | Tensor) -> Tensor:
        """Return the matrices rho(g).

        Args:
            at: Elements g ``(...)``, or angles of rotations ``(...)`` [rad].

        Returns:
            Matrices ``(..., dim, dim)``.
        """
        at = _elements(at)
        out = at.angle.new_zeros(*at.angle.shape, self.dim, self.dim)
        for block in self.blocks:
            eye = torch.eye(block.multiplicity, dtype=at.angle.dtype, device=at.angle.device)
            kron = block.irrep.matrix(at)[..., :, None, :, None] * eye[:, None, :]
            out[..., block.columns, block.columns] = kron.reshape(*at.angle.shape, block.dim, block.dim)
        return out

    def act(self, x: Tensor, at: Elements | Tensor) -> Tensor:
        """Apply rho(g) to features.

        Args:
            x: Features ``(..., dim)``.
            at: Elements g ``(...)``, or angles of rotations ``(...)`` [rad].

        Returns:
            Features ``(..., dim)``.

        Raises:
            ValueError: If the last axis of ``x`` does not have length ``dim``.
        """
        self.check(x, "Representation.act")
        at = _elements(at)
        parts = [x[..., :0]]
        for block, z in zip(self.blocks, self.split(x), strict=True):
            if block.invariant:
                parts.append(z)
                continue
            rho = block.irrep.matrix(at).to(x.dtype)[..., None]
            pair = z.unflatten(-1, (1, block.size, block.multiplicity))
            parts.append((rho * pair).sum(-2).flatten(-2))
        return torch.cat(parts, dim=-1)

    def split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return a view of the features of each block.

        Args:
            x: Features ``(..., dim)``.

        Returns:
            One view ``(..., block.dim)`` for each block.
        """
        return x.split([block.dim for block in self.blocks], dim=-1) if self.terms else ()

    def invariant_part(self, x: Tensor) -> Tensor:
        """Return the features that are the same in every frame.

        Args:
            x: Features ``(..., dim)``.

        Returns:
            Features ``(..., num_invariants)``.
        """
        parts = [z for block, z in zip(self.blocks, self.split(x), strict=True) if block.invariant]
        return torch.cat([x[..., :0], *parts], dim=-1)

    def from_invariants(self, x: Tensor) -> Tensor:
        """Return features with given invariants and zeros elsewhere; the opposite of ``invariant_part``.

        Args:
            x: Invariants ``(..., num_invariants)``.

        Returns:
            Features ``(..., dim)``.
        """
        parts, start = [x[..., :0]], 0
        for block in self.blocks:
            stop = start + block.dim if block.invariant else start
            parts.append(x[..., start:stop] if block.invariant else x.new_zeros(*x.shape[:-1], block.dim))
            start = stop
        return torch.cat(parts, dim=-1)

    def randn(self, *shape: int, generator: torch.Generator | None = None, dtype: torch.dtype | None = None) -> Tensor:
        """Return standard normal features.

        Args:
            *shape: Leading dimensions.
            generator: Source of randomness.
            dtype: Precision; by default that of torch.

        Returns:
            Features ``(*shape, dim)``.
        """
        return torch.randn(*shape, self.dim, generator=generator, dtype=dtype)

    def check(self, x: Tensor, where: str) -> None:
        """Check that features fit this representation.

        Args:
            x: Features ``(..., dim)``.
            where: Name of the caller, for the message.

        Raises:
            ValueError: If the last axis of ``x`` does not have length ``dim``.
        """
        if x.shape[-1] != self.dim:
            raise ValueError(
                f"{where} expects features of representation {self} (last axis {self.dim}), got shape "
                f"{tuple(x.shape)}: change the representation or the features"
            )


def _elements(at: Elements | Tensor) -> Elements:
    return at if isinstance(at, Elements) else Elements.rotations(at)
