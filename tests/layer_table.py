"""The table of layers: one row gives a layer every test of its kind. And the bundles on which they are tested."""

import copy
import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import surfaces
import torch
from group_table import REPS
from torch import Tensor, nn

from gaugenet.group import Group
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.models import ClassificationNet, CorrespondenceNet, SegmentationNet, TangentFieldNet
from gaugenet.nn import (
    ConnectionLaplacian,
    CovariantDerivative,
    Curl,
    DifferentialConv,
    Diffusion,
    Divergence,
    GatedNonlinearity,
    GaugeAttention,
    GaugeConv,
    GlobalPool,
    Gradient,
    GroupPool,
    ImplicitDiffusion,
    InnerProduct,
    Intertwiner,
    Laplacian,
    LayerNorm,
    Level,
    LevelMap,
    Lift,
    Lower,
    MessageConv,
    NormNonlinearity,
    PolynomialBlock,
    PolynomialConv,
    Pool,
    Project,
    Raise,
    RegularNonlinearity,
    ResidualBlock,
    Spectrum,
    Stencil,
    TensorProduct,
    Unpool,
)
from gaugenet.representation import Representation
from gaugenet.testing import Signature
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.input_fields import InputFields

REP = REPS["SO2"][0]
FIELDS = {"hks": 4, "eigenfunctions": 20, "position": True, **surfaces.NEAR}
LEVELS, NEIGHBOURS = (40, 14), 8
MESHES = ["sphere", "disc", "moebius", "dirty", "uneven"]


@functools.cache
def bundle(name: str, group: str = "SO2") -> Any:
    """Data of a mesh with three levels and input fields; a copy for each test."""
    make = {
        "sphere": lambda: surfaces.data_of(surfaces.uneven_sphere(150)),
        "disc": lambda: surfaces.data_of(surfaces.flat_disc(6)),
        "moebius": lambda: surfaces.data_of(surfaces.moebius()),
        "dirty": surfaces.dirty_sphere,
        "uneven": surfaces.needle,
    }[name]
    settings = {"neighbours": 10, "levels": LEVELS, "level_neighbours": NEIGHBOURS, "group": group}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        data = FrameBundle(**settings)(make())
    for level in (0, 1, 2):
        data = ConnectionSpectrum(orders=(0, 1, 2, 3), count=24, level=level)(data)
    return InputFields(**FIELDS, group=group, oriented=name != "moebius")(data)


def meshes_of(group: str) -> list[str]:
    """Names of the meshes that have a bundle of the group."""
    return [name for name in MESHES if name != "moebius" or Group(group).reflections]


def pointwise(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x)


def of_features_and_data(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x, data)


def on_level(level: int, kind: Any = Stencil) -> Callable[..., Tensor]:
    return lambda layer, x, data: layer(x, kind.from_data(data, level))


def in_level(level: int) -> Callable[..., Tensor]:
    return lambda layer, x, data: layer(x, Level(data, level))


def shape_of_level(level: int) -> Callable[..., Tensor]:
    return lambda layer, x, data: layer(x, data, level)


