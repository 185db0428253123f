"""The table of layers: one row gives a layer every test of its kind. And the bundles on which they are tested."""

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import surfaces
import torch
from torch import Tensor, nn

from gaugenet.data.frame_bundle import FrameBundle
from gaugenet.data.input_fields import InputFields
from gaugenet.models import SegmentationNet
from gaugenet.nn import (
    GatedNonlinearity,
    GaugeConv,
    InnerProduct,
    Intertwiner,
    LayerNorm,
    LevelMap,
    NormNonlinearity,
    Pool,
    RegularNonlinearity,
    ResidualBlock,
    Stencil,
    Unpool,
)
from gaugenet.representation import Representation

REP = "4x0 + 3x1 + 2x0 + 2x3"
FIELDS = {"hks": 4, "eigenfunctions": 20, "position": True}
LEVELS, NEIGHBOURS = (40, 14), 8


@functools.cache
def bundle(name: str) -> Any:
    """Data of a mesh with three levels and input fields; a copy for each test."""
    make = {"sphere": lambda: surfaces.uneven_sphere(150), "disc": lambda: surfaces.flat_disc(6)}[name]
    data = FrameBundle(neighbours=10, levels=LEVELS, level_neighbours=NEIGHBOURS)(surfaces.data_of(make()))
    return InputFields(**FIELDS)(data)


def pointwise(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x)


def of_features_and_data(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x, data)


def on_level(level: int) -> Callable[..., Tensor]:
    return lambda layer, x, data: layer(x, Stencil.from_data(data, level))


def between_levels(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x, LevelMap.from_data(data, 1))


def of_data(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    data = copy.copy(data)
    data.x = x
    return layer(data)


def network(output: str) -> SegmentationNet:
    options = {"levels": LEVELS, "neighbours": NEIGHBOURS, "rep": "4x0 + 3x1 + 2x2", "blocks": 1}
    return SegmentationNet(["arm", "leg", "head"], output=output, fields=FIELDS, **options)


@dataclass(frozen=True)
class Row:
    """A layer under test.

    Attributes:
        make: returns a new layer. call: applies it, ``call(layer, x, data)``.
        level_in, level_out: of the vertices that its features belong to; -1 for the faces.
        rep_out: representation of the output, where the layer does not know it itself.
        steps: gauge angles are multiples of 2 pi / steps where the layer is exact for those only.
    """

    name: str
    make: Callable[[], nn.Module]
    call: Callable[[nn.Module, Tensor, Any], Tensor] = pointwise
    level_in: int = 0
    level_out: int = 0
    rep_out: str | None = None
    steps: int | None = None

    def build(self, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
        """Return the layer with random parameters, biases and scales included."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layer = self.make()
            for parameter in layer.parameters():
                if parameter.dim() == 1:
                    nn.init.normal_(parameter, 0.5)
        return layer.to(dtype).eval()

    def reps(self, layer: nn.Module) -> tuple[Representation, Representation]:
        return layer.rep_in, Representation(self.rep_out) if self.rep_out else layer.rep_out

    def features(self, layer: nn.Module, data: Any, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return random features of the layer's input."""
        generator = torch.Generator().manual_seed(seed)
        x = self.reps(layer)[0].randn(size(data, self.level_in), generator=generator, dtype=torch.float64)
        return x.to(dtype)

    def angles(self, data: Any, seed: int = 0) -> Tensor:
        """Return a random angle for each vertex of the mesh [rad]."""
        generator = torch.Generator().manual_seed(seed)
        if self.steps is None:
            return 2 * math.pi * torch.rand(size(data, 0), generator=generator, dtype=torch.float64)
        return torch.randint(self.steps, (size(data, 0),), generator=generator).double() * (2 * math.pi / self.steps)


def size(data: Any, level: int) -> int:
    return data.face.shape[1] if level < 0 else data[f"area_{level}"].shape[0]


def at_level(angle: Tensor, data: Any, level: int) -> Tensor:
    """Return the gauge angles of the vertices of a level, zeros at faces."""
    if level < 0:
        return angle.new_zeros(data.face.shape[1])
    return angle if level == 0 else angle[data[f"sample_index_{level}"]]


ROWS = [
    Row("Intertwiner", lambda: Intertwiner(REP, "2x3 + 5x0 + 1x2 + 3x1")),
    Row("Intertwiner without bias", lambda: Intertwiner(REP, "3x1 + 2x0", bias=False)),
    Row("GaugeConv", lambda: GaugeConv(REP, "2x1 + 3x0 + 1x2 + 1x0"), on_level(0)),
    Row("GaugeConv on data", lambda: GaugeConv("2x0", "2x1 + 2x2", profiles=3), of_features_and_data),
    Row("GaugeConv on level 1", lambda: GaugeConv("3x1", "2x0 + 1x1", profiles=1), on_level(1), 1, 1),
    Row("NormNonlinearity", lambda: NormNonlinearity(REP)),
    Row("GatedNonlinearity", lambda: GatedNonlinearity(REP)),
    Row("RegularNonlinearity", lambda: RegularNonlinearity("4x0 + 3x1 + 2x2", samples=7), steps=7),
    Row("LayerNorm", lambda: LayerNorm(REP)),
    Row("LayerNorm of tangents", lambda: LayerNorm("3x1 + 2x2")),
    Row("InnerProduct", lambda: InnerProduct(REP, 5)),
    Row("ResidualBlock", lambda: ResidualBlock(REP), on_level(0)),
    Row("ResidualBlock of invariants", lambda: ResidualBlock("6x0"), on_level(1), 1, 1),
    Row("Pool", lambda: Pool(REP), between_levels, 0, 1),
    Row("Unpool", lambda: Unpool(REP), between_levels, 1, 0),
    Row("SegmentationNet", lambda: network("face"), of_data, 0, -1, "3x0"),
    Row("SegmentationNet of vertices", lambda: network("vertex"), of_data, 0, 0, "3x0"),
]  # fmt: skip
