"""Layers on samples of S^2, R^2 and H^2: exact under symmetries of the sample, convergent for all of the group."""

import functools
import math

import pytest
import torch
from layer_table import ROWS, Row, of_data
from space_table import SAMPLES, carried, permutation, random_points, sample, seeded, shift, turn_about

from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere, hexagonal_lattice, icosphere, square_lattice
from gaugenet.homogeneous.tilings import SIDE, triangular_tiling
from gaugenet.models.unet import UNet
from gaugenet.nn import GaugeConv, Level, ResidualBlock
from gaugenet.representation import Representation
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle

REP, OUT = "2x0 + 2x1 + 1x2", "1x0 + 2x1 + 1x3"
# Samples with coarser levels among their first vertices.
LEVELS = {
    "icosphere": (42, 12),
    "square": (25,),
    "hexagonal": (19,),
    "subdivided tiling": (92, 29),
}


@pytest.fixture(autouse=True)
def parameters():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def error_under(space, bundle, apply, rep_out, g, inside=None, turned=True):
    """The relative error of apply(g f) = g apply(f) at points ``inside``, which g takes to points of the sample."""
    x = space.points(bundle.pos)
    f = Representation(REP).randn(len(x), generator=seeded(), dtype=torch.float64)
    inside = torch.arange(len(x)) if inside is None else inside
    moved = permutation(space, x, g)
    known = moved >= 0
    assert known[inside].all()
    gf = torch.zeros_like(f)
    gf[moved[known]] = (carried(space, REP, x, f, g) if turned else f)[known]
    with torch.no_grad():
        before, after = carried(space, rep_out, x, apply(f), g), apply(gf)
    return float((after[moved[inside]] - before[inside]).norm() / before[inside].norm())


def errors(name, applied_on, rep_out, symmetries=None, turned=True, **settings):
    """The largest error under symmetries of a sample; ``applied_on`` returns what a layer does on a bundle."""
    space, data, group = sample(name)
    bundle = HomogeneousBundle(space, **settings)(data)
    apply = applied_on(bundle)
    return max(error_under(space, bundle, apply, rep_out, g, turned=turned) for g in group[:symmetries])


def convolution(bundle):
    conv, level = GaugeConv(REP, OUT).double(), Level(bundle)
    return lambda f: conv(f, level)


def network(bundle):
    net = UNet(REP, bundle.num_levels, 0, 1.0, 1, True, 2, 0.0, "conv + attention").double().eval()
    levels = net.levels(Level(bundle))
    return lambda f: net.decode(net.encode(f, levels), levels)


def block(bundle):
    layer, level = ResidualBlock(REP).double().eval(), Level(bundle)
    return lambda f: layer(f, level)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("settings", [{}, {"neighbours": 18}, {"radius": 0.61}], ids=str)
def test_convolution_is_exact_under_symmetries(name, settings):
    if name == "square" and not settings:
        settings = {"radius": 0.3}
    if name == "tiling" and "radius" in settings:
        settings = {"radius": SIDE}
    assert errors(name, convolution, OUT, **settings) < 1e-12


def test_all_sixty_rotations():
    assert len(sample("icosphere")[2]) == 60


@pytest.mark.parametrize("name", LEVELS)
def test_network_is_exact_under_symmetries(name):
    """A U-Net over the levels of nested samples: shares, radii and areas have the symmetries too."""
    settings = {"levels": LEVELS[name], "level_neighbours": 12, "neighbours": 12}
    assert errors(name, network, REP, symmetries=7, **settings) < 1e-11


# Rows that run on samples: networks of the table compute fields of meshes, and sampled functions know few angles.
EXACT = [row for row in ROWS if row.call is not of_data and row.inside is None]


