"""Scores of meshes larger than memory allows, patch by patch, equal to those of the whole; the size of patches."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.io.mesh_data import MeshData
from gaugenet.models.gauge_trunk import GaugeTrunk
from gaugenet.models.network import Network, Output, evaluating
from gaugenet.models.unet import VertexReadout
from gaugenet.nn import Diffusion, GaugeConv, ImplicitDiffusion, Level, MessageConv
from gaugenet.nn.edge_frame import Reading

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]

_SPARE = 2 * 10**8  # for what is not counted [bytes]


@dataclass(frozen=True)
class Patch:
    """A part of a mesh on which scores are exact, with a halo as wide as the receptive field of the network.

    Attributes:
        core: ``(n,)`` vertices to be scored.
        member: ``(m,)`` vertices of core and halo, ascending.
        edge: Edges of level 0 among them, ascending: all those that the scores of the core depend on.
    """

    core: Tensor
    member: Tensor
    edge: Tensor


def scores_in_patches(net: Network[Output], data: Data, limit: int, progress: Progress | None = None) -> Output:
    """Return what ``net(data)`` returns in evaluation mode, up to rounding, with at most ``limit`` vertices at a time.

    A network with levels meets the full mesh only vertex by vertex, and where it hands features to the first level and
    back: these parts go patch by patch, the levels whole. A network without levels runs on patches with their halos.

    Args:
        net: A network with a ``GaugeTrunk`` and an output at vertices or faces.
        data: A single mesh as ``net.transform`` makes it.
        limit: Largest number of vertices of a patch, its halo included.
        progress: Wraps the patches, with what is done and their number.

    Raises:
        ValueError: If a halo exceeds the limit.
        TypeError: For a network without such a trunk or output.
    """
    trunk, readout = _parts(net)
    show = progress or (lambda items, _text, _total: items)
    with evaluating(net):
        values = (_by_levels if trunk.first else _by_halos)(trunk, readout, data, limit, show)
        return net.outputs(values, data)


def _parts(net: Network[Output]) -> tuple[GaugeTrunk, VertexReadout]:
    trunk, readout = net.trunk, net.readout
    if not isinstance(trunk, GaugeTrunk) or not isinstance(readout, VertexReadout):
        raise TypeError(
            f"patches need a network with a GaugeTrunk and an output at vertices or faces, got a {type(net).__name__} "
            f"with a {type(trunk).__name__}: run it on the whole"
        )
    return trunk, readout


def _by_levels(trunk: GaugeTrunk, readout: VertexReadout, data: Data, limit: int, show: Progress) -> Tensor:
    x, fine = trunk.inputs(data), Level.of(data, 1).map
    parts = [slice(start, min(start + limit, len(x))) for start in range(0, len(x), limit)]
    pooled = x.new_zeros(fine.num_coarse, x.shape[1])
    for part in show(parts, "pool", len(parts)):
        pooled += trunk.enter_pool(x[part], fine.part(part))
    y = readout.lower(trunk.unet(trunk.enter(pooled), data))
    values = [readout.upper(readout.unpool(y, fine.part(part)), x[part]) for part in show(parts, "score", len(parts))]
    return torch.cat(values)


def _by_halos(trunk: GaugeTrunk, readout: VertexReadout, data: Data, limit: int, show: Progress) -> Tensor:
    x = trunk.inputs(data)
    patches = list(split_mesh(data, _hops(trunk), limit))
    values = []
    for patch in show(patches, "score", len(patches)):
        y = readout.lower(trunk.unet(trunk.enter(x[patch.member]), _part_of(data, patch)))
        y = readout.upper(y, x[patch.member])
        values.append(y[torch.searchsorted(patch.member, patch.core)])
    vertex = torch.cat(values)
    return torch.empty_like(vertex).index_copy_(0, torch.cat([patch.core for patch in patches]), vertex)


def _hops(trunk: GaugeTrunk) -> int:
    """Return the receptive field of a trunk without levels, in edges, at most."""
    layers = list(trunk.modules())
    if any(isinstance(layer, Diffusion | ImplicitDiffusion) for layer in layers):
        raise ValueError("diffusion looks over the whole mesh, which no patch holds: use a network with levels")
    return sum(isinstance(layer, GaugeConv | MessageConv) for layer in layers)


def split_mesh(data: Data, hops: int, limit: int) -> Iterator[Patch]:
    """Split a mesh at medians along its widest axis until every patch with its halo fits the limit.

    Args:
        data: A bundle.
        hops: Width of the halo in edges.
        limit: Largest number of vertices of a patch, its halo included.

    Raises:
        ValueError: If the halo of a few vertices exceeds the limit.
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
        pos = data.pos[core]
        axis = int((pos.amax(0) - pos.amin(0)).argmax())
        order = torch.argsort(pos[:, axis], stable=True)
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


def patch_limit(net: Network, data: Data, allowed: int) -> int:
    """Return how many vertices a patch may have, halo included, for the process to stay within ``allowed`` bytes.

    What the process holds counts as taken; where the system only knows its peak, the peak. The memory of the network is
    estimated from the width of its layers, generously: single precision, input fields and what a few layers in a row
    make of them; without levels also the operators and messages, which grow with the neighbours.

    Args:
        net: The network.
        data: A single mesh as ``net.transform`` makes it.
        allowed: Memory of the process [bytes].

    Raises:
        ValueError: If too little is left, or the system does not report what is taken.
        TypeError: For a network that cannot run on patches.
    """
    if sys.platform == "win32":
        raise ValueError("a limit on memory needs Linux or macOS, which know the peak of a process; leave it out")
    taken = _held()
    limit = (allowed - taken - _SPARE) // (4 * _numbers(net, data))
    if limit < 1024:
        needed = taken + _SPARE + 4096 * _numbers(net, data)
        raise ValueError(
            f"mesh and geometry took {_size(taken)}, which leaves too little of {_size(allowed)} for the network: "
            f"allow at least {math.ceil(needed / 1e8) / 10:.1f} GB"
        )
    return int(limit)


def _size(number: int) -> str:
    """Return an amount of memory [bytes] as text."""
    return f"{number / 1e9:.1f} GB" if number >= 10**9 else f"{number / 1e6:.0f} MB"


def _numbers(net: Network, data: Data) -> int:
    """Estimate how many numbers the network holds a vertex of the full mesh."""
    trunk, readout = _parts(net)
    around = 12 * (net.rep_in.dim + readout.leave.rep_out.dim) + 8 * net.rep_out.dim
    if trunk.first:
        return around
    layers = list(trunk.modules())
    convolutions = [layer for layer in layers if isinstance(layer, GaugeConv)]
    operators = {(conv.rep_in.orders, conv.rep_out.orders): conv.operator_rows for conv in convolutions}
    degree = min(data.max_degree[0], 2 * data.edge_index_0.shape[1] / len(data.pos))
    readings = [layer.here.rep_out.dim + layer.channels for layer in layers if isinstance(layer, Reading)]
    return int(around + 40 * readout.leave.rep_in.dim + degree * (20 + sum(operators.values()) + 4 * sum(readings)))


def _held() -> int:
    """Return the memory that the process holds [bytes], what it has freed handed back before."""
    status, trim = Path("/proc/self/status"), getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None or not status.exists():
        resource = import_module("resource")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    trim(0)
    return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
