"""The structure group of a bundle, and whether a layer may run on it."""

from __future__ import annotations

from typing import Any

from gaugenet.group import Group
from gaugenet.representation import Representation


def group_of(data: Any) -> Group:
    """Return the structure group of a bundle, single or batched.

    Raises:
        ValueError: for a batch of bundles with different groups.
    """
    named = getattr(data, "group", None) or "SO2"
    if not isinstance(named, str):  # a batch has a list of each mesh
        if len(set(named)) > 1:
            raise ValueError(
                f"a batch needs bundles of one group, got {', '.join(sorted(set(named)))}: batch them apart"
            )
        named = named[0]
    return Group(named)


def check_group(group: Group, rep: Representation, where: str) -> None:
    """Raise ValueError unless transport in a group acts on features of a representation."""
    if not group <= rep.group:
        raise ValueError(
            f"{where} of {rep.group} cannot run on a bundle of {group}, whose transport is not in {rep.group}: make "
            f'the bundle with FrameBundle(group="{rep.group}"), or the layer for {group}'
        )