@functools.cache
def sample_bundle(name):
    """A sample with a coarser level and all of its modes: of a multiple eigenvalue it takes every field to turn it."""
    space, data, _ = sample(name)
    bundle = HomogeneousBundle(space, neighbours=12, levels=LEVELS[name][:1], level_neighbours=8)(data)
    for level in (0, 1):
        bundle = ConnectionSpectrum(range(4), 2 * bundle.level_sizes[level], level)(bundle)
    return bundle


def layer_error(row, name):
    """The largest error of layer(g f) = g layer(f) under some symmetries of a sample."""
    space, _, group = sample(name)
    bundle, layer, worst = sample_bundle(name), row.build(), 0.0
    x, levels = space.points(bundle.pos), (row.level_in, row.level_out)
    before, after = (x[bundle[f"sample_index_{level}"]] if level > 0 else x for level in levels)
    f = row.features(layer, bundle)
    with torch.no_grad():
        for g in group[1:4]:
            gf = torch.empty_like(f)
            gf[permutation(space, before, g)] = carried(space, layer.rep_in, before, f, g)
            y, found = row.call(layer, f, bundle), row.call(layer, gf, bundle)
            if row.level_out >= 0:  # what belongs to the whole shape stays
                y, found = carried(space, layer.rep_out, after, y, g), found[permutation(space, after, g)]
            worst = max(worst, float((found - y).norm() / y.norm()))
    return worst


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("row", EXACT, ids=lambda row: row.name)
def test_every_layer_is_exact_under_symmetries(row, name):
    assert layer_error(row, name) < 1e-12


class ComponentwiseReLU(torch.nn.Module):
    """Broken: acts on the components of vectors."""

    rep_in = rep_out = Representation("2x0 + 2x1")

    def forward(self, x):
        return x.relu()


@pytest.mark.parametrize("name", LEVELS)
def test_a_broken_layer_is_found_out(name):
    assert layer_error(Row("relu", ComponentwiseReLU), name) > 0.01


def test_the_check_fails_without_the_turn_of_frames():
    assert errors("icosphere", convolution, OUT, symmetries=5, turned=False) > 0.1
    assert errors("tiling", convolution, OUT, symmetries=3, turned=False) > 0.1


def test_the_check_fails_on_a_sample_without_the_symmetry():
    space, data, group = sample("icosphere")
    bundle = HomogeneousBundle(space)(data)
    bundle.log_0[7, 1] += 0.01
    apply = convolution(bundle)
    assert max(error_under(space, bundle, apply, OUT, g) for g in group[:5]) > 1e-5


def lattice_symmetries(folds, first, second):
    """Turns about a point, and those that take it to another."""
    first, second = (torch.tensor(point, dtype=torch.float64) for point in (first, second))
    angles = [2 * math.pi * k / folds for k in range(folds)]
    return [turn_about(Plane(), first, a) for a in angles] + [shift(Plane(), first, second, a) for a in angles]


def tiling_symmetries():
    """Turns about the first vertex of layer 1, and what follows them about the origin."""
    disc, x = HyperbolicPlane(), triangular_tiling(1).pos[:2, :2]
    turns = [[turn_about(disc, point, 2 * math.pi * k / 7) for k in range(1, 7)] for point in x]
    return turns[1] + [a @ b for a, b in zip(*turns, strict=True)]


@pytest.mark.parametrize(
    ("space", "data", "radius", "symmetries", "within"),
    [
        (Plane(), square_lattice(9), 1.5, lattice_symmetries(4, (1, 2), (-2, 0)), 2.5),
        (Plane(), hexagonal_lattice(8), 2.0, lattice_symmetries(6, (1, 0), (-0.5, 0.75**0.5)), 2.2),
        (HyperbolicPlane(), triangular_tiling(5), SIDE, tiling_symmetries(), 1.1 * SIDE),
    ],
    ids=["square", "hexagonal", "tiling"],
)
def test_local_symmetries_are_exact_inside(space, data, radius, symmetries, within):
    """Where neither a disc nor its image is cut by the rim of the patch; there it is another disc."""
    bundle = HomogeneousBundle(space, radius=radius)(data)
    x, apply = space.points(bundle.pos), convolution(bundle)
    r = space.distance(space.origin(x), x)
    for g in symmetries:
        assert error_under(space, bundle, apply, OUT, g, (r < within).nonzero()[:, 0]) < 1e-11
    everywhere = (permutation(space, x, symmetries[-1]) >= 0).nonzero()[:, 0]
    assert error_under(space, bundle, apply, OUT, symmetries[-1], everywhere) > 1e-3


