"""Measuring that a network on the sphere turns with it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.data.gauge import change_gauge
from gaugenet.group import Elements
from gaugenet.models.check import PRECISIONS, relative_error
from gaugenet.models.network import Network
from gaugenet.models.segmentation_net import Logits
from gaugenet.models.sphere_sample import SphereSample, sphere_sample
from gaugenet.models.spherical_net import SphericalNet
from gaugenet.representation import Representation
from gaugenet.so3 import random_rotation
from gaugenet.sphere import ScatteredTransform, degrees, rotated


@dataclass(frozen=True)
class SphericalInvariance:
    """Relative errors of the output, largest difference over largest number, by precision of the network.

    Of scores of points and of fields the harmonics below ``band_limit`` are compared.

    Attributes:
        gauge_error: after a random rotation of the frame at every vertex; None of networks on harmonics, of which the
            frames are those of the grid.
        symmetry_error: after a random rotation that takes the points to themselves: of the 60 of an icosphere, or
            a half turn about an axis of a grid.
        rotation_error: after random rotations, the worst of five.
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
        net: on harmonics, or gauge-equivariant with ``space="sphere"``; it is not changed.
        band_limit: of the random field, whose coefficients are normal; by default half of the first band of a network
            on harmonics, and a quarter of the square root of the vertices of the first level of an icosphere.
        generator: of the field, the elements and the rotations.

    Raises:
        ValueError: for a network on meshes, and a band limit that does not exceed the orders of its fields.
    """
    sample = sphere_sample(net)
    limit = band_limit or _usual_band_limit(net, sample)
    analyse = ScatteredTransform(net.rep_out, sample.point, sample.weight, limit)
    synthesise = ScatteredTransform(net.rep_in, sample.point, sample.weight, limit, fit=False)
    coefficients = torch.randn(limit**2, net.rep_in.dim, generator=generator, dtype=torch.float64)
    for block in net.rep_in:
        coefficients[degrees(limit) < block.order, block.columns] = 0.0
    symmetry = sample.symmetries[torch.randint(1, len(sample.symmetries), (1,), generator=generator)]
    rotations = torch.cat([symmetry, random_rotation(5, generator=generator, dtype=torch.float64)])
    elements = Elements.rotations(
        2 * torch.pi * torch.rand(len(sample.point), generator=generator, dtype=torch.float64)
    )
    data = sample.with_field(synthesise.inverse(coefficients))
    moved = [sample.with_field(synthesise.inverse(rotated(coefficients, g))) for g in rotations]
    gauge: dict[str, float] = {}
    symmetric: dict[str, float] = {}
    turned: dict[str, float] = {}
    for name, dtype in PRECISIONS.items():
        twin = copy.deepcopy(net).to(dtype).eval()
        scores = _scores(twin(data))
        if not isinstance(net, SphericalNet):
            expected = _acted(net.rep_out, scores, elements)
            gauge[name] = relative_error(_scores(twin(change_gauge(data, elements, {"x": net.rep_in}))), expected)
        errors = []
        for g, other in zip(rotations, moved, strict=True):
            found = _scores(twin(other))
            if len(scores) == len(sample.point):
                errors.append(relative_error(analyse(found.double()), rotated(analyse(scores.double()), g)))
            else:
                errors.append(relative_error(found, scores))
        symmetric[name], turned[name] = errors[0], max(errors[1:])
    return SphericalInvariance(gauge or None, symmetric, turned, limit)


def _usual_band_limit(net: Network, sample: SphereSample) -> int:
    if isinstance(net, SphericalNet):
        return max(net.bands[0] // 2, 1)
    first = net.config["levels"][0] if net.config["levels"] else len(sample.point)
    return max(math.isqrt(first) // 4, 1)


def _acted(rep: Representation, scores: Tensor, elements: Elements) -> Tensor:
    return scores if rep.invariant else rep.act(scores, elements.inverse())


def _scores(out: Tensor | Logits) -> Tensor:
    return out.vertex if isinstance(out, Logits) else out
