"""Representations as strings, decomposed into irreps by their characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from torch import Tensor

from gaugenet.group import Elements, Group, Irrep

Character = Callable[[Elements], Tensor]
Terms = tuple[tuple[int, Irrep], ...]

_TERM = re.compile(r"(?:(\d+)\s*x\s*)?(.+)")
_IRREP = re.compile(r"(\d+)([eo]?)")
_CALL = re.compile(r"(quotient|restrict|induce)\s*\((.*)\)")


def parse(text: str, group: Group | None = None) -> tuple[Group, Terms]:
    """Read a representation, such as ``"D4: 8x0e + 4x1 + 2xregular"``.

    The name of the group comes first (SO2 if there is none), then terms multiplicity x factor. A factor is an irrep
    (``2``, or ``0e`` and ``0o`` where there are two of an order), ``regular``, ``quotient(H)`` for a subgroup H,
    ``restrict(G: ...)`` from a larger group, ``induce(H: ...)`` from a subgroup, or a tensor product of factors joined
    by ``*``. Factors are decomposed into irreps: one term for each copy of each irrep, orders ascending.

    Args:
        text: String to read.
        group: Group of a string that names none.

    Returns:
        The group, and pairs of multiplicity and irrep.

    Raises:
        ValueError: If the string cannot be read, the group has no such irrep, or the string names another group than
            ``group``.
    """
    head, colon, body = text.partition(":") if "(" not in text.partition(":")[0] else ("", "", text)
    named = Group(head) if colon else group or Group("SO2")
    if group is not None and named != group:
        raise ValueError(f'"{text}" is a representation of {named}, expected one of {group}')
    terms: Terms = ()
    for term in _split(body if colon else text, "+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise _unreadable(term, text)
        times = int(match[1] or 1)
        terms += tuple((times * m, irrep) for m, irrep in _factors(match[2].strip(), named, text))
    return named, terms


def _factors(text: str, group: Group, whole: str) -> Terms:
    factors = [_factor(part.strip(), group, whole) for part in _split(text, "*")]
    return _product(factors, group) if len(factors) > 1 else factors[0]


def _factor(text: str, group: Group, whole: str) -> Terms:
    irrep = _IRREP.fullmatch(text)
    if irrep is not None:
        return ((1, group.irrep(int(irrep[1]), irrep[2])),)
    if text == "regular":
        return _from_invariants(Group("trivial"), group, whole)
    call = _CALL.fullmatch(text)
    if call is None:
        raise _unreadable(text, whole)
    if call[1] == "quotient":
        return _from_invariants(Group(call[2]), group, whole)
    other, terms = parse(call[2])
    if call[1] == "induce":
        return _induced(terms, other, group, whole)
    if not group <= other:
        raise ValueError(f'"{whole}" restricts to {group}, which is not a subgroup of {other}')
    return _terms_of(_character_of(terms), group, _highest(terms))


def _from_invariants(subgroup: Group, group: Group, whole: str) -> Terms:
    return _induced(((1, subgroup.trivial_irrep),), subgroup, group, whole)


def _induced(terms: Terms, subgroup: Group, group: Group, whole: str) -> Terms:
    """Return the irreps of the representation of a finite group induced from a subgroup, by Frobenius reciprocity."""
    if not subgroup <= group or group.rotations is None:
        raise ValueError(f'"{whole}" induces from {subgroup} to {group}: expected a subgroup of a finite group')
    character, found = _character_of(terms), []
    for irrep in group.irreps():
        found += [(1, irrep)] * _copies(character, irrep, subgroup, max(irrep.order, _highest(terms)))
    return tuple(found)


def _product(terms: Sequence[Terms], group: Group) -> Terms:
    """Return the irreps of a tensor product."""
    factors = [_character_of(one) for one in terms]

    def character(at: Elements) -> Tensor:
        value = factors[0](at)
        for factor in factors[1:]:
            value = value * factor(at)
        return value

    return _terms_of(character, group, sum(map(_highest, terms)))


def _character_of(terms: Terms) -> Character:
    return lambda at: sum((m * irrep.character(at) for m, irrep in terms), 0 * at.angle)


def _terms_of(character: Character, group: Group, highest: int) -> Terms:
    """Return the irreps of a representation up to an order, one term for each copy, orders ascending."""
    found = [(1, irrep) for irrep in group.irreps(highest) for _ in range(_copies(character, irrep, group, highest))]
    return tuple(found)


def _copies(character: Character, irrep: Irrep, group: Group, highest: int) -> int:
    """Count an irrep in a real representation with orders up to ``highest``: <chi, chi_irrep> / dim of the commutant.

    The irrep may be one of a larger group.
    """
    at = group.sampled(highest).elements()
    return round(float((character(at) * irrep.character(at)).mean())) // irrep.commutant


def _highest(terms: Terms) -> int:
    return max((irrep.order for _, irrep in terms), default=0)


def _split(text: str, mark: str) -> list[str]:
    """Split at marks outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _unreadable(part: str, whole: str) -> ValueError:
    return ValueError(
        f'cannot read "{part.strip()}" in representation "{whole}": expected terms "multiplicity x order" joined by '
        '"+", such as "16x0 + 8x1"; the name of a group other than SO2 comes first, as in "O2: 8x0e + 4x1" or '
        '"C4: 8xregular"'
    )