def field(space, x, anchor):
    """Smooth sections of the orders 0, 1, 2: powers of log(x, anchor), fading out; they move as the anchors do."""
    parts = []
    for order in range(3):
        log = space.log(x[:, None], anchor)
        value = (torch.polar(log[..., 0], log[..., 1]) ** order * torch.exp(-2 * log[..., 0] ** 2)).sum(1)
        parts += [value.real, value.imag][: 1 + (order > 0)]
    return torch.stack(parts, dim=1)


def error_for_any(space, data, inner, still=False, **settings):
    """The error of conv(g f) = g conv(f) for twelve g that take a point within ``inner`` to another, and turn there."""
    rep = "1x0 + 1x1 + 1x2"
    torch.manual_seed(0)
    conv = GaugeConv(rep, rep).double()
    bundle = HomogeneousBundle(space, **settings)(data)
    x, anchor, generator = space.points(bundle.pos), random_points(space, 3, 1), seeded(3)
    level = Level(bundle)
    inside = (space.distance(space.origin(x), x) < inner).nonzero()[:, 0]
    found = []
    with torch.no_grad():
        before = conv(field(space, x, anchor), level)
        for _ in range(12):
            i, j = inside[torch.randint(len(inside), (2,), generator=generator)]
            g = shift(space, x[i], x[j], 2 * math.pi * float(torch.rand((), generator=generator)))
            after = conv(field(space, x, anchor if still else space.act(g, anchor)), level)
            found.append((after[j] - carried(space, rep, x[i], before[i], g)).norm())
    return float(torch.stack(found).square().mean().sqrt() / before[inside].square().sum(1).mean().sqrt())


# Samples whose spacing halves from one to the next, and the order in the spacing from first to last that was seen.
FINER = {
    "icosphere": (Sphere(), [lambda level=level: icosphere(level) for level in (2, 3, 4)], 9.0, 2.5),
    "square": (Plane(), [lambda n=n: square_lattice(n, 2 / n) for n in (8, 16, 32)], 1.4, 2.3),
    "hexagonal": (Plane(), [lambda n=n: hexagonal_lattice(n, 2 / n) for n in (8, 16, 32)], 1.2, 2.2),
    "tiling": (HyperbolicPlane(), [lambda n=n: triangular_tiling(2, n) for n in (1, 2, 3)], 1.3, 1.4),
}


@pytest.mark.parametrize("name", FINER)
def test_all_of_the_group_in_the_limit(name):
    """With a kernel of the fixed radius 0.5 errors fall with about the square of the spacing."""
    space, makes, inner, order = FINER[name]
    found = [error_for_any(space, make(), inner, radius=0.5) for make in makes]
    assert found[0] > found[1] > found[2] and found[2] < 0.01, found
    seen = math.log2(found[0] / found[2]) / 2
    assert seen == pytest.approx(order, abs=0.15), (found, seen)


def test_a_field_that_stays_is_another_field():
    assert error_for_any(Sphere(), icosphere(4), 9.0, still=True, radius=0.5) > 0.1


@pytest.mark.slow
def test_order_on_fine_icospheres():
    """From 642 to 10,242 vertices with the radius 0.4: second order, as it is for smooth quadrature."""
    found = [error_for_any(Sphere(), icosphere(level), 9.0, radius=0.4) for level in (3, 4, 5)]
    assert math.log2(found[0] / found[2]) / 2 > 1.5, found


def test_block_on_the_disc():
    assert errors("tiling", block, REP) < 1e-11
