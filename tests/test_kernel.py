"""The kernel space: the constraint, its dimension against brute force, and radial profiles."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaugenet.kernel import harmonics, kernel_basis, radial_profiles
from gaugenet.representation import Representation

PAIRS = [(n, m) for n in range(5) for m in range(5)]


def circle(count):
    return torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)


def violation(order_in, order_out, kernel):
    """Largest entry of kappa(theta + a) - rho_out(a) kappa(theta) rho_in(-a) over a circle of theta and a."""
    theta, angle = circle(11)[:, None] + 0.3, circle(7)[None, :] - 1.1
    rho_in = Representation(((1, order_in),)).matrix(-angle)
    rho_out = Representation(((1, order_out),)).matrix(angle)
    turned = rho_out[:, :, None] @ kernel(theta) @ rho_in[:, :, None]
    return float((kernel(theta + angle) - turned).abs().max())


@pytest.mark.parametrize(("order_in", "order_out"), PAIRS)
def test_basis_solves_the_kernel_constraint(order_in, order_out):
    assert violation(order_in, order_out, lambda theta: kernel_basis(order_in, order_out, theta)) < 1e-12


@pytest.mark.parametrize(("order_in", "order_out"), [(0, 1), (1, 0), (1, 1), (1, 2), (3, 2)])
def test_a_wrong_frequency_violates_the_constraint(order_in, order_out):
    assert violation(order_in, order_out, lambda theta: kernel_basis(order_in, order_out, 2 * theta)) > 0.1


@pytest.mark.parametrize(("order_in", "order_out"), PAIRS)
def test_basis_is_independent_and_complete(order_in, order_out):
    """Its dimension is that of all solutions, found by brute force among trigonometric polynomials."""
    count = {0: 1, 1: 2, 2: 4}[(order_in > 0) + (order_out > 0)]
    basis = kernel_basis(order_in, order_out, circle(24))
    assert basis.shape == (24, count, min(order_out, 1) + 1, min(order_in, 1) + 1)
    flat = basis.transpose(0, 1).flatten(1)
    gram = flat @ flat.T
    assert torch.linalg.matrix_rank(gram) == count
    off_diagonal = gram - torch.diag(gram.diagonal())
    assert off_diagonal.abs().max() < 1e-10  # even orthogonal
    assert solutions(order_in, order_out, degree=order_in + order_out + 2) == count


def solutions(order_in, order_out, degree):
    """Dimension of the kernels of degree at most ``degree`` that obey the constraint for three generic rotations."""
    rep_in, rep_out = Representation(((1, order_in),)), Representation(((1, order_out),))
    theta = circle(2 * degree + 1)
    waves = [torch.ones_like(theta)]
    waves += [function(k * theta) for k in range(1, degree + 1) for function in (torch.cos, torch.sin)]
    synthesis = torch.stack(waves, dim=1)  # (theta, waves), square and invertible
    blocks = []
    for a in (0.4, 1.3, 2.9):
        angle = torch.tensor(a, dtype=torch.float64)
        moved = [torch.ones_like(theta)]
        moved += [f(k * (theta + angle)) for k in range(1, degree + 1) for f in (torch.cos, torch.sin)]
        turn = torch.kron(rep_out.matrix(angle).contiguous(), rep_in.matrix(-angle).T.contiguous())  # row-major vec
        unit = torch.eye(len(turn), dtype=torch.float64)
        blocks.append(torch.kron(torch.stack(moved, 1), unit) - torch.kron(synthesis, turn))
    values = torch.linalg.svdvals(torch.cat(blocks))
    return int((values < 1e-9 * values[0]).sum())


@pytest.mark.parametrize(("order_in", "order_out"), PAIRS)
def test_harmonics_lead_to_the_order_out(order_in, order_out):
    found = harmonics(order_in, order_out)
    assert len(set(found)) == len(found) == (2 if order_in and order_out else 1)
    for harmonic in found:
        turns_with = order_in + harmonic.frequency
        assert turns_with == (-order_out if harmonic.conjugate else order_out)


@given(st.integers(1, 6), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_radial_profiles_sum_to_one(count, ratio):
    profiles = radial_profiles(torch.tensor(ratio, dtype=torch.float64), count)
    assert profiles.shape == (len(ratio), count)
    assert (profiles >= 0).all()
    assert torch.allclose(profiles.sum(-1), torch.ones(len(ratio), dtype=torch.float64), rtol=0, atol=1e-12)


def test_radial_profiles_by_hand():
    """Two rings of equal area: centres at r^2 = 1/4 and 3/4; both 1/2 halfway between; beyond R the last stays 1."""
    ratio = torch.tensor([0.0, 0.5, math.sqrt(0.5), math.sqrt(0.75), 1.0, 1.4])
    expected = torch.tensor([[1.0, 0], [1, 0], [0.5, 0.5], [0, 1], [0, 1], [0, 1]])
    assert torch.allclose(radial_profiles(ratio, 2), expected, atol=1e-6)
    assert torch.equal(radial_profiles(ratio, 1), torch.ones(6, 1))
