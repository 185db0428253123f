"""Differential operators: against least squares one vertex at a time, and exact where they must be."""

import math

import pytest
import surfaces
import torch
from group_table import REPS
from layer_table import bundle, level_of
from reference_derivative import reference_jet

from gaugenet.group import Group
from gaugenet.kernel import Wave
from gaugenet.nn import (
    CovariantDerivative,
    Curl,
    DifferentialConv,
    Divergence,
    Gradient,
    Intertwiner,
    Laplacian,
    Level,
    Lower,
    Raise,
)
from gaugenet.nn.convolution import jet
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import restrict, tensor_product
from gaugenet.transforms.frame_bundle import FrameBundle


def random(rep, count, seed=0):
    return Representation(rep).randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def relative(a, b):
    return float((a - b).abs().max() / b.abs().max())


def vectors_of(group):
    return Gradient(Representation.invariants(1, group)).rep_out


# The reference


def of_reference(data, x, irrep):
    """D_- z, D_+ z and the Laplacian ``(V, 2)`` from the reference, for a pair."""
    g, h = (torch.from_numpy(part) for part in reference_jet(Level(data).stencil, x, irrep))
    (re_1, im_1), (re_2, im_2) = (g[:, k].unbind(1) for k in (0, 1))
    down, up = torch.stack([re_1 + im_2, im_1 - re_2], 1), torch.stack([re_1 - im_2, im_1 + re_2], 1)
    return down, up, -(h[:, 0] + h[:, 2])


SURFACES = {"sphere": (lambda: surfaces.uneven_sphere(200), "SO2"), "disc": (lambda: surfaces.flat_disc(6), "SO2")}
SURFACES["moebius"] = (surfaces.moebius, "O2")


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("surface", SURFACES)
def test_it_is_the_reference(surface, order):
    make, group = SURFACES[surface]
    data = FrameBundle(neighbours=24, group=group)(surfaces.data_of(make()))
    rep = Representation(f"{group}: 1x{order}")
    x = random(rep, len(data.pos))
    down, up, laplacian = of_reference(data, x, rep.irreps[0])
    assert relative(CovariantDerivative(rep)(x, data), torch.cat([down, up], 1)) < 1e-9
    assert relative(Lower(rep)(x, data), down) < 1e-9
    assert relative(Raise(rep)(x, data), up) < 1e-9
    assert relative(Laplacian(rep)(x, data), laplacian) < 1e-9


def test_second_derivatives_are_the_reference():
    """The moment of frequency 2, with which DifferentialConv takes the Hessian."""
    data = FrameBundle(neighbours=24)(surfaces.data_of(surfaces.uneven_sphere(200)))
    rep, at = Representation("1x0"), Level(data)
    x = random(rep, len(data.pos))
    h = torch.from_numpy(reference_jet(at.stencil, x, rep.irreps[0])[1])
    waves = (Wave(2, 0), Wave(2, 1))
    got = at.jet().moments(x, rep.irreps[0], waves)[:, :, 0]
    assert relative(got, torch.stack([h[:, 0] - h[:, 2], 2 * h[:, 1]], 1)[:, :, 0]) < 1e-9


def test_the_reference_notices_transport_the_wrong_way():
    data = FrameBundle(neighbours=24)(surfaces.data_of(surfaces.uneven_sphere(200)))
    x = random("1x1", 200)
    _, up, _ = of_reference(data, x, Representation("1x1").irreps[0])
    data.transport_0 = -data.transport_0
    assert relative(Raise("1x1")(x, data), up) > 0.1


# The plane


@pytest.fixture(scope="module")
def plane():
    return FrameBundle(neighbours=24)(surfaces.data_of(surfaces.flat_disc(8)))


def in_frames(data, vector):
    return torch.einsum("vka,va->vk", data.frame[:, :2], vector)


def test_quadratic_functions_of_the_plane_are_exact(plane):
    """At the boundary, too, where discs are halves."""
    x, y, zero = *plane.pos.T[:2], torch.zeros(len(plane.pos)).double()
    f = torch.stack([1 + 2 * x - y, x * x - 3 * x * y + 0.5 * y * y], 1)
    gradients = [torch.stack([zero + 2, zero - 1, zero], 1), torch.stack([2 * x - 3 * y, y - 3 * x, zero], 1)]
    got = Gradient("2x0")(f, plane).unflatten(1, (2, 2))
    for k, gradient in enumerate(gradients):
        assert (got[:, :, k] - in_frames(plane, gradient)).abs().max() < 1e-10
    exact = torch.stack([zero, zero - 3], 1)
    for kind in ("connection", "hodge"):
        assert (Laplacian("2x0", kind)(f, plane) - exact).abs().max() < 1e-8


