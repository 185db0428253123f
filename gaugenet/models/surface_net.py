"""What networks on meshes share: input fields of a mesh, and a U-Net over the levels of its bundle."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.homogeneous import Sphere
from gaugenet.homogeneous.icosphere import FINEST
from gaugenet.models.evaluating import evaluating
from gaugenet.models.network import Network
from gaugenet.models.unet import NO_LAYERS, POLYNOMIAL, UNet
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


class SurfaceNet(Network):
    """Turn a mesh into features on the first level of its bundle; networks make of them what they are for.

    Input fields are averaged onto the first coarser level, where a U-Net begins; ``transform`` makes them of a mesh.

    Args:
        levels: vertices of the levels, as for ``FrameBundle``; without any the network runs on the mesh itself.
        neighbours: mean number of neighbours in the discs.
        rep: representation on the first level; multiplicities grow by ``growth`` a level.
        blocks: residual blocks a level on the way down; one on the way up.
        layers: by which a vertex learns from others, as for ``ResidualBlock``: "conv", "attention", "message",
            "differential", "diffusion", "implicit", several joined by "+"; or "polynomial": the output is a polynomial
            of the input fields, with no other nonlinearity, and no dropout; or, of networks that may, "none".
        profiles: radial profiles. dropout: of invariants in training.
        fields: settings of ``InputFields``. inputs: or the representation of features ``x`` that the data has itself.
        frame_field: what fixes frames where the group of ``rep`` is finite, as for ``FrameBundle``.
        space: "sphere" for points of the unit sphere, such as an icosphere: ``transform`` is ``HomogeneousBundle``, the
            first vertices are the levels, frames change by SO2, and features are the data's own, named by ``inputs``.
    """

    has_way_up = True
    may_be_polynomial = True
    may_lack_layers = False
    field_transform: InputFields | None

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
        super().__init__()
        first = Representation(rep)
        name = type(self).__name__
        if first.num_invariants == 0:
            raise ValueError(f"{name} needs invariants in its representation, got {rep}: add copies of order 0")
        if growth < 1:
            raise ValueError(f"{name} expects a growth >= 1, got {growth}")
        if blocks < 1:
            raise ValueError(f"{name} expects blocks >= 1, got {blocks}")
        if inputs is not None and fields:
            raise ValueError(f"{name} takes fields to compute or inputs that the data has, got both: drop one")
        if space is not None:
            _check_space(name, space, first, inputs, frame_field, levels)
        self.polynomial = layers == POLYNOMIAL
        if self.polynomial and not self.may_be_polynomial:
            raise ValueError(f"{name} takes norms, of which its output is no polynomial: choose other layers")
        if layers == NO_LAYERS and not self.may_lack_layers:
            raise ValueError(f'{name} is made of its layers, got layers="{NO_LAYERS}": name some, such as "conv"')
        words = {POLYNOMIAL: self.may_be_polynomial, NO_LAYERS: self.may_lack_layers}
        names = layer_names(layers, [word for word, may in words.items() if may])
        fields_of = InputFields(**(fields or {}), group=str(first.group))
        self.config = {
            "levels": list(levels),
            "neighbours": neighbours,
            "rep": str(first),
            "growth": growth,
            "blocks": blocks,
            "layers": layers,
            "profiles": profiles,
            "dropout": dropout,
            "fields": fields_of.settings if inputs is None else {},
            "inputs": inputs,
            "frame_field": frame_field,
            "space": space,
        }
        size: dict[str, Any] = {"levels": levels, "level_neighbours": neighbours}
        depth = len(levels)
        if layers == NO_LAYERS:
            size, depth = {}, 0
        elif not levels:
            size, depth = {"neighbours": neighbours}, 1
        self.bundle_transform: FrameBundle | HomogeneousBundle = (
            FrameBundle(**size, group=str(first.group), field=frame_field)
            if space is None
            else HomogeneousBundle(Sphere(), **size)
        )
        self.field_transform = fields_of if inputs is None else None
        self.rep_in = fields_of.rep if inputs is None else Representation(inputs, first.group)
        self.first = 1 if "levels" in size else 0  # the level on which the network begins
        self.enter_pool = Pool(self.rep_in)
        self.enter = Intertwiner(self.rep_in, first) if depth else nn.Identity()
        self.unet = UNet(first, depth, self.first, growth, blocks, self.has_way_up, profiles, dropout, layers)
        self.spectra = []
        if "diffusion" in names:
            numbers = range(self.first, self.first + depth)
            self.spectra = [ConnectionSpectrum(first.orders, level=level, group=str(first.group)) for level in numbers]

    @property
    def transform(self) -> BaseTransform:
        """What turns a mesh (pos, face) into the network's input."""
        steps = [self.bundle_transform, *self.spectra, self.field_transform]
        return Compose([step for step in steps if step is not None])

    @property
    def degree(self) -> int | None:
        """Degree in the input fields of an output that is a polynomial of them; None of other networks."""
        blocks = [layer.degree for layer in self.modules() if isinstance(layer, PolynomialBlock)]
        return prod(blocks) if self.polynomial else None

    @property
    def mirrors(self) -> bool:
        """Whether a mesh and its mirror image get the same scores."""
        if self.field_transform is None:
            return self.rep_in.group.reflections and self.rep_in.num_invariants == self.rep_in.dim
        return self.rep_in.group.reflections and self.field_transform.oriented

    @abstractmethod
    def forward(self, data: Data) -> Any:
        """Run on data made by ``transform``, single or batched."""

    def inputs(self, data: Data) -> Tensor:
        """Return the input fields ``(V, rep_in.dim)`` in the precision of the weights."""
        name = type(self).__name__
        if getattr(data, "x", None) is None:
            raise ValueError(
                f"{name} needs input fields x: apply net.transform to the mesh first"
                + ("" if self.field_transform is not None else f", and set x of representation {self.rep_in}")
            )
        self.rep_in.check(data.x, name)
        return data.x.to(next(self.parameters()).dtype)

    def first_map(self, data: Data) -> Level | None:
        """Return the level on which the network begins, None where that is the mesh itself."""
        return Level.of(data, 1) if self.first else None

    def on_first_level(self, x: Tensor, at: Level | None) -> Tensor:
        """Average input fields of the vertices onto the level on which the network begins, by ``first_map``."""
        return x if at is None else self.enter_pool(x, at)

    def ready(self, data: Data) -> Data:
        """Return what the network runs on: of a mesh what ``transform`` makes of it; a bundle keeps its frames.

        Raises:
            ValueError: for a batch of meshes that lack something.
        """
        bare = getattr(data, "frame", None) is None
        if not bare and (getattr(data, "x", None) is not None or self.field_transform is None):
            return data
        if getattr(data, "batch", None) is not None:
            raise ValueError(
                f"{type(self).__name__} needs net.transform applied to each mesh of a batch, got a batch without "
                f"{'frames' if bare else 'input fields x'}: transform the meshes, then batch them"
            )
        return self.transform(data) if bare else Compose([*self.spectra, self.field_transform])(data)

    def evaluated(self, data: Data, ask: Callable[[Data], Any] | None = None) -> Any:
        """Return the output, or what ``ask`` returns, in evaluation, of a mesh or of what ``transform`` made of one."""
        data = self.ready(data)
        with evaluating(self):
            return (ask or self)(data)


def _check_space(
    name: str, space: str, rep: Representation, inputs: str | None, frame_field: str | None, levels: Sequence[int]
) -> None:
    if space != "sphere":
        raise ValueError(f'{name} expects space "sphere", or None for meshes, got "{space}"')
    if inputs is None:
        raise ValueError(
            f'{name} computes fields of meshes alone, got space="{space}" without inputs: name the representation of '
            'the data\'s own x, such as inputs="1x0"'
        )
    if str(rep.group) != "SO2":
        raise ValueError(f"{name} on the {space} has frames that change by SO2, got {rep}: use a rep of SO2")
    if frame_field is not None:
        raise ValueError(f'{name} on the {space} fixes frames itself, got frame_field="{frame_field}": leave it out')
    if not set(levels) <= {10 * 4**level + 2 for level in range(FINEST + 1)}:
        raise ValueError(
            f"{name} on the {space} has icospheres as levels, 10 * 4^k + 2 vertices such as (642, 162, 42), got "
            f"{tuple(levels)}: other numbers of first vertices are spread unevenly"
        )
