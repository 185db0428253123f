"""The laws of homogeneous spaces on S^2, R^2 and H^2, each shown to fail on a space broken on purpose."""

import math

import pytest
import torch
from space_table import SPACES, gap, random_log, random_points, seeded

from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere

COUNT = 200


def elements(space, seed):
    return space.random(COUNT, generator=seeded(seed))


def apart(a, b):
    return float((a - b).abs().max())


def action(space):
    """(g h) x = g (h x), and g^-1 g x = x."""
    g, h, x = elements(space, 1), elements(space, 2), random_points(space, COUNT)
    twice = apart(space.act(g @ h, x), space.act(g, space.act(h, x)))
    return max(twice, apart(space.act(space.inverse(g), space.act(g, x)), x))


def section(space):
    """s(x) o = x, R(a) R(b) = R(a + b), and R(a) o = o."""
    x, (a, b) = random_points(space, COUNT), torch.randn(2, COUNT, generator=seeded(), dtype=torch.float64)
    origin = space.origin(x).expand_as(x)
    sums = apart(space.rotation(a) @ space.rotation(b), space.rotation(a + b))
    return max(apart(space.act(space.section(x), origin), x), sums, apart(space.act(space.rotation(a), origin), origin))


def frame_angle(space):
    """g s(x) = s(g x) R(h(g, x)); elements of SL(2, R) act as their negatives do."""
    g, x = elements(space, 1), random_points(space, COUNT)
    left = g @ space.section(x)
    right = space.section(space.act(g, x)) @ space.rotation(space.frame_angle(g, x))
    both = torch.stack([left - right, left + right]) if isinstance(space, HyperbolicPlane) else (left - right)[None]
    return float(both.abs().amax((-2, -1)).amin(0).max())


def cocycle(space):
    """h(g g', x) = h(g, g' x) + h(g', x)."""
    g, h, x = elements(space, 1), elements(space, 2), random_points(space, COUNT)
    total = space.frame_angle(g, space.act(h, x)) + space.frame_angle(h, x)
    return gap(space.frame_angle(g @ h, x), total)


def inverse_maps(space):
    """log(x, exp(x, v)) = v, and the distance is that of the way back."""
    x, v = random_points(space, COUNT), random_log(COUNT)
    y = space.exp(x, v)
    found = space.log(x, y)
    there = max(apart(found[:, 0], v[:, 0]), gap(found[:, 1], v[:, 1]), apart(space.exp(x, found), y))
    return max(there, apart(space.distance(x, y), space.distance(y, x)), apart(space.distance(x, y), v[:, 0]))


def speed(space):
    """Geodesics have unit speed and leave along R(theta) e1, in pictures scaled alike in all directions."""
    x, v = random_points(space, COUNT), random_log(COUNT)
    step = torch.tensor([1e-5, 0.0], dtype=torch.float64)
    ahead = space.distance(space.exp(x, v + step), space.exp(x, v - step)) / 2e-5
    way = space.embed(space.exp(x, torch.stack([torch.full_like(v[:, 1], 1e-6), v[:, 1]], 1))) - space.embed(x)
    frame = space.frame(x)
    along = torch.cos(v[:, 1:]) * frame[:, 0] + torch.sin(v[:, 1:]) * frame[:, 1]
    return max(apart(ahead, torch.ones_like(ahead)), 1e-4 * apart(way / way.norm(dim=1, keepdim=True), along))


def isometry(space):
    """d(g x, g y) = d(x, y), and directions shift by h(g, x)."""
    g, x, y = elements(space, 1), random_points(space, COUNT), random_points(space, COUNT, 1)
    before, after = space.log(x, y), space.log(space.act(g, x), space.act(g, y))
    return max(apart(before[:, 0], after[:, 0]), gap(after[:, 1], before[:, 1] + space.frame_angle(g, x)))


def transport_moves(space):
    """Transport from g x to g y is R(h(g, y)) g R(h(g, x))^-1."""
    g, x, y = elements(space, 1), random_points(space, COUNT), random_points(space, COUNT, 1)
    after = space.transport(space.act(g, x), space.act(g, y))
    return gap(after, space.transport(x, y) + space.frame_angle(g, y) - space.frame_angle(g, x))


def transport_returns(space):
    """The way back undoes the way there; a geodesic carries its own direction."""
    x, y = random_points(space, COUNT), random_points(space, COUNT, 1)
    turn = space.transport(x, y)
    along = gap(space.log(y, x)[:, 1], space.log(x, y)[:, 1] + turn + math.pi)
    return max(gap(space.transport(y, x), -turn), along)


