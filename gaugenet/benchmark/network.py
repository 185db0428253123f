"""The segmentation network: a training step, and inference on whole meshes of growing size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import cast

import torch

from gaugenet.benchmark.measure import Row, medians, peak_bytes
from gaugenet.benchmark.surfaces import sphere
from gaugenet.io import MeshData
from gaugenet.models import SegmentationNet

LABELS = tuple(f"part {number}" for number in range(8))


def training(vertices: int, repeats: int) -> Iterator[Row]:
    """Yield the duration of a training step of the default network on one mesh: forward, backward and update.

    Args:
        vertices: Size of the mesh.
        repeats: Measured runs.
    """
    torch.manual_seed(0)
    net = SegmentationNet(LABELS)
    data = net.transform(sphere(vertices))
    label = torch.randint(len(LABELS), (data.face.shape[1],))
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(cast(torch.Tensor, net(data)), label).backward()
        optimizer.step()

    seconds = medians({"step": step}, repeats)["step"]
    yield {"vertices": len(data.pos), "seconds": seconds, "peak_bytes": peak_bytes(step)}


def inference(sizes: Sequence[int], repeats: int) -> Iterator[Row]:
    """Yield the duration of inference of the default network on whole meshes: total, geometry and network.

    Args:
        sizes: Numbers of vertices.
        repeats: Measured runs; one above 100,000 vertices.
    """
    net = SegmentationNet(LABELS).eval()
    for size in sizes:
        yield _row(net, sphere(size), 1 if size > 100_000 else repeats)


def _row(net: SegmentationNet, mesh: MeshData, runs: int) -> Row:
    start = time.perf_counter()
    data = net.transform(mesh.clone())
    geometry = time.perf_counter() - start
    seconds = medians({"network": lambda: net.segment(data)}, runs, 1)["network"]
    return {
        "vertices": len(mesh.pos),
        "seconds": geometry + seconds,
        "geometry_seconds": geometry,
        "network_seconds": seconds,
        "peak_bytes": peak_bytes(lambda: net.segment(mesh.clone())),
    }
