"""Measuring that a whole network is gauge equivariant and blind to rigid motions."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements
from gaugenet.models.segmentation_net import Logits
from gaugenet.models.surface_net import SurfaceNet
from gaugenet.nn.group_pool import GroupPool
from gaugenet.representation import Representation
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Invariance:
    """Relative errors of the output (``relative_error``), by precision of the network.

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
        net: the network; it is not changed. mesh: pos and face, or what else ``net.transform`` reads; the normals of
            a point cloud and the vectors of a frame field are turned along, and features of the data's own are written
            in the frames of the other pose. generator: of the random elements and motion.

    Raises:
        ValueError: for a network on the sphere, whose points a motion would move off it.
    """
    if net.config["space"] is not None:
        raise ValueError(
            f"check moves meshes about in space, got a network on the {net.config['space']}: use check_on_sphere"
        )
    data = net.transform(mesh.clone())
    net.inputs(data)  # refuses data without them
    elements = net.rep_in.group.random(data.pos.shape[0], generator=generator)
    turned = change_gauge(data, elements.to(data.pos.device), {"x": net.rep_in})
    moved = _moved(net, mesh, data, generator)
    gauge_error, motion_error = {}, {}
    invariants = GroupPool(net.rep_out)
    for name, dtype in PRECISIONS.items():
        twin = copy.deepcopy(net).to(dtype).eval()
        scores = _scores(twin(data))
        expected = scores if net.rep_out.invariant else net.rep_out.act(scores, elements.inverse())
        gauge_error[name] = relative_error(net.rep_out, _scores(twin(turned)), expected)
        motion_error[name] = relative_error(invariants.rep_out, invariants(_scores(twin(moved))), invariants(scores))
    return Invariance(gauge_error, motion_error)


def _moved(net: SurfaceNet, mesh: Data, data: Data, generator: torch.Generator | None) -> Data:
    """Return what the network reads of the mesh, of which it reads ``data`` here, after a random motion."""
    group, step = net.rep_in.group, net.bundle_transform
    vectors = step.vectors if isinstance(step, FrameBundle) else None
    pos, moved = mesh.pos.double(), mesh.clone()
    noise = torch.randn(3, 4, generator=generator, dtype=torch.float64).to(pos.device)
    rotation = torch.linalg.qr(noise[:, :3]).Q
    rotation = rotation * torch.linalg.det(rotation) * (-1 if net.mirrors else 1)
    moved.pos = pos @ rotation.T + (pos.amax(0) - pos.amin(0)).max() * noise[:, 3]
    for key in {"normal", vectors}:
        if key is not None and key in mesh:
            moved[key] = mesh[key].double() @ rotation.T
    if group.reflections:  # normals of an image point outwards again; else the surface is turned inside out
        if mesh.face is not None:
            moved.face = mesh.face[[0, 2, 1]]
        if "normal" in mesh and not net.mirrors:
            moved.normal = -moved.normal
    moved = net.transform(moved)
    if net.field_transform is None:
        change = _change(data.frame[:, :2] @ rotation.T, moved.frame[:, :2])
        moved.x = net.rep_in.act(data.x, group.nearest(change).inverse())
    return moved


def _change(old: Tensor, new: Tensor) -> Elements:
    """Return the elements that take vectors ``(V, 2, 3)`` that span tangent planes to others that do."""
    h = old @ new.transpose(1, 2)
    return Elements(torch.atan2(h[:, 1, 0], h[:, 0, 0]), torch.linalg.det(h) < 0)


def _scores(out: Tensor | Logits) -> Tensor:
    return torch.cat([out.face, out.vertex]) if isinstance(out, Logits) else out


def relative_error(rep: Representation, found: Tensor, wanted: Tensor, first: int = 0) -> float:
    """Return the largest difference over the largest number, of invariants over the largest distance from their mean.

    So an offset that all points and classes share hides nothing.

    Args:
        rep: of both. found, wanted: ``(V, rep.dim)``. first: row from which on numbers are compared to the largest; of
            harmonics 1, the first being the mean.
    """
    mean = wanted.mean() if rep.invariant and not first else wanted.new_zeros(())
    size = (wanted[first:] - mean).abs().max()
    return float((found - wanted).abs().max() / (size if size > 0 else wanted.abs().max()))