def test_quadratic_vectors_of_the_plane_are_exact(plane):
    x, y, zero = *plane.pos.T[:2], torch.zeros(len(plane.pos)).double()
    v = in_frames(plane, torch.stack([x * y, 3 * x - y * y, zero], 1))
    assert (Divergence("1x1")(v, plane)[:, 0] - (y - 2 * y)).abs().max() < 1e-10
    assert (Curl("1x1")(v, plane)[:, 0] - (3 - x)).abs().max() < 1e-10
    laplacian = in_frames(plane, torch.stack([zero, zero + 2, zero], 1))
    for kind in ("connection", "hodge"):
        assert (Laplacian("1x1", kind)(v, plane) - laplacian).abs().max() < 1e-8


@pytest.mark.parametrize("settings", [{}, {"neighbours": 24}], ids=["1-ring", "disc"])
def test_what_is_parallel_has_no_derivative(settings):
    """Fields of every order that are constant in the plane; not so where features are not carried."""
    data = FrameBundle(**settings)(surfaces.data_of(surfaces.flat_disc(6)))
    angle = torch.atan2(data.frame[:, 0, 1], data.frame[:, 0, 0])
    rep = Representation("1x0 + 1x1 + 1x3")
    x = rep.act(torch.tensor([[0.3, 1.0, -2.0, 0.5, 0.7]]).double().expand(len(angle), -1), -angle)
    for layer in (CovariantDerivative(rep), Laplacian(rep)):
        assert layer(x, data).abs().max() < 1e-9
    data.transport_0 = torch.zeros_like(data.transport_0)
    assert CovariantDerivative(rep)(x, data).abs().max() > 0.1


@pytest.mark.parametrize("name", ["disc", "sphere", "dirty", "moebius"])
def test_constants_have_no_derivative(name):
    group = "O2" if name == "moebius" else "SO2"
    data = bundle(name, group)
    x = torch.full((len(data.pos), 1), 5.0, dtype=torch.float64)
    rep = Representation.invariants(1, group)
    assert Gradient(rep)(x, data).abs().max() < 1e-10
    assert Laplacian(rep)(x, data).abs().max() < 1e-9


def test_linear_functions_are_exact_on_every_1_ring():
    """With fewer neighbours than a quadratic function has coefficients, too."""
    data = FrameBundle()(surfaces.data_of(surfaces.flat_disc(6)))
    degree = torch.bincount(data.edge_index_0[1])
    assert degree.min() < 5
    gradient = Gradient("1x0")(2 * data.pos[:, :1] - data.pos[:, 1:2], data)
    exact = in_frames(data, torch.tensor([[2.0, -1.0, 0.0]]).double().expand(len(degree), -1))
    assert (gradient - exact).abs().max() < 1e-11


# Neighbourhoods that do not determine everything


def fan(angles, radii=None, turn=0.0):
    """Vertex 0 with neighbours at angles and radii, of which no one else has any."""
    count = len(angles)
    precise = {"dtype": torch.float64}
    index = torch.stack([torch.arange(1, count + 1), torch.zeros(count, dtype=torch.long)])
    radii = torch.ones(count, **precise) if radii is None else torch.tensor(radii, **precise)
    log = torch.stack([radii, torch.tensor(angles, **precise) + turn], 1)
    weight, radius = torch.full((count,), 0.1, **precise), torch.ones((), **precise)
    return level_of(index, log, torch.zeros(count, **precise), weight, radius, count + 1)


def gradient_of(at, values):
    x = torch.tensor([[0.0], *([value] for value in values)], dtype=torch.float64)
    return [layer(x, at)[0].tolist() for layer in (Gradient("1x0"), Laplacian("1x0"))]


def test_without_neighbours_everything_is_0():
    assert gradient_of(fan([]), []) == [[0, 0], [0]]


def test_across_a_line_of_neighbours_the_derivative_is_0():
    gradient, _ = gradient_of(fan([math.pi / 2]), [3.0])
    assert gradient == pytest.approx([0, 3], abs=1e-12)
    gradient, laplacian = gradient_of(fan([0.7, 0.7 + math.pi], [1.0, 2.0]), [3.0 + 0.5, -6.0 + 2.0])
    assert gradient == pytest.approx([3 * math.cos(0.7), 3 * math.sin(0.7)], abs=1e-9)
    assert laplacian == pytest.approx([-1], abs=1e-9)