def holonomy(space):
    """Transport around a geodesic triangle turns by curvature times its signed area."""
    x = random_points(space, COUNT)
    y, z = space.exp(x, random_log(COUNT, seed=1)), space.exp(x, random_log(COUNT, seed=2))
    around = space.transport(x, y) + space.transport(y, z) + space.transport(z, x)
    return gap(around, space.curvature * space.triangle_area(x, y, z))


def halves(space):
    """The midpoint is half as far from both ends, and cuts a triangle into two that add up."""
    x, y, z = (random_points(space, COUNT, seed) for seed in (0, 1, 2))
    if isinstance(space, Sphere):  # areas of triangles with a side of nearly half a turn are of the other side
        y, z = (space.exp(x, random_log(COUNT, seed=seed)) for seed in (1, 2))
    middle = space.midpoint(x, y)
    even = apart(space.distance(x, middle), space.distance(y, middle))
    half = apart(2 * space.distance(x, middle), space.distance(x, y))
    parts = space.triangle_area(x, middle, z) + space.triangle_area(middle, y, z)
    return max(even, half, apart(parts, space.triangle_area(x, y, z)))


LAWS = [
    action,
    section,
    frame_angle,
    cocycle,
    inverse_maps,
    speed,
    isometry,
    transport_moves,
    transport_returns,
    holonomy,
    halves,
]


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law, space):
    assert law(space) < (1e-9 if law is speed else 1e-11)


class WrongSide(Sphere):
    """Acts from the right."""

    def act(self, g, x):
        return super().act(g.mT, x)


class WrongSection(HyperbolicPlane):
    """Moves the origin elsewhere."""

    def section(self, x):
        return super().section(-x)


class WrongFrames(Plane):
    """Takes frames for fixed."""

    def frame_angle(self, g, x):
        return 0 * super().frame_angle(g, x)


class WrongWay(HyperbolicPlane):
    """Transports the other way."""

    def transport(self, x, y):
        return -super().transport(x, y)


class WrongUnit(Sphere):
    """Goes twice as far, and looks the other way."""

    def exp(self, x, log):
        return super().exp(x, log * 2)


class WrongTriangles(HyperbolicPlane):
    """Measures flat triangles."""

    def triangle_area(self, x, y, z):
        return Plane().triangle_area(x, y, z)


class WrongMiddle(Plane):
    """Has its middles off."""

    def midpoint(self, x, y):
        return 0.4 * x + 0.6 * y


class WrongDistance(HyperbolicPlane):
    """Measures chords."""

    def distance(self, x, y):
        return Plane().distance(x, y)


BROKEN = [
    (action, WrongSide()),
    (section, WrongSection()),
    (frame_angle, WrongFrames()),
    (cocycle, WrongSide()),
    (inverse_maps, WrongUnit()),
    (speed, WrongUnit()),
    (isometry, WrongDistance()),
    (transport_moves, WrongWay()),
    (transport_returns, WrongWay()),
    (holonomy, WrongWay()),
    (holonomy, WrongTriangles()),
    (halves, WrongMiddle()),
]


@pytest.mark.parametrize(("law", "space"), BROKEN, ids=lambda one: getattr(one, "__name__", str(one)))
def test_law_fails_on_a_broken_space(law, space):
    assert law(space) > 1e-4


def test_every_law_has_been_seen_to_fail():
    assert {law for law, _ in BROKEN} == set(LAWS)


def test_areas_by_hand():
    """An octant, half a square, the triangle of the tiling {3, 7}."""
    x, y, z = torch.eye(3, dtype=torch.float64)
    assert float(Sphere().triangle_area(x, y, z)) == pytest.approx(math.pi / 2, abs=1e-14)
    assert float(Sphere().triangle_area(x, z, y)) == pytest.approx(-math.pi / 2, abs=1e-14)
    assert float(Plane().triangle_area(x[:2] * 0, x[:2], y[:2])) == 0.5
    side = 2 * math.acosh(0.5 / math.sin(math.pi / 7))
    log = torch.tensor([[side, 0.0], [side, 2 * math.pi / 7]], dtype=torch.float64)
    one, other = HyperbolicPlane().exp(torch.zeros(2, dtype=torch.float64), log)
    found = HyperbolicPlane().triangle_area(torch.zeros_like(one), one, other)
    assert float(found) == pytest.approx(math.pi / 7, abs=1e-14)


