"""The convolution against the plain per-edge formulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from gaugenet.benchmark.measure import medians, peak_bytes
from gaugenet.benchmark.per_edge import PerEdgeConv
from gaugenet.benchmark.spheres import sphere
from gaugenet.nn import GaugeConv, Level
from gaugenet.transforms.frame_bundle import FrameBundle

# Fused products and sums, as in any BLAS; the compiler's default rounds in between.
COMPILER: dict[str, Any] = {"cpp.enable_floating_point_contract_flag": "fast"}
ORDERS, PROFILES = (0, 1, 2), 2


def convolution(
    vertices: int, channels: Sequence[int], neighbours: Sequence[int | None], repeats: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for every setting: neighbourhood, channels, direction, eager or compiled.

    Both sides get their geometry once: ours the stencil that all layers of a level share, the other single precision.

    Args:
        neighbours: mean numbers in geodesic discs; None is the 1-ring.
    """
    for many in neighbours:
        data = FrameBundle(neighbours=many)(sphere(vertices))
        for width in channels:
            yield from _rows(data, many or 6, width, repeats)


def _rows(data: Any, neighbours: int, channels: int, repeats: int) -> Iterator[dict[str, Any]]:
    rep = " + ".join(f"{channels}x{order}" for order in ORDERS)
    ours, plain = GaugeConv(rep, rep, PROFILES), PerEdgeConv(rep, PROFILES)
    x = ours.rep_in.randn(len(data.pos), generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    cotangent = torch.ones_like(x)
    geometry = [data[f"{name}_0"].float() for name in ("log", "transport", "weight", "radius")]
    level = Level(data)
    torch.compiler.reset()  # every setting is compiled anew, and too many would be refused
    layers: dict[str, Callable[..., Any]] = {"ours": ours, "plain": plain}
    for name, layer in list(layers.items()):
        layers[f"{name} compiled"] = torch.compile(layer, fullgraph=True, options=COMPILER)

    def forward(name: str, x: torch.Tensor) -> torch.Tensor:
        if name.startswith("ours"):
            return layers[name](x, level)
        return layers[name](x, data.edge_index_0, *geometry)

    def both(name: str) -> None:
        forward(name, x.clone().requires_grad_()).backward(cotangent)

    def alone(name: str) -> None:
        with torch.no_grad():
            forward(name, x)

    for direction, run in (("forward", alone), ("forward+backward", both)):
        runs = {name: partial(run, name) for name in layers}
        seconds = medians(runs, repeats)
        memory = {name: peak_bytes(call) for name, call in runs.items()}
        for compiled in (False, True):
            mine = "ours compiled" if compiled else "ours"
            peak, other = memory[mine], memory["plain"]
            yield {
                "neighbours": neighbours,
                "channels": channels,
                "compiled": compiled,
                "direction": direction,
                "seconds": seconds[mine],
                "per_edge_seconds": seconds["plain"],
                "speedup": seconds["plain"] / seconds[mine],
                "speedup_over_compiled": seconds["plain compiled"] / seconds[mine],
                "peak_bytes": peak,
                "per_edge_peak_bytes": other,
                "memory_ratio": peak / other if peak is not None and other else None,
            }