@pytest.mark.parametrize("angles", [[0.0, 1.0], [0.0, 2.0, 4.0], [0.1, 1.7, 3.3, 4.2]], ids=len)
def test_few_neighbours_give_linear_functions_exactly(angles):
    gradient, laplacian = gradient_of(fan(angles), [math.cos(a) - 2 * math.sin(a) for a in angles])
    assert gradient == pytest.approx([1, -2], abs=1e-10)
    assert laplacian == pytest.approx([0], abs=1e-8)


def uneven_ridge(matrix, ridge):
    """Broken: weighs H_12 less, which depends on the axes."""
    return torch.linalg.inv(matrix + 2e-3 * torch.diag(torch.tensor([1.0, 1e-3, 1.0]).double()))


@pytest.mark.parametrize("broken", [False, True])
def test_what_is_not_determined_does_not_depend_on_the_axes(broken, monkeypatch):
    """Four neighbours at equal angles have no principal axes, rounding decides; and one part of H is not determined."""
    if broken:
        monkeypatch.setattr(jet, "_inverse", uneven_ridge)
    x = torch.tensor([[0.0], [1.0], [0.2], [0.3], [-0.7]], dtype=torch.float64)
    sizes = []
    for turn in (0.0, 0.3, 0.6, 0.9, 1.2):
        at = fan([k * math.pi / 2 for k in range(4)], turn=turn)
        second = at.jet().moments(x, Group("SO2").irrep(0), (Wave(2, 0), Wave(2, 1)))[0]
        sizes.append(float(second.norm()))
    apart = max(sizes) - min(sizes)
    assert apart > 1e-4 if broken else apart < 1e-12


