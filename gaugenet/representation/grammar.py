"""Representations as strings."""

from __future__ import annotations

import re

from gaugenet.group import Group
from gaugenet.representation import characters
from gaugenet.representation.characters import Terms

_TERM = re.compile(r"(?:(\d+)\s*x\s*)?(.+)")
_IRREP = re.compile(r"(\d+)([eo]?)")
_CALL = re.compile(r"(quotient|restrict|induce)\s*\((.*)\)")


def parse(text: str, group: Group | None = None) -> tuple[Group, Terms]:
    """Read ``"D4: 8x0e + 4x1 + 2xregular"``: a group, SO2 where none stands, and terms multiplicity x factor.

    A factor is an irrep (``2``, or ``0e``, ``0o`` where there are two of an order), ``regular``, ``quotient(H)`` for a
    subgroup H, ``restrict(G: ...)`` from a larger group, ``induce(H: ...)`` from a subgroup, or a tensor product of
    factors joined by ``*``. All decompose into irreps: there is a term for each copy of each, orders ascending.

    Args:
        group: of a string that names none.

    Raises:
        ValueError: what cannot be read, with the part that cannot; irreps that the group does not have; another group
            than ``group``.
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
    parts = _split(text, "*")
    if len(parts) > 1:
        return characters.product([_factor(part.strip(), group, whole) for part in parts], group)
    return _factor(text, group, whole)


def _factor(text: str, group: Group, whole: str) -> Terms:
    irrep = _IRREP.fullmatch(text)
    if irrep is not None:
        return ((1, group.irrep(int(irrep[1]), irrep[2])),)
    if text == "regular":
        return _from_subgroup(Group("trivial"), "0", group, whole)
    call = _CALL.fullmatch(text)
    if call is None:
        raise _unreadable(text, whole)
    if call[1] == "quotient":
        subgroup = Group(call[2])
        return _from_subgroup(subgroup, str(subgroup.trivial_irrep), group, whole)
    other, terms = parse(call[2])
    if call[1] == "induce":
        return _induced(terms, other, group, whole)
    if not group <= other:
        raise ValueError(f'"{whole}" restricts to {group}, which is no subgroup of {other}')
    return characters.restricted(terms, group)


def _from_subgroup(subgroup: Group, irrep: str, group: Group, whole: str) -> Terms:
    return _induced(parse(irrep, subgroup)[1], subgroup, group, whole)


def _induced(terms: Terms, subgroup: Group, group: Group, whole: str) -> Terms:
    if not subgroup <= group or group.rotations is None:
        raise ValueError(f'"{whole}" induces from {subgroup} to {group}: expected a subgroup of a finite group')
    return characters.induced(terms, subgroup, group)


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
        '"+", such as "16x0 + 8x1", for other groups than SO2 after their name, such as "O2: 8x0e + 4x1" or '
        '"C4: 8xregular"'
    )
