"""Counting irreps by characters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from gaugenet.group import Elements, Group, Irrep

Character = Callable[[Elements], Tensor]
Terms = tuple[tuple[int, Irrep], ...]


def hom_dimension(first: Character, second: Character, group: Group, order: int) -> int:
    """Return the dimension of the space of equivariant maps between two real representations: <chi_1, chi_2>.

    Args:
        order: at least the highest order of the irreps in both, by which rotations are sampled where continuous.
    """
    at = group.sampled(order).elements()
    return round(float((first(at) * second(at)).mean()))


def copies(character: Character, irrep: Irrep, group: Group, order: int) -> int:
    """Return how often an irrep occurs: the dimension of the maps between them over that of its commutant."""
    return hom_dimension(character, irrep.character, group, order) // irrep.commutant


def terms_of(character: Character, group: Group, order: int) -> Terms:
    """Return the irreps of a representation, a term for each copy, orders ascending up to ``order``."""
    return tuple((1, irrep) for irrep in group.irreps(order) for _ in range(copies(character, irrep, group, order)))


def character_of(terms: Terms) -> Character:
    """Return the character of a direct sum."""
    return lambda at: sum((m * irrep.character(at) for m, irrep in terms), 0 * at.angle)


def product(terms: Sequence[Terms], group: Group) -> Terms:
    """Return the irreps of a tensor product."""
    factors = [character_of(one) for one in terms]

    def character(at: Elements) -> Tensor:
        value = factors[0](at)
        for factor in factors[1:]:
            value = value * factor(at)
        return value

    return terms_of(character, group, sum(max((i.order for _, i in one), default=0) for one in terms))


def restricted(terms: Terms, group: Group) -> Terms:
    """Return the irreps under a subgroup."""
    return terms_of(character_of(terms), group, max((irrep.order for _, irrep in terms), default=0))


def induced(terms: Terms, subgroup: Group, group: Group) -> Terms:
    """Return the irreps of the representation of a finite group induced from a subgroup, by Frobenius reciprocity."""
    character, found = character_of(terms), []
    for irrep in group.irreps():
        order = max([irrep.order, *(one.order for _, one in terms)])
        count = hom_dimension(character, irrep.character, subgroup, order) // irrep.commutant
        found += [(1, irrep)] * count
    return tuple(found)