def test_angles_by_hand():
    """On the equator east is e2; on the disc a shift along an axis turns no frame on it."""
    sphere, half = Sphere(), torch.tensor([math.pi / 2], dtype=torch.float64)
    log = sphere.log(*torch.eye(3, dtype=torch.float64)[:2])
    assert torch.allclose(log, log.new_tensor([math.pi / 2, math.pi / 2]))
    disc, x = HyperbolicPlane(), torch.tensor([[0.5, 0.0]], dtype=torch.float64)
    assert disc.frame_angle(disc.section(-x), x).abs().max() < 1e-15
    for space in SPACES:
        origin = space.origin(half)[None]
        assert torch.allclose(space.frame_angle(space.rotation(half), origin), half)
        assert torch.allclose(space.distance(origin, space.exp(origin, torch.stack([half, half], 1))), half)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_near_points(space):
    """Nine digits of distance and direction at 1e-7; the arc cosine has two."""
    x, v = random_points(space, COUNT), random_log(COUNT)
    v[:, 0] = 1e-7
    found = space.log(x, space.exp(x, v))
    assert apart(found[:, 0] / 1e-7, torch.ones(COUNT)) < 1e-8
    assert gap(found[:, 1], v[:, 1]) < 1e-8
    if isinstance(space, Sphere):
        by_cosine = torch.arccos((x * space.exp(x, v)).sum(1).clamp(max=1))
        assert apart(by_cosine / 1e-7, torch.ones(COUNT)) > 1e-3


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_gradients(space):
    g, x, y, z = (
        space.random(3, generator=seeded(1)),
        random_points(space, 3),
        random_points(space, 3, 1),
        random_points(space, 3, 2),
    )
    for tensor in (g, x, y, z):
        tensor.requires_grad_()
    v = random_log(3).requires_grad_()
    for function, inputs in (
        (space.act, (g, x)),
        (space.inverse, (g,)),
        (space.frame_angle, (g, x)),
        (space.section, (x,)),
        (space.exp, (x, v)),
        (space.log, (x, y)),
        (space.transport, (x, y)),
        (space.midpoint, (x, y)),
        (space.triangle_area, (x, y, z)),
        (space.rotation, (v,)),
    ):
        assert torch.autograd.gradcheck(function, inputs), function


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_gradients_where_points_meet(space):
    """Transport is smooth there; distance and direction have kinks, with the gradient 0, not NaN."""
    x = random_points(space, 3)
    y = x.clone().requires_grad_()
    assert torch.autograd.gradcheck(space.transport, (x.clone().requires_grad_(), y))
    log = space.log(x, y)
    assert log[:, 0].abs().max() == 0
    (grad,) = torch.autograd.grad(log.sum(), y)
    assert grad.abs().max() == 0
    by_norm = torch.autograd.grad(((x - y).square().sum(1)).sqrt().sum(), y)[0]
    assert by_norm.isnan().all()  # what the plain formula gives
    origin = space.origin(x)[None].clone().requires_grad_()
    for function in (space.section, lambda p: space.log(p, x), lambda p: space.transport(x, p)):
        (grad,) = torch.autograd.grad(function(origin).sum(), origin)
        assert grad.isfinite().all()


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_single_precision(space):
    g, x, y = space.random(COUNT, generator=seeded(1)), random_points(space, COUNT), random_points(space, COUNT, 1)
    for exact, rough in (
        (space.act(g, x), space.act(g.float(), x.float())),
        (space.distance(x, y), space.distance(x.float(), y.float())),
        (space.frame(x), space.frame(x.float())),
        (space.triangle_area(x, y, space.midpoint(x, y)), space.triangle_area(x.float(), y.float(), x.float())),
    ):
        assert rough.dtype == torch.float32
        assert apart(exact, rough) < 1e-4
    for exact, rough in (
        (space.transport(x, y), space.transport(x.float(), y.float())),
        (space.frame_angle(g, x), space.frame_angle(g.float(), x.float())),
    ):
        assert rough.dtype == torch.float32 and gap(exact, rough.double()) < 1e-3


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_points_and_elements_broadcast(space):
    g, x = space.random(4, generator=seeded()), random_points(space, 3)
    moved = space.act(g[:, None], x)
    assert moved.shape == (4, 3, space.dim)
    assert torch.equal(moved[2], space.act(g[2], x))
    assert space.frame_angle(g[:, None], x).shape == (4, 3)
    assert space.log(x[:1], x).shape == space.log(x[0], x).shape == (3, 2)
    assert space.transport(x[:, None], x).shape == (3, 3)
    assert space.exp(x[0], random_log(5)).shape == (5, space.dim)
    assert space.section(x[0]).shape == g.shape[1:]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_random_elements(space):
    """Uniform: half the area of the ball has half of the images; on the sphere the mean of rotations is 0."""
    g = space.random(4000, generator=seeded())
    assert torch.equal(g, space.random(4000, generator=seeded()))
    origin = space.origin(g)
    r = space.distance(origin, space.act(g, origin.expand(4000, -1)))
    assert r.max() <= space.rim
    if isinstance(space, Sphere):
        assert g.mean(0).abs().max() < 0.05
        middle = math.pi / 2
    else:
        middle = 2 * math.asinh(math.sinh(0.5) / 2**0.5) if isinstance(space, HyperbolicPlane) else 0.5**0.5
    assert float((r < middle).double().mean()) == pytest.approx(0.5, abs=0.03)
    turn = space.frame_angle(g, origin)
    assert abs(float(turn.cos().mean())) < 0.05 and abs(float(turn.sin().mean())) < 0.05


