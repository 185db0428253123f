"""Scores of meshes larger than memory allows, patch by patch, equal to those of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.io.mesh_data import MeshData
from gaugenet.models.evaluating import evaluating
from gaugenet.models.vertex_net import VertexNet
from gaugenet.nn import Diffusion, ImplicitDiffusion, Level, MessageConv
from gaugenet.nn.convolution.learned_kernel import LearnedKernel

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class Patch:
    """A part of a mesh on which scores are right, with a halo as wide as the network looks.

    Attributes:
        core: ``(n,)`` vertices to be scored. member: ``(m,)`` core and halo, ascending.
        edge: edges of level 0 among them, ascending: all those that the scores of the core depend on.
    """

    core: Tensor
    member: Tensor
    edge: Tensor


def scores_in_patches(net: VertexNet, data: Data, limit: int, progress: Progress | None = None) -> Any:
    """Return what ``net(data)`` returns in evaluation, up to rounding, with at most ``limit`` vertices at a time.

    A network with levels meets the full mesh only vertex by vertex, and where it hands features to the first level and
    back: these parts go patch by patch, the levels whole. A network without levels runs on patches with their halos.

    Args:
        data: a single mesh as ``net.transform`` makes it. limit: vertices of a patch, its halo included.
        progress: wraps the patches, with what is done and their number.

    Raises:
        ValueError: a halo alone exceeds the limit.
    """
    show = progress or (lambda items, _text, _total: items)
    with evaluating(net):
        return net.outputs((_by_levels if net.first else _by_halos)(net, data, limit, show), data)


def _by_levels(net: VertexNet, data: Data, limit: int, show: Progress) -> Tensor:
    x, fine = net.inputs(data), Level.of(data, 1)
    parts = [slice(start, min(start + limit, len(x))) for start in range(0, len(x), limit)]
    pooled = x.new_zeros(fine.num_vertices, x.shape[1])
    for part in show(parts, "pool", len(parts)):
        pooled += net.enter_pool(x[part], fine.part(part))
    y = net.trunk(pooled, data)
    scores = [
        net.head_scores(net.leave_unpool(y, fine.part(part)), x[part]) for part in show(parts, "score", len(parts))
    ]
    return torch.cat(scores)


def _by_halos(net: VertexNet, data: Data, limit: int, show: Progress) -> Tensor:
    x = net.inputs(data)
    patches = list(split_mesh(data, _hops(net), limit))
    scores = []
    for patch in show(patches, "score", len(patches)):
        y = net.head_scores(net.trunk(x[patch.member], _part_of(data, patch)), x[patch.member])
        scores.append(y[torch.searchsorted(patch.member, patch.core)])
    vertex = torch.cat(scores)
    return torch.empty_like(vertex).index_copy_(0, torch.cat([patch.core for patch in patches]), vertex)


def _hops(net: VertexNet) -> int:
    """Return over how many edges a network without levels looks, at most."""
    layers = list(net.modules())
    if any(isinstance(layer, Diffusion | ImplicitDiffusion) for layer in layers):
        raise ValueError("diffusion looks over the whole mesh, which no patch holds: use a network with levels")
    return sum(isinstance(layer, LearnedKernel | MessageConv) for layer in layers)


def split_mesh(data: Data, hops: int, limit: int) -> Iterator[Patch]:
    """Split a mesh at medians along its widest axis until every patch with its halo of ``hops`` edges fits the limit.

    Raises:
        ValueError: the halo of a few vertices exceeds the limit.
    """
    source, target = data.edge_index_0
    begin = torch.searchsorted(target, torch.arange(len(data.pos) + 1, device=target.device))
    waiting = [torch.arange(len(data.pos), device=target.device)]
    while waiting:
        core = waiting.pop()
        member = torch.zeros(len(data.pos), dtype=torch.bool, device=target.device)
        member[core] = True
        frontier, edges = core, []
        for _ in range(hops):
            if len(core) > limit:
                break
            here = _edges_into(frontier, begin)
            edges.append(here)
            reached = torch.unique(source[here])
            frontier = reached[~member[reached]]
            member[frontier] = True
        count = int(member.sum())
        if count <= limit:
            edge = torch.cat(edges).sort().values if edges else target[:0]
            yield Patch(core, member.nonzero()[:, 0], edge)
            continue
        if len(core) < 64:
            raise ValueError(
                f"{len(core)} vertices and their halo of {hops} edges are {count} vertices, over the limit of {limit}: "
                "allow more memory, or use a network with levels"
            )
        place = data.pos[core]
        axis = int((place.amax(0) - place.amin(0)).argmax())
        order = torch.argsort(place[:, axis], stable=True)
        waiting += [core[order[len(core) // 2 :]].sort().values, core[order[: len(core) // 2]].sort().values]


def _edges_into(vertex: Tensor, begin: Tensor) -> Tensor:
    """Return the numbers of all edges that reach the vertices."""
    first, count = begin[vertex], begin[vertex + 1] - begin[vertex]
    before = torch.repeat_interleave(count.cumsum(0) - count, count)
    return torch.repeat_interleave(first, count) + torch.arange(len(before), device=vertex.device) - before


def _part_of(data: Data, patch: Patch) -> MeshData:
    source, target = torch.searchsorted(patch.member, data.edge_index_0[:, patch.edge])
    names = [f"{name}_0" for name in ("log", "transport", "weight", "flip") if f"{name}_0" in data]
    values = {name: data[name][patch.edge] for name in names} | {"area_0": data.area_0[patch.member]}
    edge_index = torch.stack([source, target])
    return MeshData(edge_index_0=edge_index, radius_0=data.radius_0, group=data.get("group"), **values)
