"""Measuring that a network on the sphere turns with it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from scipy.spatial import cKDTree
from torch import Tensor

from gaugenet.group import Elements
from gaugenet.homogeneous import Sphere
from gaugenet.models.check import PRECISIONS, relative_error
from gaugenet.models.grid_net import GridNet
from gaugenet.models.network import Network
from gaugenet.models.segmentation_net import Logits
from gaugenet.models.sphere_sample import SphereSample, sphere_sample
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.representation import Representation
from gaugenet.so3 import random_rotation
from gaugenet.sphere import ScatteredTransform, degrees, rotated
from gaugenet.transforms.gauge import change_gauge

# Harmonics of higher degrees than this are not compared: time and memory grow with its square.
_HIGHEST = 32


@dataclass(frozen=True)
class SphericalInvariance:
    """Relative errors of the output (``relative_error``), by precision of the network.

    Attributes:
        gauge_error: after a random rotation of the frame at every vertex; None of networks on a grid, of which the
            frames are the only ones.
        symmetry_error: after a random rotation that takes the points to themselves, of the 60 of an icosphere, or a
            half turn about an axis of a grid; scores and fields at points are compared point by point.
        rotation_error: after random rotations, the worst of five; of scores and fields at points their harmonics are
            compared, up to the highest degree that the points tell apart, or 32.
        band_limit: degrees of the random field that was turned are below it.
    """

    gauge_error: dict[str, float] | None
    symmetry_error: dict[str, float]
    rotation_error: dict[str, float]
    band_limit: int


@torch.no_grad()
def check_on_sphere(
    net: Network, band_limit: int | None = None, generator: torch.Generator | None = None
) -> SphericalInvariance:
    """Measure how far the output of a network on a random field depends on the gauge and on rotations of the sphere.

    Args:
        net: on a grid of the sphere, or gauge-equivariant with ``space="sphere"``; it is not changed, and a copy runs
            on the CPU.
        band_limit: of the random field, whose coefficients are normal; by default half of the first band of a network
            on harmonics, half of that of the grid of a plain one, and a quarter of the square root of the vertices of
            the first level of an icosphere; but at least two above the highest order of its inputs, so that none is of
            one degree alone, if the points of its sample tell as many apart.
        generator: of the field, the elements and the rotations.

    Raises:
        ValueError: for a network on meshes, and a band limit that does not exceed the orders of its fields or that the
            points of its sample do not tell apart.
    """
    sample = sphere_sample(net)
    highest = min(_highest(net, sample), _HIGHEST)
    limit = min(_usual_band_limit(net, sample), highest) if band_limit is None else band_limit
    if not 1 <= limit <= highest:
        raise ValueError(f"check_on_sphere expects a band limit from 1 to {highest} of this network, got {limit}")
    synthesise = ScatteredTransform(net.rep_in, sample.point, sample.weight, limit, fit=False)
    coefficients = torch.randn(limit**2, net.rep_in.dim, generator=generator, dtype=torch.float64)
    for block in net.rep_in:
        coefficients[degrees(limit) < block.order, block.columns] = 0.0
    symmetry = sample.symmetries[int(torch.randint(1, len(sample.symmetries), (1,), generator=generator))]
    rotations = random_rotation(5, generator=generator, dtype=torch.float64)
    angle = 2 * torch.pi * torch.rand(len(sample.point), generator=generator, dtype=torch.float64)
    data = sample.with_field(synthesise.inverse(coefficients))
    turned = [sample.with_field(synthesise.inverse(rotated(coefficients, g))) for g in (symmetry, *rotations)]
    errors = []
    for dtype in PRECISIONS.values():
        twin = copy.deepcopy(net).to("cpu", dtype).eval()
        scores, moved = _scores(twin(data)).double(), [_scores(twin(one)).double() for one in turned]
        gauge = None
        if not isinstance(net, GridNet):
            elements = Elements.rotations(angle)
            other = _scores(twin(change_gauge(data, elements, {"x": net.rep_in}))).double()
            gauge = relative_error(net.rep_out, other, _acted(net.rep_out, scores, elements))
        errors.append((gauge, *_turned_errors(net, sample, symmetry, rotations, scores, moved, highest)))
    by_kind = [dict(zip(PRECISIONS, kind, strict=True)) for kind in zip(*errors, strict=True)]
    return SphericalInvariance(None if errors[0][0] is None else by_kind[0], by_kind[1], by_kind[2], limit)


def _turned_errors(
    net: Network,
    sample: SphereSample,
    symmetry: Tensor,
    rotations: Tensor,
    scores: Tensor,
    moved: list[Tensor],
    highest: int,
) -> tuple[float, float]:
    """Return the errors under a symmetry of the sample and under other rotations."""
    rep, point = net.rep_out, sample.point
    if len(scores) != len(point):  # of the whole field
        return relative_error(rep, moved[0], scores), max(relative_error(rep, one, scores) for one in moved[1:])
    place = torch.from_numpy(cKDTree(point.numpy()).query((point @ symmetry.T).numpy())[1])
    there = _acted(rep, scores, Elements.rotations(-Sphere().frame_angle(symmetry, point)))
    analyse = ScatteredTransform(rep, point, sample.weight, highest)
    known = analyse(scores)
    other = [
        relative_error(rep, analyse(one), rotated(known, g), 1) for g, one in zip(rotations, moved[1:], strict=True)
    ]
    return relative_error(rep, moved[0][place], there), max(other)


def _highest(net: Network, sample: SphereSample) -> int:
    return net.grid.band_limit if isinstance(net, GridNet) else math.isqrt(len(sample.point)) // 2


def _usual_band_limit(net: Network, sample: SphereSample) -> int:
    # Scalar fields of one degree alone are constant, which no rotation changes.
    least = max(net.rep_in.orders, default=0) + 2
    if isinstance(net, GridNet):
        usual = (net.bands[0] if isinstance(net, SphericalNet) else net.grid.band_limit) // 2
    else:
        usual = math.isqrt(net.config["levels"][0] if net.config["levels"] else len(sample.point)) // 4
    return max(usual, least)


def _acted(rep: Representation, scores: Tensor, elements: Elements) -> Tensor:
    return scores if rep.invariant else rep.act(scores, elements.inverse())


def _scores(out: Tensor | Logits) -> Tensor:
    return out.vertex if isinstance(out, Logits) else out
