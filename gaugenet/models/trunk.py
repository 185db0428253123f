"""Trunks: what turns the input fields of a shape into features, which any task reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.group import Group
from gaugenet.homogeneous import Sphere
from gaugenet.models.comparison import Comparison
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.level import Level
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.representation import Representation
from gaugenet.sphere import SphereGrid
from gaugenet.transforms.input_fields import InputFields

# Half turns about the axes map all grids of a network to themselves, whatever their band limits.
_HALF_TURNS = torch.diag_embed(
    torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]], dtype=torch.float64)
)


@dataclass(frozen=True)
class SphereSample:
    """Points of S^2 with their areas, and the bundle on them.

    Attributes:
        point: ``(V, 3)`` unit vectors.
        weight: ``(V,)`` areas; their sum is 4 pi.
        bundle: Of an icosphere, what a gauge-equivariant network reads besides the fields; of a grid, only points,
            frames and areas.
        symmetries: ``(G, 3, 3)`` rotations that map the points to themselves, the identity first: the 60 rotations of
            an icosphere, or half turns about the axes.
        band_limit: The points distinguish harmonics of degrees below it.
    """

    point: Tensor
    weight: Tensor
    bundle: Data
    symmetries: Tensor
    band_limit: int

    def with_field(self, x: Tensor) -> Data:
        """Return data with a field on the points.

        Args:
            x: ``(V, rep.dim)`` features in the frames (e_theta, e_phi).
        """
        data = self.bundle.clone()
        data.x = x
        return data


class Features(NamedTuple):
    """What a trunk computes from input fields, for its readouts.

    Attributes:
        x: Input fields, ``(V, rep_in.dim)`` on a bundle, ``(B, V, rep_in.dim)`` on a grid.
        levels: Features of every level on the way down, finest first.
        first: Features of the first level after the way up, which exists once a readout at points was made.
        at: Level of the bundle that ``first`` belongs to; None on a grid.
    """

    x: Tensor
    levels: list[Tensor]
    first: Tensor
    at: Level | None = None


class Readout(nn.Module, ABC):
    """A module that turns the features of a trunk into what a task asks for.

    Attributes:
        width: Number of columns of its output.
    """

    width: int

    @abstractmethod
    def forward(self, features: Features) -> Tensor:
        """Return ``(N, width)`` numbers of vertices, points or whole shapes from ``features``."""


class Trunk(nn.Module, ABC):
    """Turn the input fields of a shape into features.

    A task asks for one of three readouts, and depends on the trunk through nothing else. A trunk makes its way up, back
    to the first level, when a readout at points is asked for.

    Attributes:
        config: Arguments that make it again, as JSON can store them.
        rep_in: Representation of a row of the input fields ``x``.
        dropout: Share of the invariants that are dropped in training.
        field_transform: Computes the input fields; None where the data brings them.
        transform: Turns a shape into the input; by default the shape itself is the input.
        on_sphere: Whether it reads fields on the sphere.
        on_grid: Whether it reads them on a grid, whose points have fixed frames and no faces.
        mirrors: Whether a shape and its mirror image get the same invariants.
        vectors: Name of vectors in the data that fix the frames, which turn with the shape.
        precision: Empty tensor in the precision of the weights.
    """

    config: dict[str, Any]
    rep_in: Representation
    dropout: float
    transform: BaseTransform = Compose([])
    field_transform: InputFields | None = None
    on_sphere: bool = False
    on_grid: bool = False
    mirrors: bool = False
    vectors: str | None = None
    precision: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Has the precision of the weights; a trunk may have no weights.
        self.register_buffer("precision", torch.empty(0), persistent=False)

    @property
    def group(self) -> Group:
        """The structure group of its features."""
        return self.rep_in.group

    @property
    def degree(self) -> int | None:
        """Degree in the input fields of features that are polynomials of them, else None."""
        return None

    @abstractmethod
    def inputs(self, data: Data) -> Tensor:
        """Return the input fields of ``data`` in the precision of the weights.

        Raises:
            ValueError: If the data has none, or fields of another size.
        """

    @abstractmethod
    def forward(self, data: Data) -> Features:
        """Return the features of ``data`` made by ``transform``, single or batched."""

    @abstractmethod
    def invariants(self, count: int) -> Readout:
        """Return a new readout of ``count`` invariant numbers at each point."""

    @abstractmethod
    def field(self, rep: Representation) -> Readout:
        """Return a new readout of a field of representation ``rep`` at each point."""

    @abstractmethod
    def whole(self) -> Readout:
        """Return a new readout of a row of invariant numbers of each shape."""

    def ready(self, data: Data) -> Data:
        """Return what the trunk reads: ``data`` as it is if ``transform`` made it, and a bare shape transformed."""
        return data

    def counted(self, compared: Comparison) -> Comparison:
        """Return ``compared`` with the weights of points, where the trunk knows them and the data does not."""
        return compared

    def sample(self, level: int | None = None) -> SphereSample:
        """Return the points of the sphere at which it reads fields.

        Args:
            level: Level of the icosphere, where points are those of one; by default as coarse as the trunk allows.

        Raises:
            ValueError: If the trunk is not on the sphere, or ``level`` is given for a grid.
        """
        raise ValueError(
            'expected a network on the sphere, got one on meshes: make it with space="sphere", or take one on '
            "harmonics, such as SphericalClassificationNet"
        )

    def usual_band_limit(self, sample: SphereSample) -> int:
        """Return the band limit of random fields on its ``sample``, by which it is checked by default."""
        return sample.band_limit // 2


class GridTrunk(Trunk):
    """A trunk that reads fields ``x`` at the points of a grid of S^2, in the frames (e_theta, e_phi).

    Args:
        inputs: Representation of the input fields.
        band_limit: Band limit L of the grid, which is equiangular with 2L x 2L points.
    """

    on_sphere = on_grid = True

    def __init__(self, inputs: str, band_limit: int) -> None:
        super().__init__()
        self.rep_in, self.grid = Representation(inputs), SphereGrid(band_limit)

    def inputs(self, data: Data) -> Tensor:
        """Return the fields ``(B, V, rep_in.dim)`` of ``data.x (B V, rep_in.dim)`` in the precision of the weights."""
        x, size = getattr(data, "x", None), self.grid.size
        if x is None or x.ndim != 2 or x.shape[0] % size or not x.shape[0]:
            raise ValueError(
                f"the network needs data.x ({size} B, {self.rep_in.dim}), B fields at the points of {self.grid}, got "
                f"{None if x is None else tuple(x.shape)}: sample them at the points of sphere_sample(net)"
            )
        self.rep_in.check(x, type(self).__name__)
        return x.unflatten(0, (-1, size)).to(self.precision.dtype)

    def forward(self, data: Data) -> Features:
        """Return the features of B fields, ``data.x (B V, rep_in.dim)``."""
        x = self.inputs(data)
        levels = self.encode(x)
        return Features(x, levels, self.decode(levels))

    @abstractmethod
    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the features of every level, finest first, of fields ``x (B, V, rep_in.dim)``."""

    @abstractmethod
    def decode(self, levels: list[Tensor]) -> Tensor:
        """Return the features of the first level after the way up, from ``levels``, the features of every level."""

    def counted(self, compared: Comparison) -> Comparison:
        """Weight the points by their areas, and count the fields of a batch one by one."""
        fields = len(compared.target) // self.grid.size
        weight = self.grid.weight.to(compared.target.device).repeat(fields)
        return compared._replace(weight=weight, shapes=fields)

    def sample(self, level: int | None = None) -> SphereSample:
        """Return the points of the grid."""
        if level is not None:
            raise ValueError(f"{type(self).__name__} reads fields on its own grid, got level {level}: leave it out")
        point, weight = self.grid.points, self.grid.weight
        bundle = Data(pos=point, frame=Sphere().frame(point), area_0=weight, space=str(Sphere()), group="SO2")
        return SphereSample(point, weight, bundle, _HALF_TURNS, self.grid.band_limit)


def gated_head(rep_in: Representation, hidden: Representation, rep_out: Representation) -> nn.Sequential:
    """Return a gated pointwise network, equivariant.

    Args:
        rep_in: Representation of its input.
        hidden: Representation of its hidden features.
        rep_out: Representation of its output.
    """
    gate = GatedNonlinearity(hidden)
    return nn.Sequential(LayerNorm(rep_in), Intertwiner(rep_in, gate.rep_in), gate, Intertwiner(gate.rep_out, rep_out))


def invariant_head(width: int, inputs: int, count: int, activation: nn.Module) -> nn.Sequential:
    """Return a pointwise network on invariants with one hidden layer.

    Args:
        width: Number of invariants from the trunk; the hidden layer has twice as many.
        inputs: Number of invariants from the input fields.
        count: Number of outputs.
        activation: Nonlinearity between the two layers.
    """
    return nn.Sequential(nn.Linear(width + inputs, 2 * width), activation, nn.Linear(2 * width, count))
