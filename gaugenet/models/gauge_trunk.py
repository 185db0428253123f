"""The gauge-equivariant trunk: a U-Net over the levels of a frame bundle, on meshes, point clouds and the sphere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import Compose
from typing_extensions import TypedDict

from gaugenet.homogeneous import Sphere, icosahedral_rotations, icosphere
from gaugenet.homogeneous.icosphere import FINEST
from gaugenet.models.trunk import Features, Readout, SphereSample, Trunk
from gaugenet.models.unet import NO_LAYERS, POLYNOMIAL, ShapeReadout, UNet, VertexReadout
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.level import Level
from gaugenet.nn.polynomial_block import PolynomialBlock
from gaugenet.nn.pool import Pool
from gaugenet.nn.residual_block import layer_names
from gaugenet.representation import Representation
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle
from gaugenet.transforms.input_fields import InputFields

# Networks without levels read fields at 642 vertices of an icosphere, others at no fewer.
_COARSEST = 3


# Arguments of ``GaugeTrunk``, which networks take by name.
GaugeSettings = TypedDict(  # noqa: UP013, for a class would have to document them a second time
    "GaugeSettings",
    {
        "levels": Sequence[int],
        "neighbours": float,
        "rep": str,
        "growth": float,
        "blocks": int,
        "layers": str,
        "profiles": int,
        "dropout": float,
        "fields": Mapping[str, Any] | None,
        "inputs": str | None,
        "frame_field": str | None,
        "space": str | None,
    },
    total=False,
)


class GaugeTrunk(Trunk):
    """Turn a shape into features on the first level of its bundle.

    Input fields, which ``transform`` computes, are averaged onto the first coarser level, where a U-Net begins.
    Readouts at points (``VertexReadout``) hand its features back to the vertices; that of the whole shape
    (``ShapeReadout``) describes how input fields and features are distributed over the surface.

    Args:
        levels: Numbers of vertices of the levels, as for ``FrameBundle``; without any it runs on the mesh itself.
        neighbours: Mean number of neighbours in the discs.
        rep: Representation on the first level.
        growth: Factor by which multiplicities grow from level to level.
        blocks: Residual blocks on each level of the way down; the way up has one.
        layers: Layers that see neighbours, as for ``ResidualBlock``: "conv", "attention", "message", "differential",
            "diffusion", "implicit", or several joined by "+". With "polynomial" the features are polynomials of the
            input fields, with no other nonlinearity and no dropout. With "none" there is no U-Net; only the readout of
            the whole shape exists, and of ``rep`` only the group counts.
        profiles: Radial profiles of the kernels.
        dropout: Share of the invariants that are dropped in training.
        fields: Arguments of ``InputFields``.
        inputs: Representation of features ``x`` that the data brings, in place of ``fields``.
        frame_field: What fixes the frames where the group of ``rep`` is finite, as for ``FrameBundle``.
        space: "sphere" for points of the unit sphere, such as an icosphere: ``transform`` is ``HomogeneousBundle``, the
            first vertices are the levels, frames change by SO2, and ``inputs`` names the features of the data.

    Raises:
        ValueError: If an argument is out of range, or two do not go together.
    """

    def __init__(
        self,
        *,
        levels: Sequence[int] = (2048, 512, 128),
        neighbours: float = 30,
        rep: str = "24x0 + 12x1 + 12x2",
        growth: float = 1.5,
        blocks: int = 2,
        layers: str = "conv",
        profiles: int = 2,
        dropout: float = 0.2,
        fields: Mapping[str, Any] | None = None,
        inputs: str | None = None,
        frame_field: str | None = None,
        space: str | None = None,
    ) -> None:
        given = locals()  # the arguments
        super().__init__()
        first = Representation(rep)
        if first.num_invariants == 0:
            raise ValueError(f"GaugeTrunk needs invariants in its representation, got {rep}: add copies of order 0")
        if growth < 1:
            raise ValueError(f"GaugeTrunk expects a growth >= 1, got {growth}")
        if blocks < 1:
            raise ValueError(f"GaugeTrunk expects blocks >= 1, got {blocks}")
        if inputs is not None and fields:
            raise ValueError("GaugeTrunk takes fields to compute or inputs that the data has, got both: drop one")
        if space is not None:
            _check_space(space, first, inputs, frame_field, levels)
        names = layer_names(layers, (POLYNOMIAL, NO_LAYERS))
        computed = InputFields(**(fields or {}), group=str(first.group))
        self.config = {name: given[name] for name in GaugeSettings.__annotations__}
        self.config |= {
            "levels": list(levels),
            "rep": str(first),
            "fields": computed.settings if inputs is None else {},
        }
        size: dict[str, Any] = {"levels": levels, "level_neighbours": neighbours}
        depth = len(levels)
        if layers == NO_LAYERS:
            size, depth = {}, 0
        elif not levels:
            size, depth = {"neighbours": neighbours}, 1
        self.bundle_transform: FrameBundle | HomogeneousBundle
        if space is None:
            self.bundle_transform = FrameBundle(**size, group=str(first.group), field=frame_field)
            self.vectors = self.bundle_transform.vectors
        else:
            self.bundle_transform = HomogeneousBundle(Sphere(), **size)
        self.on_sphere, self.dropout = space is not None, dropout
        self.field_transform = computed if inputs is None else None
        self.rep_in = computed.rep if inputs is None else Representation(inputs, first.group)
        sided = computed.oriented if inputs is None else self.rep_in.num_invariants == self.rep_in.dim
        self.mirrors = self.rep_in.group.reflections and sided
        self.first = 1 if "levels" in size else 0  # the level on which the U-Net begins
        self.enter_pool = Pool(self.rep_in)
        self.enter = Intertwiner(self.rep_in, first) if depth else nn.Identity()
        self.unet = UNet(first, depth, self.first, growth, blocks, False, profiles, dropout, layers)
        numbers = range(self.first, self.first + depth) if "diffusion" in names else ()
        spectra = [ConnectionSpectrum(first.orders, level=level, group=str(first.group)) for level in numbers]
        self.fields_transform = Compose(spectra if inputs is not None else [*spectra, computed])
        self.transform = Compose([self.bundle_transform, *self.fields_transform.transforms])

    @property
    def degree(self) -> int | None:
        """Degree in the input fields of features that are polynomials of them, else None."""
        blocks = [layer.degree for layer in self.modules() if isinstance(layer, PolynomialBlock)]
        return prod(blocks) if blocks else None

    def inputs(self, data: Data) -> Tensor:
        """Return the input fields ``(V, rep_in.dim)`` in the precision of the weights."""
        if getattr(data, "x", None) is None:
            raise ValueError(
                "the network needs input fields x: apply net.transform to the mesh first"
                + ("" if self.field_transform is not None else f", and set x of representation {self.rep_in}")
            )
        self.rep_in.check(data.x, type(self).__name__)
        return data.x.to(self.precision.dtype)

    def forward(self, data: Data) -> Features:
        """Return the features of data made by ``transform``, single or batched."""
        x, level = self.inputs(data), Level.of(data).at(self.first)
        y, at = self.enter_pool(x, level) if self.first else x, self.unet.levels(level)
        levels = self.unet.encode(self.enter(y), at)
        return Features(x, levels, self.unet.decode(levels, at) if levels else y, level)

    def ready(self, data: Data) -> Data:
        """Return what the trunk reads: a mesh transformed, a bundle with what it lacks, in its own frames.

        Args:
            data: A mesh, or what ``transform`` made of one; single, or batched after the transform.

        Raises:
            ValueError: For a batch of meshes that lack something.
        """
        bare = getattr(data, "frame", None) is None
        if not bare and (getattr(data, "x", None) is not None or self.field_transform is None):
            return data
        if getattr(data, "batch", None) is not None:
            raise ValueError(
                "the network needs net.transform applied to each mesh of a batch, got a batch without "
                f"{'frames' if bare else 'input fields x'}: transform the meshes, then batch them"
            )
        return self.transform(data) if bare else self.fields_transform(data)

    def invariants(self, count: int) -> Readout:
        """Return a new readout of invariant numbers at the vertices."""
        return VertexReadout(self.unet, self.rep_in, Representation.invariants(count, self.group), invariant=True)

    def field(self, rep: Representation) -> Readout:
        """Return a new readout of a field at the vertices."""
        return VertexReadout(self.unet, self.rep_in, rep, invariant=False)

    def whole(self) -> Readout:
        """Return a new readout of whole shapes."""
        return ShapeReadout(self.unet, self.rep_in)

    def sample(self, level: int | None = None) -> SphereSample:
        """Return the vertices of an icosphere; by default the coarsest one with more of them than the first level."""
        if not self.on_sphere:
            return super().sample(level)
        if level is None:
            level, first = _COARSEST, self.config["levels"][:1]
            while first and 10 * 4**level + 2 <= first[0]:
                level += 1
        bundle = self.bundle_transform(icosphere(level))
        count = math.isqrt(len(bundle.pos)) // 2
        return SphereSample(bundle.pos, bundle.area_0, bundle, icosahedral_rotations(), count)

    def usual_band_limit(self, sample: SphereSample) -> int:
        """Return a quarter of the square root of the vertices of the first level."""
        return math.isqrt(self.config["levels"][0] if self.config["levels"] else len(sample.point)) // 4


def _check_space(
    space: str, rep: Representation, inputs: str | None, frame_field: str | None, levels: Sequence[int]
) -> None:
    if space != "sphere":
        raise ValueError(f'GaugeTrunk expects space "sphere", or None for meshes, got "{space}"')
    if inputs is None:
        raise ValueError(
            f'GaugeTrunk computes fields of meshes only, got space="{space}" without inputs: name the representation '
            'of the data\'s own x, such as inputs="1x0"'
        )
    if str(rep.group) != "SO2":
        raise ValueError(f"GaugeTrunk on the {space} has frames that change by SO2, got {rep}: use a rep of SO2")
    if frame_field is not None:
        raise ValueError(
            f'GaugeTrunk on the {space} fixes frames itself, got frame_field="{frame_field}": leave it out'
        )
    if not set(levels) <= {10 * 4**level + 2 for level in range(FINEST + 1)}:
        raise ValueError(
            f"GaugeTrunk on the {space} has icospheres as levels, 10 * 4^k + 2 vertices such as (642, 162, 42), got "
            f"{tuple(levels)}: other numbers of first vertices are spread unevenly"
        )
