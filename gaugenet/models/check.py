"""Measuring that a whole network is gauge equivariant and blind to rigid motions."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.data.gauge import change_gauge
from gaugenet.models.segmentation_net import Logits
from gaugenet.models.surface_net import SurfaceNet
from gaugenet.nn.group_pool import GroupPool

PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Invariance:
    """Relative errors of the output, largest difference over largest number, by precision of the network.

    Attributes:
        gauge_error: after a random change of gauge at every vertex, by elements of the network's group.
        motion_error: after a random rotation and translation of the mesh, everything computed anew; for groups with
            reflections of its mirror image, or, where input fields do not know the sides of a surface, of the mesh
            turned inside out. In float32 it can be 0, where rounding the input fields hides differences of their last
            digits.
    """

    gauge_error: dict[str, float]
    motion_error: dict[str, float]


@torch.no_grad()
def check(net: SurfaceNet, mesh: Data, generator: torch.Generator | None = None) -> Invariance:
    """Measure how far the output of a network on a mesh depends on the gauge and on the pose.

    Of a field, which turns with the gauge, what it should have become is compared; in another pose the norms.

    Args:
        net: the network; it is not changed. mesh: with pos and face. generator: of the random elements and motion.
    """
    data = net.transform(mesh.clone())
    elements = net.bundle_transform.group.random(data.pos.shape[0], generator=generator)
    turned = change_gauge(data, elements.to(data.pos.device), {"x": net.rep_in})
    moved = mesh.clone()
    group = net.bundle_transform.group
    moved.pos = _rigid_motion(mesh.pos.double(), generator, mirror=net.mirrors)
    moved.face = mesh.face[[0, 2, 1]] if group.reflections else mesh.face  # normals of an image point outwards again
    moved = net.transform(moved)
    gauge_error, motion_error = {}, {}
    invariants = GroupPool(net.rep_out)
    for name, dtype in PRECISIONS.items():
        twin = copy.deepcopy(net).to(dtype).eval()
        scores = _scores(twin(data))
        expected = scores if net.rep_out.invariant else net.rep_out.act(scores, elements.inverse())
        gauge_error[name] = _relative(_scores(twin(turned)), expected)
        motion_error[name] = _relative(invariants(_scores(twin(moved))), invariants(scores))
    return Invariance(gauge_error, motion_error)


def _rigid_motion(pos: Tensor, generator: torch.Generator | None, mirror: bool) -> Tensor:
    noise = torch.randn(3, 4, generator=generator, dtype=torch.float64).to(pos.device)
    rotation = torch.linalg.qr(noise[:, :3]).Q
    rotation = rotation * torch.linalg.det(rotation) * (-1 if mirror else 1)
    extent = (pos.amax(0) - pos.amin(0)).max()
    return pos @ rotation.T + extent * noise[:, 3]


def _scores(out: Tensor | Logits) -> Tensor:
    return torch.cat([out.face, out.vertex]) if isinstance(out, Logits) else out


def _relative(other: Tensor, scores: Tensor) -> float:
    return float((other - scores).abs().max() / scores.abs().max())
