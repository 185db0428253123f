"""Changes of gauge: the same bundle written in other frames, and frames fixed up to the elements of a finite group."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements, Group, Irrep
from gaugenet.io.mesh_data import MeshData
from gaugenet.representation import Representation

Bundled = TypeVar("Bundled", bound=Data)
Value = TypeVar("Value")
_EIGENFIELD = re.compile(r"eigenfield_(\d+)([eo]?)_(\d+)")


def change_gauge(
    data: Bundled, at: Elements | Tensor, fields: Mapping[str, Representation | str] | None = None
) -> Bundled:
    """Return a copy of a bundle in frames changed at each vertex by an element h_i of its structure group.

    With components in the new frames h_i^-1 times those in the old,

        x_i -> rho(h_i)^-1 x_i,   theta_ij -> h_i^-1 theta_ij,   g_ij -> h_i^-1 g_ij h_j,

    on all levels: a coarser level uses the frames of its sample vertices. Geometry does not change, only its
    coordinates; eigenfields are rewritten as features are. A rotation turns frames counter-clockwise; a reflection
    reverses e2 and the normal, so that frames stay right-handed.

    Args:
        data: Made by ``FrameBundle`` or ``HomogeneousBundle``, single or batched.
        at: Elements ``(V,)``, or angles ``(V,)`` [rad] of rotations, one for each vertex of the mesh.
        fields: Representations of the features to rewrite, such as ``{"x": "18x0 + 1x2"}``; by default ``x`` with the
            representation that ``InputFields`` recorded in ``x_rep``.

    Raises:
        ValueError: If there is no bundle, or elements have another shape or are not in its structure group.
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
        for key in data.to_dict():
            match = _EIGENFIELD.fullmatch(key)
            if match and int(match[3]) == level:
                irrep = Irrep(int(match[1]), match[2], data[key].shape[1], 1)
                out[key] = irrep.matrix(here.inverse()).to(data[key].dtype) @ data[key]
        level, finer = level + 1, here
    if fields is None:
        fields = {"x": unbatched(data.x_rep)} if data.get("x_rep") is not None else {}
    for key, rep in fields.items():
        out[key] = Representation(rep).act(data[key], at.inverse())
    return out


def transport(data: Data, level: int, kind: str = "") -> Elements:
    """Return the transport of a level's edges, or of the pairs from the next finer level.

    Args:
        data: Bundle, single or batched.
        level: Number of the level.
        kind: "" for edges, "pool_" for pairs.
    """
    return Elements.of(data[f"{kind}transport_{level}"], getattr(data, f"{kind}flip_{level}", None))


def set_transport(data: Data, level: int, at: Elements, kind: str = "") -> None:
    """Write the transport of a level; whether it reflects, only where that has been recorded before.

    Args:
        data: Bundle to change.
        level: Number of the level.
        at: Elements ``(E,)``.
        kind: "" for edges, "pool_" for pairs from the next finer level.
    """
    data[f"{kind}transport_{level}"] = at.angle
    if f"{kind}flip_{level}" in data:
        data[f"{kind}flip_{level}"] = at.flip


def unbatched(value: Value | list[Value]) -> Value:
    """Return a value that is no tensor, of a single mesh or of the first mesh of a batch.

    Args:
        value: The value, or the list of values of a batch.
    """
    return value[0] if isinstance(value, list) else value


def group_on(data: Data, group: Group | None, name: str) -> Group:
    """Return the group in which a transform writes fields on a single bundle.

    Args:
        data: The bundle.
        group: Group that was asked for; that of the bundle when None.
        name: Class of the transform, for messages.

    Raises:
        ValueError: For a batch, or a bundle that is not of the group.
    """
    if getattr(data, "batch", None) is not None:
        raise ValueError(f"{name} needs a single mesh, got a batch: apply it before batching")
    of_bundle = Group(getattr(data, "group", "SO2"))
    if group is not None and not of_bundle <= group:
        raise ValueError(
            f'{name}(group="{group}") needs a bundle of {group}, got one of {of_bundle}: name the same group for both'
        )
    return group or of_bundle


def reduce_group(data: MeshData, group: Group, angle: Tensor) -> MeshData:
    """Return a bundle of SO(2) or O(2) with its frames turned by ``angle`` and its transport in a finite group K.

    After the turn transport is g_ij = R(t) F^s, with R(t) in K times a rest of at most half a step, pi / N: how far the
    direction field turns, against the connection, along the edge. Features are transported only by the nearest element
    of K. The root mean square of the rests of level 0 is kept as ``rest (1,)`` [rad]: 0 where the connection has values
    in K.

    Args:
        data: Single bundle of the group SO2 or O2.
        group: A finite subgroup of that.
        angle: ``(V,)`` [rad] of one of the directions in the frame of each vertex.
    """
    out, level = change_gauge(data, angle), 0
    while f"edge_index_{level}" in out:
        for kind in ("", "pool_") if level else ("",):
            at = transport(out, level, kind)
            nearest = group.nearest(at)
            if level == 0:
                out.rest = (nearest.angle - at.angle).square().mean().nan_to_num().sqrt()[None]
            if not kind:
                nearest = _both_ways(nearest, *out[f"edge_index_{level}"])
            turn = nearest.angle / (2 * math.pi)
            set_transport(out, level, Elements(2 * math.pi * (turn - turn.round()), nearest.flip), kind)
        level += 1
    out.group = str(group)
    return out


def _both_ways(at: Elements, source: Tensor, target: Tensor) -> Elements:
    """Return transport with g_ij = g_ji^-1: of an edge and its reverse only one decides where the nearest tie."""
    if not len(source):
        return at
    reverse = torch.argsort(source * (target.max() + 1) + target)  # edges are sorted by target, then by source
    back, ahead = at[reverse].inverse(), source < target
    return Elements(torch.where(ahead, at.angle, back.angle), torch.where(ahead, at.flip, back.flip))


def _check_inside(at: Elements, group: Group) -> None:
    nearest = group.nearest(at)
    gap = 0.0 if nearest is at or not at.angle.numel() else float((nearest.angle - at.angle).abs().max())
    if gap > 1e-6:
        raise ValueError(
            f"frames of a bundle of {group} can change only by elements of {group}, got angles up to {gap:.3g} from "
            "them: draw elements with Group.random"
        )
