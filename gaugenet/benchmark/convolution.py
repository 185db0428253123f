"""The convolution, compared with the plain formulation with a dense product for each edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gaugenet.benchmark.measure import Row, medians, peak_bytes
from gaugenet.benchmark.surfaces import sphere
from gaugenet.io import MeshData
from gaugenet.kernel import radial_profiles
from gaugenet.nn import GaugeConv, Level
from gaugenet.representation import Representation
from gaugenet.transforms import FrameBundle

# Fused multiply-add, as in any BLAS; by default the compiler rounds in between.
COMPILER: dict[str, str | int | bool | Callable[..., object]] = {"cpp.enable_floating_point_contract_flag": "fast"}
ORDERS, PROFILES = (0, 1, 2), 2


def convolution(
    vertices: int, channels: Sequence[int], neighbours: Sequence[int | None], repeats: int
) -> Iterator[Row]:
    """Yield a row for each setting: neighbourhood, channels, direction, eager or compiled.

    The geometry is prepared once for both: the stencil that all layers of a level share, and edges in single precision.

    Args:
        vertices: Size of the sphere.
        channels: Channels of each order.
        neighbours: Mean numbers of neighbours in geodesic discs; None is the 1-ring.
        repeats: Measured runs.
    """
    for many in neighbours:
        data = FrameBundle(neighbours=many)(sphere(vertices))
        for width in channels:
            yield from _rows(data, many or 6, width, repeats)


def _rows(data: MeshData, neighbours: int, channels: int, repeats: int) -> Iterator[Row]:
    rep = " + ".join(f"{channels}x{order}" for order in ORDERS)
    ours, plain = GaugeConv(rep, rep, PROFILES), PerEdgeConv(rep, PROFILES)
    x = ours.rep_in.randn(len(data.pos), generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    cotangent = torch.ones_like(x)
    geometry = [data[f"{name}_0"].float() for name in ("log", "transport", "weight", "radius")]
    level = Level(data)
    torch.compiler.reset()  # each setting is recompiled, and the number of recompilations is limited
    layers: dict[str, Callable[..., Tensor]] = {"ours": ours, "plain": plain}
    for name, layer in list(layers.items()):
        layers[f"{name} compiled"] = torch.compile(layer, fullgraph=True, options=COMPILER)

    def forward(name: str, x: Tensor) -> Tensor:
        if name.startswith("ours"):
            return layers[name](x, level)
        return layers[name](x, data.edge_index_0, *geometry)

    def training(name: str) -> None:
        forward(name, x.clone().requires_grad_()).backward(cotangent)

    def inference(name: str) -> None:
        with torch.no_grad():
            forward(name, x)

    for direction, run in (("forward", inference), ("forward+backward", training)):
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


class PerEdgeConv(nn.Module):
    """Convolve edge by edge: y_i = W x_i + sum_j rho(theta_ij) sum_r w_ij b_r(r_ij) K_r rho(tau_ij - theta_ij) x_j.

    The kernel constraint leaves the matrices K_r at angle 0 free, so this is the same family of maps as ``GaugeConv``,
    with as many parameters. Features are rotated, multiplied by all K_r, rotated back and scattered.

    Args:
        rep: Representation of input and output.
        profiles: Number of radial profiles b_r.
    """

    def __init__(self, rep: Representation | str, profiles: int = 2) -> None:
        super().__init__()
        self.rep, self.profiles = Representation(rep), profiles
        dim = self.rep.dim
        self.kernel = nn.Parameter(torch.randn(profiles * dim, dim) * (profiles * dim) ** -0.5)
        self.self_interaction = nn.Parameter(torch.randn(dim, dim) * dim**-0.5)

    def forward(
        self, x: Tensor, edge_index: Tensor, log: Tensor, transport: Tensor, weight: Tensor, radius: Tensor
    ) -> Tensor:
        """Convolve features over the edges of a ``FrameBundle``.

        Args:
            x: Features ``(V, rep.dim)``.
            edge_index: Source and target of the edges ``(2, E)``.
            log: Distance and angle of the source in the frame of the target ``(E, 2)``.
            transport: Angles of parallel transport ``(E,)`` [rad].
            weight: Quadrature weights ``(E,)``.
            radius: Kernel radius of each edge ``(E,)``.
        """
        source, target = edge_index
        theta = log[:, 1]
        turned = self.rep.act(x[source], transport - theta)
        profiles = (radial_profiles(log[:, 0] / radius, self.profiles) * weight[:, None]).to(x.dtype)
        weighted = (profiles[:, :, None] * turned[:, None, :]).flatten(1)
        messages = self.rep.act(weighted @ self.kernel, theta)
        return (x @ self.self_interaction).index_add(0, target, messages)