def test_poles():
    """Frames at the poles are those of longitude 0, also where a rotation takes a point there up to rounding."""
    sphere = Sphere()
    poles = torch.tensor([[0, 0, 1.0], [0, 0, -1.0]], dtype=torch.float64)
    s = sphere.section(poles)
    assert torch.equal(s[0], torch.eye(3, dtype=torch.float64))
    assert torch.equal(s[1], torch.diag(torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64)))
    x = random_points(sphere, 500)
    g = sphere.inverse(sphere.section(x))
    assert gap(sphere.frame_angle(g, x)) < 1e-12
    near = torch.tensor([[1e-9, 1e-9, 1.0]], dtype=torch.float64)
    assert abs(float(sphere.frame_angle(sphere.section(near), poles[:1])) + math.pi / 4) > 0.1  # no pole any more


def test_opposite_points_have_numbers():
    sphere, x = Sphere(), random_points(Sphere(), 20)
    assert (sphere.distance(x, -x) - math.pi).abs().max() < 1e-12
    assert sphere.transport(x, -x).isfinite().all() and sphere.log(x, -x).isfinite().all()


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_balls_are_discs(space):
    """Points within a radius are those in the Euclidean ball of coordinates."""
    x, y = random_points(space, 30), random_points(space, 400, 1)
    centre, radius = space.ball(x, 0.7)
    inside = torch.cdist(centre, y) <= radius[:, None]
    assert torch.equal(inside, space.distance(x[:, None], y) <= 0.7)
    assert inside.any() and not inside.all()


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_positions_are_points(space):
    x = random_points(space, 9)
    assert torch.allclose(space.points(space.embed(x)), x, atol=1e-15)
    frame = space.frame(x)
    assert apart(frame @ frame.mT, torch.eye(3, dtype=torch.float64)) < 1e-14
    assert (torch.linalg.det(frame) > 0).all()


def changed(column, value):
    pos = torch.zeros(5, 3, dtype=torch.float64)
    pos[:, 0] = 1.0
    pos[2, column] = value
    return pos


@pytest.mark.parametrize(
    ("space", "pos", "complaint"),
    [
        (Sphere(), changed(0, 1.1), r"on the unit sphere, got 1 others \(e.g. point 2\): divide pos by its norms"),
        (Sphere(), changed(1, math.nan), r"finite positions, got 1 others \(e.g. point 2\): drop them"),
        (Plane(), changed(2, 0.1), r"positions \(x, y, 0\), got 1 others .*: project"),
        (Plane(), torch.zeros(4, 2), r"shape \(V, 3\) and be floating point, got \(4, 2\) .*: .* space.embed"),
        (Plane(), torch.zeros(4, 3, dtype=torch.int64), "floating point, got .*int64"),
        (HyperbolicPlane(), 0.5 * changed(1, 2.0), r"inside the unit disc, got 1 others \(e.g. point 2\)"),
        (HyperbolicPlane(), 0.5 * changed(2, 0.2), r"positions \(u, v, 0\) inside"),
    ],
)
def test_positions_outside_are_refused(space, pos, complaint):
    with pytest.raises(ValueError, match=complaint):
        space.points(pos)
