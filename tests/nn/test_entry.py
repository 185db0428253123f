"""The entry of layers: what does not fit is refused in their name; what older versions gave still works."""

import copy

import pytest
import torch
from layer_table import bundle

from gaugenet.nn import (
    ConnectionLaplacian,
    DifferentialConv,
    Diffusion,
    GaugeAttention,
    GaugeConv,
    GlobalPool,
    ImplicitDiffusion,
    Laplacian,
    Level,
    LevelMap,
    MessageConv,
    Pool,
    Raise,
    Spectrum,
    Stencil,
)
from gaugenet.nn.entry import Geometry
from gaugenet.representation import Representation

LAYERS = {
    "GaugeConv": lambda: GaugeConv("1x0", "1x1"),
    "GaugeAttention": lambda: GaugeAttention("1x0", "1x1"),
    "MessageConv": lambda: MessageConv("1x0", "1x1"),
    "DifferentialConv": lambda: DifferentialConv("1x0", "1x1"),
    "Raise": lambda: Raise("1x0"),
    "Laplacian": lambda: Laplacian("1x0"),
}
TABLE = pytest.mark.parametrize("name", LAYERS)


@TABLE
def test_what_does_not_fit_is_refused(name):
    layer = LAYERS[name]()
    with pytest.raises(ValueError, match=rf"{name} expects features of representation 1x0 .*got shape \(150, 2\)"):
        layer(torch.zeros(150, 2), bundle("sphere"))
    with pytest.raises(ValueError, match=rf"{name} expects features \(150, 1\), a row for each vertex, got \(149, 1\)"):
        layer(torch.zeros(149, 1), bundle("sphere"))
    with pytest.raises(ValueError, match=rf"{name} of SO2 cannot run on a bundle of O2"):
        layer(torch.zeros(150, 1), bundle("sphere", "O2"))


@TABLE
def test_everything_has_to_be_on_one_device(name):
    with pytest.raises(ValueError, match=rf"{name} needs weights .*bundle \(on cpu\) and features \(on meta\)"):
        LAYERS[name]()(torch.zeros(150, 1, device="meta"), bundle("sphere"))


@pytest.mark.parametrize("name", ["GaugeConv", "GaugeAttention", "MessageConv", "DifferentialConv"])
def test_weights_have_to_be_there_too(name):
    with pytest.raises(ValueError, match=rf"{name} needs weights \(on meta\), bundle \(on cpu\)"):
        LAYERS[name]().to("meta")(torch.zeros(150, 1), bundle("sphere"))


@pytest.mark.parametrize("name", ["GaugeConv", "DifferentialConv", "Raise", "Laplacian"])
def test_features_are_looked_at_once(name, monkeypatch):
    seen = []
    plain = Representation.check
    monkeypatch.setattr(Representation, "check", lambda rep, x, where: seen.append(where) or plain(rep, x, where))
    LAYERS[name]()(torch.zeros(150, 1), bundle("sphere"))
    assert seen == [name]


@pytest.mark.parametrize(
    ("piece", "layer"),
    [
        (Stencil, lambda: GaugeConv("2x1", "2x1")),
        (Spectrum, lambda: Diffusion("2x1")),
        (ConnectionLaplacian, lambda: ImplicitDiffusion("2x1")),
        (LevelMap, lambda: Pool("2x1")),
    ],
)
def test_pieces_of_a_level_are_the_level_for_one_more_release(piece, layer):
    torch.manual_seed(0)
    data, layer, number = bundle("sphere"), layer().double(), int(piece is LevelMap)
    with pytest.warns(
        DeprecationWarning,
        match=rf"{piece.__name__}\.from_data\(data, level\) .* use gaugenet\.nn\.Level\(data, level\)",
    ) as warned:
        given = piece.from_data(data)
    assert [one.filename for one in warned] == [__file__]  # at the line of the user
    x = layer.rep_in.randn(150, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert given.number == number and torch.equal(layer(x, given), layer(x, Level(data, number)))


def test_a_geometry_is_a_level_for_one_more_release():
    data = copy.copy(bundle("sphere"))
    with pytest.warns(DeprecationWarning, match=r"Geometry\(data\) is deprecated .* use gaugenet\.nn\.Level\(data\)"):
        data.geometry = geometry = Geometry(data)
    assert geometry.level(1) is geometry.coarser and geometry.map_to(1) is geometry.coarser.map
    assert Level.of(data, 1) is geometry.coarser


def test_a_pool_of_the_whole_shape_takes_the_number_of_a_level():
    data, pool = bundle("sphere"), GlobalPool("2x0 + 1x1")
    x = pool.rep_in.randn(len(data.area_1), dtype=torch.float64)
    with pytest.warns(DeprecationWarning, match=r"use pool\(x, gaugenet.nn.Level\(data, level\)\)") as warned:
        old = pool(x, data, 1)
    assert [one.filename for one in warned] == [__file__]
    assert torch.equal(old, pool(x, Level(data, 1)))


def test_a_part_of_a_level_is_refused():
    with pytest.raises(TypeError, match=r"expected a Level, or data with a bundle, got a Stencil: give Level\(data\)"):
        GaugeConv("1x0", "1x0").double()(torch.ones(150, 1, dtype=torch.float64), Level(bundle("sphere")).stencil)