def between_levels(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    return layer(x, LevelMap.from_data(data, 1))


def of_data(layer: nn.Module, x: Tensor, data: Any) -> Tensor:
    data = copy.copy(data)
    data.x = x
    return layer(data)


def settings(group: str = "SO2") -> dict[str, Any]:
    rep = f"{group}: {REPS[group][3]}"
    return {"levels": LEVELS, "neighbours": NEIGHBOURS, "rep": rep, "blocks": 1, "fields": FIELDS}


def network(output: str, group: str = "SO2", **more: Any) -> SegmentationNet:
    return SegmentationNet(["arm", "leg", "head"], output=output, **settings(group), **more)


def classifier(layers: str = "none") -> ClassificationNet:
    return ClassificationNet(["cup", "chair"], layers=layers, **settings())


class Lifted(nn.Module):
    """``Lift`` behind ``Project``: from features to features."""

    def __init__(self, kind: str, group: str = "SO2") -> None:
        super().__init__()
        self.project, self.lift = Project(kind, 2, group), Lift(kind, 2, group)
        self.rep_in, self.rep_out = self.project.rep_in, self.lift.rep_out

    def forward(self, x: Tensor, data: Any) -> Tensor:
        self.rep_in.check(x, "Lifted")
        return self.lift(2 * self.project(x, data), data)


@dataclass(frozen=True)
class Row:
    """A layer under test.

    Attributes:
        make: returns a new layer. call: applies it, ``call(layer, x, data)``.
        level_in, level_out: of the vertices that its features belong to; -1 for the faces, -2 for whole shapes.
        group: its structure group. inside: the elements for which it is exact, where these are not all.
        kinks: whether its gradients jump.
    """

    name: str
    make: Callable[[], nn.Module]
    call: Callable[[nn.Module, Tensor, Any], Tensor] = pointwise
    level_in: int = 0
    level_out: int = 0
    group: str = "SO2"
    inside: str | None = None
    kinks: bool = False

    def build(self, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
        """Return the layer with random parameters, biases and scales included."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layer = self.make()
            for parameter in layer.parameters():
                if parameter.dim() == 1:
                    nn.init.normal_(parameter, 0.5)
        return layer.to(dtype).eval()

    def signature(self, layer: nn.Module) -> Signature:
        return Signature(layer, level_in=self.level_in, level_out=self.level_out, call=self.call)

    def reps(self, layer: nn.Module) -> tuple[Representation, Representation]:
        return layer.rep_in, layer.rep_out

    def features(self, layer: nn.Module, data: Any, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return random features of the layer's input."""
        return self.signature(layer).features(data, seed, dtype)


DIFFUSE = "differential + diffusion"
EVERY = "conv + attention + message + differential + diffusion + implicit"
ROWS = [
    Row("Intertwiner", lambda: Intertwiner(REP, "2x3 + 5x0 + 1x2 + 3x1")),
    Row("Intertwiner without bias", lambda: Intertwiner(REP, "3x1 + 2x0", bias=False)),
    Row("GaugeConv", lambda: GaugeConv(REP, "2x1 + 3x0 + 1x2 + 1x0"), on_level(0)),
    Row("GaugeConv on data", lambda: GaugeConv("2x0", "2x1 + 2x2", profiles=3), of_features_and_data),
    Row("GaugeConv on level 1", lambda: GaugeConv("3x1", "2x0 + 1x1", profiles=1), on_level(1), 1, 1),
    Row("GaugeAttention", lambda: GaugeAttention(REP, "2x1 + 3x0 + 1x2", heads=2), on_level(0)),
    Row("GaugeAttention on level 1", lambda: GaugeAttention("2x1", "2x0 + 1x3", 3, 1), on_level(1), 1, 1),
    Row("MessageConv", lambda: MessageConv(REP, "2x1 + 3x0 + 1x2"), on_level(0)),
    Row("MessageConv on level 1", lambda: MessageConv("2x1", "2x0 + 1x3", 5, 1), on_level(1), 1, 1),
    Row("NormNonlinearity", lambda: NormNonlinearity(REP)),
    Row("GatedNonlinearity", lambda: GatedNonlinearity(REP)),
    Row("RegularNonlinearity", lambda: RegularNonlinearity("4x0 + 3x1 + 2x2", samples=7), inside="C7", kinks=True),
    Row("LayerNorm", lambda: LayerNorm(REP)),
    Row("LayerNorm of tangents", lambda: LayerNorm("3x1 + 2x2")),
    Row("InnerProduct", lambda: InnerProduct(REP, 5)),
    Row("TensorProduct", lambda: TensorProduct(REP, "2x0 + 3x1 + 1x2 + 1x6")),
    Row("PolynomialConv", lambda: PolynomialConv("2x0 + 1x1", "2x0 + 1x1 + 1x2", degree=3), on_level(0)),
    Row("nested PolynomialConv", lambda: PolynomialConv("2x0 + 1x1", "3x0 + 2x1", 3, "nested"), on_level(1), 1, 1),
    Row("ResidualBlock", lambda: ResidualBlock(REP), on_level(0)),
    Row("ResidualBlock of attention and messages", lambda: ResidualBlock(REP, layers="attention+message"), on_level(0)),
    Row("ResidualBlock of diffusion", lambda: ResidualBlock(REP, layers=DIFFUSE), in_level(1), 1, 1),
    Row("ResidualBlock of implicit steps", lambda: ResidualBlock(REP, layers="implicit+conv"), of_features_and_data),
    Row("PolynomialBlock", lambda: PolynomialBlock(REP), on_level(0)),
    Row("ResidualBlock of invariants", lambda: ResidualBlock("6x0"), on_level(1), 1, 1),
    Row("Diffusion", lambda: Diffusion(REP), of_features_and_data),
    Row("Diffusion on level 1", lambda: Diffusion("2x1 + 3x0 + 1x2"), on_level(1, Spectrum), 1, 1),
    Row("ImplicitDiffusion", lambda: ImplicitDiffusion(REP), of_features_and_data),
    Row("ImplicitDiffusion on level 1", lambda: ImplicitDiffusion("2x1 + 1x0"), on_level(1, ConnectionLaplacian), 1, 1),
    Row("CovariantDerivative", lambda: CovariantDerivative(REP), on_level(0)),
    Row("Gradient", lambda: Gradient("3x0"), of_features_and_data),
    Row("Divergence", lambda: Divergence("3x1"), on_level(1), 1, 1),
    Row("Curl", lambda: Curl("2x1"), on_level(0)),
    Row("Raise", lambda: Raise("2x0 + 1x1 + 2x3"), on_level(0)),
    Row("Lower", lambda: Lower("2x1 + 1x2 + 1x3"), on_level(1), 1, 1),
    Row("connection Laplacian", lambda: Laplacian(REP), on_level(0)),
    Row("Hodge Laplacian", lambda: Laplacian("2x0 + 3x1", "hodge"), on_level(0)),
    Row("DifferentialConv", lambda: DifferentialConv(REP, "2x1 + 3x0 + 1x2 + 1x0"), on_level(0)),
    Row("DifferentialConv with Hessian", lambda: DifferentialConv("2x0 + 1x1", "2x2 + 1x3", True), on_level(1), 1, 1),
    Row("Pool", lambda: Pool(REP), between_levels, 0, 1),
    Row("Unpool", lambda: Unpool(REP), between_levels, 1, 0),
    Row("GroupPool", lambda: GroupPool(REP)),
    Row("GroupPool by maxima", lambda: GroupPool("4x0 + 3x1 + 2x2", "max", samples=7), inside="C7", kinks=True),
    Row("GlobalPool", lambda: GlobalPool(REP), of_features_and_data, 0, -2),
    Row("GlobalPool by attention", lambda: GlobalPool(REP, "attention"), shape_of_level(1), 1, -2),
    Row("GlobalPool by quantiles", lambda: GlobalPool(REP, "quantiles"), shape_of_level(1), 1, -2),
    Row("Lift and Project", lambda: Lifted("vector"), of_features_and_data),
    Row("Lift and Project of matrices", lambda: Lifted("symmetric"), of_features_and_data),
    Row("SegmentationNet", lambda: network("face"), of_data, 0, -1),
    Row("SegmentationNet of vertices", lambda: network("vertex"), of_data),
    Row("SegmentationNet with diffusion", lambda: network("vertex", layers="conv + diffusion"), of_data),
    Row("SegmentationNet, a polynomial", lambda: network("vertex", layers="polynomial"), of_data),
    Row("ClassificationNet", classifier, of_data, 0, -2),
    Row("ClassificationNet with layers", lambda: classifier("conv"), of_data, 0, -2, kinks=True),
    Row("CorrespondenceNet", lambda: CorrespondenceNet(9, 5, **settings()), of_data),
    Row("TangentFieldNet", lambda: TangentFieldNet("1x1 + 1x0 + 1x4", **settings()), of_data),
]  # fmt: skip


def rows_of(group: str) -> list[Row]:
    """Return the rows of another group than SO(2)."""
    one, other, functions, _ = (f"{group}: {text}" for text in REPS[group])
    samples = {"samples": 7} if group == "O2" else {}
    invariants = Representation.invariants(2, group)
    vectors = Gradient(invariants).rep_out
    tangents = Representation([term for term in Representation(other).terms if term[1].order], group)
    has_tangents = Representation(one).num_invariants < sum(block.multiplicity for block in Representation(one))
    rows = [
        Row("Intertwiner", lambda: Intertwiner(one, other)),
        Row("GaugeConv", lambda: GaugeConv(one, other), on_level(0)),
        Row("GaugeConv of functions", lambda: GaugeConv(functions, functions, 1, max_frequency=3), on_level(1), 1, 1),
        Row("GaugeAttention", lambda: GaugeAttention(one, other, heads=2), on_level(0)),
        Row("MessageConv", lambda: MessageConv(one, other), on_level(0)),
        Row("NormNonlinearity", lambda: NormNonlinearity(one)),
        Row("GatedNonlinearity", lambda: GatedNonlinearity(one)),
        Row("RegularNonlinearity", lambda: RegularNonlinearity(functions, **samples), kinks=True),
        Row("LayerNorm", lambda: LayerNorm(one)),
        Row("ResidualBlock", lambda: ResidualBlock(one), on_level(0)),
        Row("ResidualBlock of all layers", lambda: ResidualBlock(one, layers=EVERY), in_level(1), 1, 1),
        Row("TensorProduct", lambda: TensorProduct(one, other)),
        Row("PolynomialConv", lambda: PolynomialConv(one, one, 2, "nested", hidden=other), on_level(0)),
        Row("Diffusion", lambda: Diffusion(one), of_features_and_data),
        Row("ImplicitDiffusion", lambda: ImplicitDiffusion(other), on_level(1, ConnectionLaplacian), 1, 1),
        Row("CovariantDerivative", lambda: CovariantDerivative(one), on_level(0)),
        Row("Gradient", lambda: Gradient(invariants), on_level(1), 1, 1),
        Row("Divergence", lambda: Divergence(vectors), on_level(0)),
        Row("Curl", lambda: Curl(vectors), on_level(1), 1, 1),
        Row("Raise", lambda: Raise(other), on_level(0)),
        Row("connection Laplacian", lambda: Laplacian(one), on_level(0)),
        Row("DifferentialConv", lambda: DifferentialConv(one, other, hessian=True), on_level(0)),
        Row("Pool", lambda: Pool(one), between_levels, 0, 1),
        Row("Unpool", lambda: Unpool(other), between_levels, 1, 0),
        Row("GroupPool by maxima", lambda: GroupPool(functions, "max", **samples), kinks=True),
        Row("GlobalPool", lambda: GlobalPool(one, "max"), of_features_and_data, 0, -2),
        Row("Lift and Project", lambda: Lifted("symmetric", group), of_features_and_data),
        Row("SegmentationNet", lambda: network("face", group), of_data, 0, -1),
        Row("TangentFieldNet", lambda: TangentFieldNet(other, **settings(group)), of_data),
    ]
    rows += [Row("InnerProduct", lambda: InnerProduct(one, 5))] if has_tangents else []
    rows += [Row("Lower", lambda: Lower(tangents), on_level(0))] if tangents.terms else []
    if vectors.irreps[0].size == 2:
        rows.append(Row("Hodge Laplacian", lambda: Laplacian(invariants + vectors, "hodge"), on_level(0)))
    inside = {"RegularNonlinearity": "D7", "GroupPool by maxima": "D7"} if group == "O2" else {}
    return [replace(row, name=f"{group} {row.name}", group=group, inside=inside.get(row.name)) for row in rows]


GROUP_ROWS = [row for group in REPS if group != "SO2" for row in rows_of(group)]
