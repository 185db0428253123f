"""The points of the sphere at which a network reads fields."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.homogeneous import Sphere, icosahedral_rotations, icosphere
from gaugenet.models.grid_net import GridNet
from gaugenet.models.network import Network
from gaugenet.models.surface_net import SurfaceNet

# Networks that begin on the sample itself get one of 642 vertices.
_COARSEST = 3
# Half turns about the axes take all grids of a network to themselves, whatever their band limits.
_HALF_TURNS = torch.diag_embed(
    torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]], dtype=torch.float64)
)


@dataclass(frozen=True)
class SphereSample:
    """Points of S^2 with their areas, and the bundle on them.

    Attributes:
        point: ``(V, 3)`` unit vectors. weight: ``(V,)`` areas, 4 pi in all.
        bundle: of an icosphere, what a gauge-equivariant network reads beside the fields; of a grid, points, frames and
            areas alone.
        symmetries: rotations ``(G, 3, 3)`` that take the points to themselves, the first of them none: the 60 of an
            icosphere, or half turns about the axes.
    """

    point: Tensor
    weight: Tensor
    bundle: Data
    symmetries: Tensor

    def with_field(self, x: Tensor) -> Data:
        """Return data with one field ``(V, rep.dim)``, in the frames (e_theta, e_phi)."""
        data = self.bundle.clone()
        data.x = x
        return data


def on_sphere(net: Network) -> bool:
    """Return whether a network is for fields on the sphere."""
    return isinstance(net, GridNet) or (isinstance(net, SurfaceNet) and net.config["space"] == "sphere")


def sphere_sample(net: Network, level: int | None = None) -> SphereSample:
    """Return where a network on the sphere reads fields: the points of its grid, or the vertices of an icosphere.

    Args:
        net: on the sphere. level: of the icosphere; by default the coarsest one with more vertices than the first level
            of the network.

    Raises:
        ValueError: for a network on meshes, or a level of the icosphere for one that has a grid.
    """
    if not on_sphere(net):
        raise ValueError(
            f'expected a network on the sphere, got a {type(net).__name__} on meshes: make it with space="sphere", or '
            "take one on harmonics, such as SphericalClassificationNet"
        )
    if isinstance(net, GridNet):
        if level is not None:
            raise ValueError(f"{type(net).__name__} reads fields on its own grid, got level {level}: leave it out")
        point, weight = net.grid.points, net.grid.weight
        bundle = Data(pos=point, frame=Sphere().frame(point), area_0=weight, space=str(Sphere()), group="SO2")
        return SphereSample(point, weight, bundle, _HALF_TURNS)
    assert isinstance(net, SurfaceNet)
    if level is None:
        level, first = _COARSEST, net.config["levels"][:1]
        while first and 10 * 4**level + 2 <= first[0]:
            level += 1
    bundle = net.bundle_transform(icosphere(level))
    return SphereSample(bundle.pos, bundle.area_0, bundle, icosahedral_rotations())