def test_thin_neighbourhoods_are_fitted_like_round_ones():
    """Stretched a hundred times along the x axis, x becomes 100 x: the derivative along y is as before."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 12, generator=generator, dtype=torch.float64)
    for stretch in (1.0, 100.0):
        at = fan(torch.atan2(y, stretch * x).tolist(), torch.hypot(stretch * x, y).tolist())
        gradient, laplacian = gradient_of(at, (x + 2 * y + y * y).tolist())
        assert gradient == pytest.approx([1 / stretch, 2], abs=1e-4)
        assert laplacian == pytest.approx([-2], abs=1e-4)


# Groups, units, the learned layer


@pytest.mark.parametrize("group", REPS)
def test_nabla_is_the_product_with_vectors(group):
    """Of every irrep come the irreps of its tensor product with vectors, no more and no fewer."""
    for irrep in Representation(f"{group}: {REPS[group][0]}").irreps:
        rep = Representation(((1, irrep),), group)
        product = tensor_product(rep, restrict("O2: 1x1", group).rep).rep
        got = CovariantDerivative(rep).rep_out
        assert got.dim == product.dim
        assert all(got.multiplicity(one) == product.multiplicity(one) for one in (*got.irreps, *product.irreps))


@pytest.mark.parametrize("group", REPS)
def test_groups_agree_on_functions_and_vectors(group):
    """On a bundle of a smaller group a layer of O(2) gives the same numbers, vectors being two numbers each."""
    data = bundle("sphere", group)
    f, v = random("2x0", 150), random("2x1", 150)
    invariants = Representation.invariants(2, group)
    vectors = Gradient(invariants).rep_out
    assert torch.equal(Gradient(invariants)(f, data), Gradient("O2: 2x0e")(f, data))
    for operator in (Divergence, Curl):
        layer = operator(vectors)
        assert layer.rep_out.irreps[0].trivial == (operator is Divergence or not Group(group).reflections)
        assert torch.equal(layer(v, data), operator("O2: 2x1")(v, data))


def test_outputs_scale_as_they_say():
    small = surfaces.data_of(surfaces.uneven_sphere(60))
    large = small.clone()
    large.pos = 1e3 * small.pos
    one, other = (FrameBundle(neighbours=12)(data) for data in (small, large))
    rep = "1x0 + 1x1"
    x = random(rep, 60)
    assert relative(1e3 * CovariantDerivative(rep)(x, other), CovariantDerivative(rep)(x, one)) < 1e-9
    assert relative(1e6 * Laplacian(rep)(x, other), Laplacian(rep)(x, one)) < 1e-9
    conv = DifferentialConv(rep, rep).double()
    assert relative(conv(x, other).detach(), conv(x, one).detach()) < 1e-9


@pytest.mark.parametrize("group", REPS)
def test_the_learned_layer_mixes_exactly_these_derivatives(group, monkeypatch):
    """Its output is that of an intertwiner of [x, R nabla x, R^2 Laplacian x], and as many parameters make it.

    That is so under one ridge for both.
    """
    monkeypatch.setattr(jet, "_STEADY_RIDGE", jet._RIDGE)
    torch.manual_seed(0)
    data = bundle("sphere", group)
    rep_in, rep_out = (Representation(f"{group}: {REPS[group][k]}") for k in (0, 1))
    conv = DifferentialConv(rep_in, rep_out, bias=False).double()
    x, radius = random(rep_in, 150), data.radius_0
    nabla, laplacian = CovariantDerivative(rep_in), Laplacian(rep_in)
    features = torch.cat([x, radius * nabla(x, data), radius**2 * laplacian(x, data)], dim=1)
    mix = Intertwiner(rep_in + nabla.rep_out + rep_in, rep_out, bias=False).double()
    parameters = list(mix.parameters())
    columns = []
    for parameter in parameters:
        for k in range(parameter.numel()):
            with torch.no_grad():
                for other in parameters:
                    other.zero_()
                parameter.view(-1)[k] = 1.0
                columns.append(mix(features).flatten())
    columns = torch.stack(columns, 1)
    if group in ("SO2", "O2"):  # elsewhere frequencies 0 and 1 have more solutions, some of them the same
        assert sum(p.numel() for p in conv.parameters()) == columns.shape[1]
    y = conv(x, data).detach().flatten()
    rest = y - columns @ torch.linalg.lstsq(columns, y).solution
    assert rest.abs().max() < 1e-10 * y.abs().max()


def test_the_hessian_is_needed_from_functions_to_order_2():
    assert not DifferentialConv("2x0", "1x2").kernel.weight
    conv, data = DifferentialConv("2x0", "1x2", hessian=True).double(), bundle("sphere")
    assert conv(random("2x0", 150), data).abs().max() > 0.1


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("name", ["moebius", "disc"])
def test_gradients_of_the_learned_layer(name, padded, monkeypatch):
    """The adjoint of a jet, over reversed edges, some of which reflect."""
    if padded:
        monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda *_: False)
    conv = DifferentialConv("O2: 1x0e + 1x0o + 1x1", "1x0o + 1x1 + 1x2", hessian=True).double()
    data = bundle(name, "O2")
    x = random(conv.rep_in, len(data.pos)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: conv(x, data), x, fast_mode=True)


def test_operators_can_be_differentiated_twice():
    data, layer = bundle("disc"), Laplacian("1x0 + 1x1")
    x = random(layer.rep, len(data.pos)).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: (layer(x, data) ** 3).mean(), x, fast_mode=True)


def test_half_precision_differs_by_the_rounding_of_its_features():
    """Computed in bfloat16 the differences of large numbers would be noise."""
    data = FrameBundle(neighbours=24)(surfaces.data_of(surfaces.uneven_sphere(400)))
    x = (10 + data.pos[:, :1]).float()
    for layer in (Gradient("1x0"), DifferentialConv("1x0", "1x1")):
        exact = layer(x, data).detach()
        with torch.autocast("cpu", torch.bfloat16):
            assert relative(layer(x, data).detach(), exact) < 1e-6


# Refusals


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Lower("2x0 + 1x1"), r"Lower expects orders >= 1, got 2x0 \+ 1x1"),
        (lambda: Gradient("2x1"), "Gradient expects invariants in one block, got 2x1"),
        (lambda: Gradient("O2: 2x0o"), "Gradient expects invariants in one block, got O2: 2x0o"),
        (lambda: Divergence("1x2"), "Divergence expects vectors, such as 3x1, got 1x2"),
        (lambda: Curl("trivial: 3x0"), "Curl expects vectors, such as trivial: 6x0, got trivial: 3x0"),
        (lambda: Laplacian("1x0", "graph"), 'expects the kind connection or hodge, got "graph"'),
        (lambda: Laplacian("1x0 + 1x2", "hodge"), r"order 0 and pairs of order 1, got 1x0 \+ 1x2"),
        (lambda: Laplacian("C2: 2x1", "hodge"), "order 0 and pairs of order 1, got C2: 2x1"),
        (
            lambda: Raise("2x0")(torch.zeros(3, 2), bundle("disc")),
            r"Raise expects features \(127, 2\), a row for each vertex, got \(3, 2\)",
        ),
        (lambda: Raise("C4: 2x0")(torch.zeros(127, 2), bundle("disc")), "Raise of C4 cannot run on a bundle of SO2"),
    ],
)
def test_mistakes_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
