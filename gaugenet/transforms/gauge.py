"""Changes of gauge: the same bundle written in other frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements, Group, Irrep
from gaugenet.representation import Representation

_EIGENFIELD = re.compile(r"eigenfield_(\d+)([eo]?)_(\d+)")


def change_gauge(data: Data, at: Elements | Tensor, fields: Mapping[str, Representation | str] | None = None) -> Any:
    """Return a copy of a bundle in frames changed at each vertex by an element h_i of its structure group.

    With components in the new frames h_i^-1 times those in the old,

        x_i -> rho(h_i)^-1 x_i,   theta_ij -> h_i^-1 theta_ij,   g_ij -> h_i^-1 g_ij h_j,

    on all levels: a coarser level uses the frames of its sample vertices. Geometry does not change, only its
    coordinates; eigenfields are rewritten as features are. A rotation turns frames counter-clockwise; a reflection
    turns e2 and the normal round, so that frames stay right-handed.

    Args:
        data: made by ``FrameBundle``, single or batched.
        at: elements ``(V,)``, or angles ``(V,)`` [rad] of rotations, one a vertex of the mesh.
        fields: representations of the features to rewrite, such as ``{"x": "18x0 + 1x2"}``; by default ``x`` with the
            representation that ``InputFields`` recorded in ``x_rep``.

    Raises:
        ValueError: where there is no bundle, or elements have the wrong shape or are not in its structure group.
    """
    if getattr(data, "frame", None) is None:
        raise ValueError("change_gauge needs a bundle (no frame): apply gaugenet.FrameBundle first")
    at = at if isinstance(at, Elements) else Elements.rotations(at)
    if at.angle.shape != (data.frame.shape[0],):
        raise ValueError(f"angle must have shape ({data.frame.shape[0]},), one a vertex, got {tuple(at.angle.shape)}")
    _check_inside(at, Group(unbatched(getattr(data, "group", "SO2"))))
    out = data.clone()
    cos, sin, sign = torch.cos(at.angle)[:, None], torch.sin(at.angle)[:, None], at.sign[:, None]
    e1, e2, normal = data.frame.unbind(1)
    out.frame = torch.stack([cos * e1 + sin * e2, sign * (cos * e2 - sin * e1), sign * normal], dim=1)
    level, finer = 0, at
    while f"edge_index_{level}" in data:
        here = at if level == 0 else at[data[f"sample_index_{level}"]]
        source, target = data[f"edge_index_{level}"]
        log, back = data[f"log_{level}"], here.inverse()[target]
        out[f"log_{level}"] = torch.stack([log[:, 0], back.angle + back.sign * log[:, 1]], dim=1)
        set_transport(out, level, back @ transport(data, level) @ here[source])
        if level > 0:
            fine, coarse = data[f"pool_index_{level}"]
            moved = here.inverse()[coarse] @ transport(data, level, "pool_") @ finer[fine]
            set_transport(out, level, moved, "pool_")
        for key, (order, parity) in _eigenfields(data, level):
            rho = Irrep(order, parity, data[key].shape[1], 1).matrix(here.inverse()).to(data[key].dtype)
            out[key] = rho @ data[key]
        level, finer = level + 1, here
    for key, rep in (fields if fields is not None else _recorded(data)).items():
        out[key] = Representation(rep).act(data[key], at.inverse())
    return out


def transport(data: Data, level: int, kind: str = "") -> Elements:
    """Return the transport of a level's edges, or with ``kind`` "pool_" that of the pairs from the next finer level."""
    return Elements.of(data[f"{kind}transport_{level}"], getattr(data, f"{kind}flip_{level}", None))


def set_transport(data: Data, level: int, at: Elements, kind: str = "") -> None:
    """Write the transport of a level; whether it reflects where that has been recorded before."""
    data[f"{kind}transport_{level}"] = at.angle
    if f"{kind}flip_{level}" in data:
        data[f"{kind}flip_{level}"] = at.flip


def unbatched(value: Any) -> Any:
    """Return a value of a mesh that is no tensor, or of the first mesh of a batch, which lists them."""
    return value[0] if isinstance(value, list) else value


def _eigenfields(data: Data, level: int) -> Iterator[tuple[str, tuple[int, str]]]:
    """Give the keys of the eigenfields of a level, and order and parity of their irreps."""
    for key in data.to_dict():
        match = _EIGENFIELD.fullmatch(key)
        if match and int(match[3]) == level:
            yield key, (int(match[1]), match[2])


def _check_inside(at: Elements, group: Group) -> None:
    nearest = group.nearest(at)
    gap = 0.0 if nearest is at or not at.angle.numel() else float((nearest.angle - at.angle).abs().max())
    if gap > 1e-6:
        raise ValueError(
            f"frames of a bundle of {group} can change by elements of {group} alone, got angles up to {gap:.3g} from "
            "them: draw elements with Group.random"
        )


def _recorded(data: Data) -> dict[str, str]:
    rep = getattr(data, "x_rep", None)
    return {} if rep is None else {"x": unbatched(rep)}
