"""Measuring that a whole network is gauge equivariant, and does not depend on the pose or turns with the sphere."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from scipy.spatial import cKDTree
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements
from gaugenet.homogeneous import Sphere
from gaugenet.models.network import Logits, Network
from gaugenet.models.trunk import SphereSample, Trunk
from gaugenet.nn.group_pool import GroupPool
from gaugenet.representation import Representation
from gaugenet.so3 import random_rotation
from gaugenet.sphere import ScatteredTransform, degrees, rotated
from gaugenet.transforms.gauge import change_gauge

PRECISIONS = {"float64": torch.float64, "float32": torch.float32}
# Harmonics of higher degrees than this are not compared: time and memory grow with its square.
_HIGHEST = 32


@dataclass(frozen=True)
class Invariance:
    """Relative errors of the output (``relative_error``), by precision of the network.

    Attributes:
        gauge_error: Error after a random change of gauge at every vertex, by elements of the network's group.
        motion_error: Error after a random rotation and translation of the mesh, everything recomputed; for groups with
            reflections of its mirror image, or, where input fields do not know the sides of a surface, of the mesh
            turned inside out. In float32 it can be 0, where rounding the input fields hides differences of their last
            digits.
    """

    gauge_error: dict[str, float]
    motion_error: dict[str, float]


@dataclass(frozen=True)
class SphericalInvariance:
    """Relative errors of the output (``relative_error``), by precision of the network.

    Attributes:
        gauge_error: Error after a random rotation of the frame at every vertex; None on a grid, whose frames are fixed.
        symmetry_error: Error after a random rotation that maps the points to themselves, of the 60 of an icosphere, or
            a half turn about an axis of a grid; scores and fields at points are compared point by point.
        rotation_error: Error after random rotations, the worst of five; of scores and fields at points the harmonics
            are compared, up to the highest degree that the points distinguish, or 32.
        band_limit: Degrees of the random field that was turned are below it.
    """

    gauge_error: dict[str, float] | None
    symmetry_error: dict[str, float]
    rotation_error: dict[str, float]
    band_limit: int


@torch.no_grad()
def check(net: Network, mesh: Data, generator: torch.Generator | None = None) -> Invariance:
    """Measure how far the output of a network on a mesh depends on the gauge and on the pose.

    Invariants should stay the same, a field should turn with the gauge; in another pose the norms of a field are
    compared.

    Args:
        net: The network; it is not changed.
        mesh: A mesh (pos, face), or what else ``net.transform`` reads; normals of a point cloud and vectors of a frame
            field are turned along, and features of the data's own are written in the frames of the other pose.
        generator: Of the random elements and motion.

    Raises:
        ValueError: For a network on the sphere, whose points a motion would move off it.
    """
    if net.trunk.on_sphere:
        raise ValueError("check moves meshes about in space, got a network on the sphere: use check_on_sphere")
    data = net.transform(mesh.clone())
    net.trunk.inputs(data)  # refuses data without them
    elements = net.trunk.group.random(data.pos.shape[0], generator=generator)
    turned = change_gauge(data, elements.to(data.pos.device), {"x": net.rep_in})
    moved = _moved(net.trunk, mesh, data, generator)
    gauge_error, motion_error = {}, {}
    invariants = GroupPool(net.rep_out)
    for name, dtype in PRECISIONS.items():
        twin = copy.deepcopy(net).to(dtype).eval()
        scores = _rows(twin(data))
        gauge_error[name] = relative_error(net.rep_out, _rows(twin(turned)), _acted(net.rep_out, scores, elements))
        motion_error[name] = relative_error(invariants.rep_out, invariants(_rows(twin(moved))), invariants(scores))
    return Invariance(gauge_error, motion_error)


@torch.no_grad()
def check_on_sphere(
    net: Network, band_limit: int | None = None, generator: torch.Generator | None = None
) -> SphericalInvariance:
    """Measure how far the output of a network on a random field depends on the gauge and on rotations of the sphere.

    Args:
        net: The network, on the sphere; it is not changed, and a copy runs on the CPU.
        band_limit: Band limit of the random field, whose coefficients are normal. By default half of the first band of
            a network on harmonics, half of that of the grid of a plain one, and a quarter of the square root of the
            vertices of the first level of an icosphere; but at least two above the highest order of its inputs, so that
            no input has only one degree, if the points of its sample distinguish as many.
        generator: Of the field, the elements and the rotations.

    Raises:
        ValueError: For a network on meshes, and a band limit that does not exceed the orders of its fields or that the
            points of its sample do not distinguish.
    """
    trunk, rep = net.trunk, net.rep_out
    sample = trunk.sample()
    highest = min(sample.band_limit, _HIGHEST)
    if band_limit is None:  # scalar fields of one degree are constant, which no rotation changes
        limit = min(max(trunk.usual_band_limit(sample), max(net.rep_in.orders, default=0) + 2), highest)
    else:
        limit = band_limit
    if not 1 <= limit <= highest:
        raise ValueError(f"check_on_sphere expects a band limit from 1 to {highest} of this network, got {limit}")
    synthesise = ScatteredTransform(net.rep_in, sample.point, sample.weight, limit, fit=False)
    coefficients = torch.randn(limit**2, net.rep_in.dim, generator=generator, dtype=torch.float64)
    for block in net.rep_in:
        coefficients[degrees(limit) < block.order, block.columns] = 0.0
    symmetry = sample.symmetries[int(torch.randint(1, len(sample.symmetries), (1,), generator=generator))]
    rotations = random_rotation(5, generator=generator, dtype=torch.float64)
    elements = Elements.rotations(
        2 * torch.pi * torch.rand(len(sample.point), generator=generator, dtype=torch.float64)
    )
    data = sample.with_field(synthesise.inverse(coefficients))
    moved = [sample.with_field(synthesise.inverse(rotated(coefficients, g))) for g in (symmetry, *rotations)]
    gauge_error, symmetry_error, rotation_error = {}, {}, {}
    for name, dtype in PRECISIONS.items():
        twin = copy.deepcopy(net).to("cpu", dtype).eval()
        scores, others = _points(twin(data)), [_points(twin(one)) for one in moved]
        if not trunk.on_grid:
            turned = _points(twin(change_gauge(data, elements, {"x": net.rep_in})))
            gauge_error[name] = relative_error(rep, turned, _acted(rep, scores, elements))
        errors = _turned_errors(rep, sample, symmetry, rotations, scores, others, highest)
        symmetry_error[name], rotation_error[name] = errors
    return SphericalInvariance(gauge_error or None, symmetry_error, rotation_error, limit)


def relative_error(rep: Representation, found: Tensor, wanted: Tensor, first: int = 0) -> float:
    """Return the largest difference over the largest number, of invariants over the largest distance from their mean.

    So an offset that all points and classes share hides nothing.

    Args:
        rep: Representation of both.
        found: ``(V, rep.dim)`` features.
        wanted: ``(V, rep.dim)`` what they should be.
        first: Row from which on numbers count as the largest; of harmonics 1, the first being the mean.
    """
    mean = wanted.mean() if rep.invariant and not first else wanted.new_zeros(())
    size = (wanted[first:] - mean).abs().max()
    return float((found - wanted).abs().max() / (size if size > 0 else wanted.abs().max()))


def _moved(trunk: Trunk, mesh: Data, data: Data, generator: torch.Generator | None) -> Data:
    """Return the input of the trunk for the mesh after a random motion; ``data`` is its input before."""
    pos, moved = mesh.pos.double(), mesh.clone()
    noise = torch.randn(3, 4, generator=generator, dtype=torch.float64).to(pos.device)
    rotation = torch.linalg.qr(noise[:, :3]).Q
    rotation = rotation * torch.linalg.det(rotation) * (-1 if trunk.mirrors else 1)
    moved.pos = pos @ rotation.T + (pos.amax(0) - pos.amin(0)).max() * noise[:, 3]
    for key in {"normal", trunk.vectors}:
        if key is not None and key in mesh:
            moved[key] = mesh[key].double() @ rotation.T
    if trunk.group.reflections:  # normals of an image point outwards again; else the surface is turned inside out
        if mesh.face is not None:
            moved.face = mesh.face[[0, 2, 1]]
        if "normal" in mesh and not trunk.mirrors:
            moved.normal = -moved.normal
    moved = trunk.transform(moved)
    if trunk.field_transform is None:
        change = _change(data.frame[:, :2] @ rotation.T, moved.frame[:, :2])
        moved.x = trunk.rep_in.act(data.x, trunk.group.nearest(change).inverse())
    return moved


def _change(old: Tensor, new: Tensor) -> Elements:
    """Return the elements that take vectors ``(V, 2, 3)`` that span tangent planes to others that do."""
    h = old @ new.transpose(1, 2)
    return Elements(torch.atan2(h[:, 1, 0], h[:, 0, 0]), torch.linalg.det(h) < 0)


def _turned_errors(
    rep: Representation,
    sample: SphereSample,
    symmetry: Tensor,
    rotations: Tensor,
    scores: Tensor,
    moved: list[Tensor],
    highest: int,
) -> tuple[float, float]:
    """Return the errors under a symmetry of the sample and under other rotations."""
    point = sample.point
    if len(scores) != len(point):  # of the whole field
        return relative_error(rep, moved[0], scores), max(relative_error(rep, one, scores) for one in moved[1:])
    nearest = torch.from_numpy(cKDTree(point.numpy()).query((point @ symmetry.T).numpy())[1])
    there = _acted(rep, scores, Elements.rotations(-Sphere().frame_angle(symmetry, point)))
    analyse = ScatteredTransform(rep, point, sample.weight, highest)
    known = analyse(scores)
    other = [
        relative_error(rep, analyse(one), rotated(known, g), 1) for g, one in zip(rotations, moved[1:], strict=True)
    ]
    return relative_error(rep, moved[0][nearest], there), max(other)


def _acted(rep: Representation, scores: Tensor, elements: Elements) -> Tensor:
    return scores if rep.invariant else rep.act(scores, elements.inverse())


def _rows(out: Tensor | Logits) -> Tensor:
    return torch.cat([out.face, out.vertex]) if isinstance(out, Logits) else out


def _points(out: Tensor | Logits) -> Tensor:
    return (out.vertex if isinstance(out, Logits) else out).double()
