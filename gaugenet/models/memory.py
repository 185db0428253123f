"""How many vertices a network can see at a time within given memory."""

from __future__ import annotations

import ctypes
import math
import sys
from importlib import import_module
from pathlib import Path

from torch_geometric.data import Data

from gaugenet.models.vertex_net import VertexNet
from gaugenet.nn.convolution.learned_kernel import LearnedKernel
from gaugenet.nn.edge_frame import Reading

_SPARE = 2 * 10**8  # for what lies around [bytes]


def patch_limit(net: VertexNet, data: Data, allowed: int) -> int:
    """Return how many vertices a patch may have, halo included, for the process to stay within ``allowed`` bytes.

    What the process holds counts as taken; where the system only knows its peak, the peak. The network's part is
    estimated from the width of its layers, generously: single precision, input fields and what a few layers in a row
    make of them; without levels also the operators and messages, which grow with the neighbours.

    Raises:
        ValueError: too little is left, or the system does not say what is taken.
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


def _numbers(net: VertexNet, data: Data) -> int:
    """Estimate how many numbers the network holds a vertex of the full mesh."""
    width = net.leave.rep_out.dim
    around = 12 * (net.rep_in.dim + width) + 8 * net.rep_out.dim
    if net.first:
        return around
    kernels = [layer for layer in net.modules() if isinstance(layer, LearnedKernel)]
    operators = {(one.rep_in.orders, one.rep_out.orders): one.operator_rows for one in kernels}
    degree = min(data.max_degree[0], 2 * data.edge_index_0.shape[1] / len(data.pos))
    readings = [layer.here.rep_out.dim + layer.channels for layer in net.modules() if isinstance(layer, Reading)]
    return int(around + 40 * net.leave.rep_in.dim + degree * (20 + sum(operators.values()) + 4 * sum(readings)))


def _held() -> int:
    """Return the memory that the process holds [bytes], what it has freed handed back before."""
    status, trim = Path("/proc/self/status"), getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None or not status.exists():
        resource = import_module("resource")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    trim(0)
    return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
