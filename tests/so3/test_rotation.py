"""Rotations: conventions, conversions there and back, at poles and half turns too; the Haar measure."""

import math

import pytest
import torch
from scipy.spatial import transform

from gaugenet.so3 import (
    euler_from_rotation,
    quaternion_from_rotation,
    random_rotation,
    rotation_from_euler,
    rotation_from_quaternion,
)

EXACT = {"rtol": 0, "atol": 1e-14}
# From R = 1 through where Euler angles and quaternions lose digits if done carelessly.
TINY = [0.0, 1e-17, 1e-15, 1e-12, 1e-9, 1e-5, 0.1]


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def random(count=200, seed=0):
    return random_rotation(count, torch.Generator().manual_seed(seed))


def about(axis, angle):
    """The rotation by an angle (...) about x, y or z, from its generator: v -> axis x v."""
    e = torch.eye(3, dtype=torch.float64)["xyz".index(axis)]
    cross = torch.linalg.cross(e.expand(3, 3), torch.eye(3, dtype=torch.float64)).T
    return torch.matrix_exp(angle[..., None, None] * cross)


def angles(count=200, seed=0):
    return (torch.rand(3, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.5) * 7


def test_rotations_are_active_and_right_handed():
    quarter, zero = tensor(math.pi / 2)[0], tensor(0.0)[0]
    x, y, z = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(rotation_from_euler(quarter, zero, zero) @ x, y, **EXACT)
    torch.testing.assert_close(rotation_from_euler(zero, quarter, zero) @ z, x, **EXACT)


def test_euler_angles_are_rotations_about_z_y_z():
    a, b, c = angles()
    torch.testing.assert_close(rotation_from_euler(a, b, c), about("z", a) @ about("y", b) @ about("z", c), **EXACT)


def test_euler_angles_broadcast():
    a, b, c = angles(5)
    assert rotation_from_euler(a[:, None], b, c[0]).shape == (5, 5, 3, 3)


@pytest.mark.parametrize("make", [random, lambda: torch.eye(3, dtype=torch.float64)[None]], ids=["random", "one"])
def test_results_are_rotations(make):
    for R in (make(), rotation_from_euler(*euler_from_rotation(make()))):
        torch.testing.assert_close(R @ R.mT, torch.eye(3, dtype=torch.float64).expand_as(R), **EXACT)
        torch.testing.assert_close(torch.linalg.det(R), torch.ones(len(R), dtype=torch.float64), **EXACT)


def near_poles():
    """Rotations with beta at and near 0 and pi, with every alpha and gamma."""
    a, _, c = angles(50)
    tiny = tensor(*TINY, *(math.pi - t for t in TINY))
    return torch.cat([rotation_from_euler(a[:, None], tiny, c[:, None]).flatten(0, 1), random()])


def test_euler_angles_come_back():
    R = near_poles()
    alpha, beta, gamma = euler_from_rotation(R)
    torch.testing.assert_close(rotation_from_euler(alpha, beta, gamma), R, **EXACT)
    assert beta.min() >= 0 and beta.max() <= math.pi
    assert max(alpha.abs().max(), gamma.abs().max()) <= math.pi


def test_gamma_from_the_last_row_loses_digits():
    """The formula that does without alpha, on the same rotations."""
    R = near_poles()
    alpha, beta, _ = euler_from_rotation(R)
    careless = torch.atan2(R[:, 2, 1], -R[:, 2, 0])
    assert (rotation_from_euler(alpha, beta, careless) - R).abs().max() > 1e-6


@pytest.mark.parametrize(("beta", "sign"), [(0.0, 1), (math.pi, -1)])
def test_alpha_is_zero_at_the_poles(beta, sign):
    found = euler_from_rotation(rotation_from_euler(*tensor(0.7, beta, 0.4)))
    torch.testing.assert_close(torch.stack(found), tensor(0.0, beta, 0.4 + sign * 0.7), **EXACT)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_euler_angles_in_every_precision(dtype):
    R = near_poles().to(dtype)
    error = (rotation_from_euler(*euler_from_rotation(R)) - R).abs().max()
    assert R.dtype == dtype and error < 20 * torch.finfo(dtype).eps


def half_turns():
    """Half turns about coordinate and other axes, and turns by nearly as much."""
    axes = torch.cat([torch.eye(3, dtype=torch.float64), random(40)[:, 0], 1 - torch.eye(3, dtype=torch.float64)])
    axes = axes / axes.norm(dim=-1, keepdim=True)
    half = (math.pi - tensor(*TINY, *(-t for t in TINY))) / 2
    q = torch.cat([half.cos()[None, :, None].expand(len(axes), -1, -1), half.sin()[:, None] * axes[:, None]], -1)
    return q.flatten(0, 1)


def test_quaternions_come_back():
    w_first = torch.cat([half_turns(), torch.randn(200, 4, generator=torch.Generator().manual_seed(1)).double()])
    w_first = w_first / w_first.norm(dim=-1, keepdim=True)
    found = quaternion_from_rotation(rotation_from_quaternion(w_first))
    sign = (found * w_first).sum(-1, keepdim=True).sign()
    torch.testing.assert_close(sign * found, w_first, **EXACT)
    assert found[:, 0].min() >= 0


def test_rotations_come_back_from_quaternions():
    R = torch.cat([near_poles(), rotation_from_quaternion(half_turns())])
    torch.testing.assert_close(rotation_from_quaternion(quaternion_from_rotation(R)), R, **EXACT)


def test_quaternion_from_the_trace_loses_digits_at_half_turns():
    R = rotation_from_quaternion(half_turns())
    w = (1 + R.diagonal(dim1=1, dim2=2).sum(1)).clamp_min(1e-30).sqrt() / 2
    skew = torch.stack([R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], -1)
    careless = torch.cat([w[:, None], skew / (4 * w[:, None])], -1)
    assert (rotation_from_quaternion(careless) - R).abs().max() > 1e-6


def test_half_turns_have_a_positive_largest_component():
    found = quaternion_from_rotation(torch.diag(tensor(-1.0, -1.0, 1.0)))
    torch.testing.assert_close(found, tensor(0.0, 0.0, 0.0, 1.0), **EXACT)


def product(p, q):
    """Hamilton's product."""
    (a, u), (b, v) = ((one[:, :1], one[:, 1:]) for one in (p, q))
    return torch.cat([a * b - (u * v).sum(-1, keepdim=True), a * v + b * u + torch.linalg.cross(u, v)], -1)


def test_quaternions_multiply_as_rotations():
    p, q = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, other = rotation_from_quaternion(p), rotation_from_quaternion(q)
    torch.testing.assert_close(rotation_from_quaternion(product(p, q)), one @ other, **EXACT)
    assert (rotation_from_quaternion(product(q, p)) - one @ other).abs().max() > 0.1


def test_quaternion_of_an_axis_and_an_angle():
    q = tensor(math.cos(0.4), 0.0, math.sin(0.4), 0.0)
    torch.testing.assert_close(rotation_from_quaternion(3 * q), about("y", tensor(0.8))[0], **EXACT)


def test_scipy_agrees():
    R = random()
    theirs = transform.Rotation.from_matrix(R.numpy())
    torch.testing.assert_close(torch.stack(euler_from_rotation(R), -1), torch.tensor(theirs.as_euler("ZYZ")), **EXACT)
    x_first = torch.tensor(theirs.as_quat(canonical=True))
    torch.testing.assert_close(quaternion_from_rotation(R), x_first.roll(1, -1), **EXACT)


def test_derivatives():
    R = random(4).requires_grad_()
    a, b, c = angles(4).requires_grad_()
    q = quaternion_from_rotation(R).detach().requires_grad_()
    assert torch.autograd.gradcheck(rotation_from_euler, (a, b, c))
    assert torch.autograd.gradcheck(rotation_from_quaternion, q)
    assert torch.autograd.gradcheck(quaternion_from_rotation, R)
    assert torch.autograd.gradcheck(euler_from_rotation, R)


@pytest.mark.parametrize("beta", [0.0, math.pi])
def test_derivatives_of_euler_angles_at_the_poles(beta):
    """Those of alpha and beta are 0; along turns about z gamma changes by the angle."""
    R = rotation_from_euler(*tensor(0.0, beta, 0.4))
    turn = tensor(0.0).requires_grad_()
    alpha, beta, gamma = euler_from_rotation(R @ rotation_from_euler(turn, tensor(0.0), tensor(0.0)))
    gradients = [torch.autograd.grad(one.sum(), turn, retain_graph=True)[0] for one in (alpha, beta, gamma)]
    torch.testing.assert_close(torch.cat(gradients), tensor(0.0, 0.0, 1.0), **EXACT)


def unevenness(R):
    """Largest deviation of the first and second moments from those of the Haar measure: 0 and delta delta / 3."""
    flat = R.flatten(1)
    second = flat.T @ flat / len(R) - torch.eye(9, dtype=torch.float64) / 3
    return float(max(flat.mean(0).abs().max(), second.abs().max()))


def test_random_rotations_are_haar():
    assert unevenness(random(40000)) < 0.015
    alpha, beta, gamma = euler_from_rotation(random(40000))
    for uniform in (alpha / math.tau + 0.5, (1 - beta.cos()) / 2, gamma / math.tau + 0.5):
        steps = torch.linspace(0, 1, 40000, dtype=torch.float64)
        assert (uniform.sort().values - steps).abs().max() < 0.01  # Kolmogorov-Smirnov


def test_uniform_euler_angles_are_not_haar():
    assert unevenness(rotation_from_euler(*angles(40000))) > 0.05


def test_random_rotations_follow_the_generator():
    assert torch.equal(random(5, seed=3), random(5, seed=3))
    assert not torch.equal(random(5, seed=3), random(5, seed=4))
    assert random_rotation(2, dtype=torch.float32).dtype == torch.float32
    assert random_rotation(0).shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: euler_from_rotation(torch.zeros(3, 4)),
            r"expected rotation matrices \(\.\.\., 3, 3\), got \(3, 4\): ",
        ),
        (
            lambda: quaternion_from_rotation(torch.zeros(3)),
            r"expected rotation matrices \(\.\.\., 3, 3\), got \(3,\): ",
        ),
        (lambda: euler_from_rotation(torch.eye(3).int()), r"expected real rotation matrices, got torch.int32: "),
        (lambda: rotation_from_quaternion(torch.zeros(2, 3)), r"expected quaternions \(\.\.\., 4\), got \(2, 3\): "),
        (lambda: rotation_from_euler(*torch.zeros(3).int()), r"expected real angles alpha, got torch.int32: "),
        (lambda: random_rotation(-1), r"expected a count >= 0, got -1: "),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
