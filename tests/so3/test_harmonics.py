"""Spherical harmonics: orthonormal, turned by D, smooth at the poles; spins by eth and by Wigner D; scipy and e3nn."""

import math

import pytest
import torch
from reference_wigner import gauss_legendre
from scipy import special

from gaugenet.so3 import (
    complex_harmonics,
    random_rotation,
    real_basis,
    real_harmonics,
    real_wigner_D,
    rotation_from_euler,
    spin_weighted_harmonics,
    wigner_D,
)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


AXES = torch.cat([torch.eye(3, dtype=torch.float64), -torch.eye(3, dtype=torch.float64)])


def points(count=40, seed=0):
    """Unit vectors: random ones, the axes, and one near a pole."""
    near = tensor(1e-6, -2e-6, 1.0)
    some = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([torch.nn.functional.normalize(some, dim=-1), AXES, near[None] / near.norm()])


def polar(x):
    return torch.atan2(x[..., :2].norm(dim=-1), x[..., 2]), torch.atan2(x[..., 1], x[..., 0])


def vector(theta, phi):
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos().expand_as(theta + phi)], -1)


def close(one, other, atol=1e-12):
    torch.testing.assert_close(one, other.expand_as(one), rtol=0, atol=atol)


def degree(l):
    return slice(l * l, (l + 1) ** 2)


def grid(band_limit):
    """Angles theta, phi and weights that integrate products of two harmonics below a band limit exactly."""
    theta, weight = (torch.tensor(one) for one in gauss_legendre(band_limit))
    phi = torch.arange(2 * band_limit - 1, dtype=torch.float64) * (2 * math.pi / (2 * band_limit - 1))
    theta, phi = torch.meshgrid(theta, phi, indexing="ij")
    return theta.flatten(), phi.flatten(), weight.repeat_interleave(2 * band_limit - 1) * phi[0, 1]


@pytest.mark.parametrize("kind", ["real", "complex", "spin 1", "spin -3"])
def test_orthonormality(kind):
    theta, phi, weight = grid(20)
    if kind.startswith("spin"):
        Y = spin_weighted_harmonics(20, int(kind[5:]), theta, phi)
    else:
        Y = {"real": real_harmonics, "complex": complex_harmonics}[kind](20, vector(theta, phi))
    gram = (Y.conj() * weight[:, None]).mT @ Y
    there = torch.arange(400) >= (int(kind[5:]) if kind.startswith("spin") else 0) ** 2
    close(gram, there.to(gram.dtype).diag())


def test_degrees_by_hand():
    """y, z, x at degree 1; xy, yz, 3 z^2 - 1, zx, x^2 - y^2 at degree 2."""
    x, y, z = points().T
    one = math.sqrt(3 / (4 * math.pi)) * torch.stack([y, z, x], -1)
    two = [2 * x * y, 2 * y * z, (3 * z * z - 1) / math.sqrt(3), 2 * x * z, x * x - y * y]
    two = math.sqrt(15 / (16 * math.pi)) * torch.stack(two, -1)
    zero = torch.full_like(one[:, :1], math.sqrt(1 / (4 * math.pi)))
    close(real_harmonics(3, points()), torch.cat([zero, one, two], -1), atol=1e-15)
    close(complex_harmonics(2, points())[:, 3], -math.sqrt(3 / (8 * math.pi)) * torch.complex(x, y), atol=1e-15)


def rotation_error(band_limit, Y):
    """Largest entry of Y(R x) - D(R) Y(x), over degrees."""
    x, R = points(), random_rotation(3, torch.Generator().manual_seed(1))
    before, after = Y(band_limit, x), Y(band_limit, torch.einsum("rij,nj->rni", R, x))
    turned = [before[:, degree(l)] @ real_wigner_D(l, R).mT for l in range(band_limit)]
    return float((after - torch.cat(turned, -1)).abs().max())


def test_rotations_act_by_D():
    assert rotation_error(65, real_harmonics) < 1e-12


def test_harmonics_in_another_order_do_not_turn_by_D():
    assert rotation_error(5, lambda L, x: real_harmonics(L, x[..., [0, 2, 1]])) > 0.1
    assert rotation_error(5, lambda L, x: complex_harmonics(L, x).imag) > 0.1


def test_complex_harmonics_turn_by_conj_D():
    x, R = points(), random_rotation(1, torch.Generator().manual_seed(1))[0]
    for l in (0, 1, 2, 9, 64):
        turned = complex_harmonics(l + 1, x)[:, degree(l)] @ wigner_D(l, R).mH
        close(complex_harmonics(l + 1, x @ R.T)[:, degree(l)], turned)


@pytest.mark.parametrize("l", [0, 1, 2, 3, 20])
def test_real_basis_joins_real_and_complex(l):
    real, Y = real_harmonics(l + 1, points())[:, degree(l)], complex_harmonics(l + 1, points())[:, degree(l)]
    close(Y @ real_basis(l).T, real.to(Y.dtype))


def test_addition_theorem():
    """sum_m Y_lm(x) Y_lm(y) is (2 l + 1) / 4 pi times the Legendre polynomial of x.y."""
    x, y = points(), points(seed=2)
    product = real_harmonics(65, x) * real_harmonics(65, y)
    for l in range(65):
        legendre = torch.tensor(special.eval_legendre(l, (x * y).sum(-1).clamp(-1, 1).numpy()))
        close(product[:, degree(l)].sum(-1), (2 * l + 1) / (4 * math.pi) * legendre)


def test_scipy_agrees():
    x = points()
    theta, phi = (angle.numpy() for angle in polar(x))
    Y = complex_harmonics(65, x)
    for l in (0, 1, 2, 3, 11, 40, 64):
        for m in range(-l, l + 1):
            if hasattr(special, "sph_harm_y"):
                theirs = special.sph_harm_y(l, m, theta, phi)
            else:  # before SciPy 1.15
                theirs = special.sph_harm(m, l, phi, theta)
            close(Y[:, l * l + l + m], torch.tensor(theirs))


def test_e3nn_agrees():
    """e3nn has its poles on the y axis: it calls x what is y here, y what is z, z what is x."""
    o3 = pytest.importorskip("e3nn.o3")
    theirs = o3.spherical_harmonics(list(range(12)), points()[:, [1, 2, 0]], normalize=True, normalization="integral")
    close(real_harmonics(12, points()), theirs, atol=1e-11)


def test_high_band_limits():
    """sum_m |Y_lm|^2 = (2 l + 1) / 4 pi, where the factors of a product formula would overflow."""
    norms = real_harmonics(300, points()).square()
    for l in (100, 200, 299):
        expected = torch.full((len(norms),), (2 * l + 1) / (4 * math.pi), dtype=torch.float64)
        torch.testing.assert_close(norms[:, degree(l)].sum(-1), expected, rtol=1e-11, atol=0)


def derivatives(x, band_limit=6):
    return torch.autograd.functional.jacobian(lambda x: real_harmonics(band_limit, x).sum(0), x).transpose(0, 1)


def test_derivatives_are_those_of_solid_harmonics():
    """Against differences; homogeneous of degree l (Euler), harmonic; at the poles too."""
    x = points(5)
    slopes = derivatives(x)
    step = 1e-5 * torch.eye(3, dtype=torch.float64)[:, None]
    differences = ((real_harmonics(6, x + step) - real_harmonics(6, x - step)) / 2e-5).permute(1, 2, 0)
    close(slopes, differences, atol=1e-8)
    l = torch.arange(6).repeat_interleave(2 * torch.arange(6) + 1)
    close((slopes * x[:, None]).sum(-1), l * real_harmonics(6, x))
    hessian = torch.func.vmap(torch.func.hessian(lambda x: real_harmonics(6, x)))(x)
    close(hessian.diagonal(dim1=-2, dim2=-1).sum(-1), tensor(0.0)[0])


def test_derivatives_at_the_poles_by_hand():
    """Those of degree 1 are constant; that of Y_21 ~ z x is z along x."""
    c1, c2 = math.sqrt(3 / (4 * math.pi)), math.sqrt(15 / (4 * math.pi))
    for sign in (1, -1):
        slopes = derivatives(tensor(0.0, 0.0, sign)[None], 3)[0]
        close(slopes[1:4], c1 * tensor([0.0, 1, 0], [0, 0, 1], [1, 0, 0]), atol=1e-15)
        close(slopes[7], tensor(c2 * sign, 0.0, 0.0), atol=1e-15)


def test_complex_harmonics_are_differentiable():
    x = points(3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: torch.view_as_real(complex_harmonics(4, x)), x)


def angles(count=12):
    theta, phi = polar(points(count))
    return theta, phi


@pytest.mark.parametrize("s", [-3, -1, 0, 2])
def test_spin_weighted_harmonics_are_columns_of_wigner_D(s):
    """(-1)^s sqrt((2 l + 1) / 4 pi) conj D^l_m,-s(phi, theta, 0)."""
    theta, phi = angles()
    Y = spin_weighted_harmonics(65, s, theta, phi)
    R = rotation_from_euler(phi, theta, torch.zeros_like(theta))
    for l in (0, 1, 2, 3, 20, 64):
        if l < abs(s):
            close(Y[:, degree(l)], torch.zeros((), dtype=Y.dtype), atol=0)
            continue
        D = wigner_D(l, R)[:, :, l - s]
        close(Y[:, degree(l)], (-1) ** s * math.sqrt((2 * l + 1) / (4 * math.pi)) * D.conj())


def test_spin_zero_is_scalar():
    theta, phi = angles()
    close(spin_weighted_harmonics(65, 0, theta, phi), complex_harmonics(65, vector(theta, phi)))


def test_spin_one_by_hand():
    """1Y10 = sqrt(3 / 8 pi) sin(theta), 1Y11 = -sqrt(3 / 16 pi) (1 - cos(theta)) exp(i phi)."""
    theta, phi = angles()
    Y = spin_weighted_harmonics(2, 1, theta, phi)
    close(Y[:, 2], (math.sqrt(3 / (8 * math.pi)) * theta.sin()).to(Y.dtype), atol=1e-15)
    close(Y[:, 3], -math.sqrt(3 / (16 * math.pi)) * (1 - theta.cos()) * torch.exp(1j * phi), atol=1e-15)


def test_conjugate_has_the_opposite_spin():
    """conj sYlm = (-1)^(s + m) (-s)Yl,-m."""
    theta, phi = angles()
    one, other = (spin_weighted_harmonics(9, s, theta, phi) for s in (2, -2))
    for l in range(9):
        m = torch.arange(-l, l + 1)
        close(one[:, degree(l)].conj(), (-1.0) ** m * other[:, degree(l)].flip(-1))


def eth_error(s, Y, band_limit=12):
    """Largest entry of eth sYlm - sqrt((l - s) (l + s + 1)) (s+1)Ylm; derivatives in theta by differences."""
    theta, phi = tensor(0.4, 1.1, 1.7, 2.6), tensor(0.3, -2.0, 1.0, 3.0)
    l = torch.arange(band_limit).repeat_interleave(2 * torch.arange(band_limit) + 1)
    m = torch.arange(band_limit**2) - l * (l + 1)
    h, weights = 2e-3, {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}  # of the sixth order
    slope = sum(w * (Y(s, theta + k * h, phi) - Y(s, theta - k * h, phi)) for k, w in weights.items()) / h
    sin, cos = theta.sin()[:, None], theta.cos()[:, None]
    eth = -(slope - m / sin * Y(s, theta, phi) - s * cos / sin * Y(s, theta, phi))
    factor = ((l - s) * (l + s + 1)).clamp_min(0).double().sqrt()
    return float((eth - factor * Y(s + 1, theta, phi)).abs().max())


@pytest.mark.parametrize("s", [-4, -2, -1, 0, 1, 3])
def test_eth_raises_the_spin(s):
    assert eth_error(s, lambda s, theta, phi: spin_weighted_harmonics(12, s, theta, phi)) < 1e-9


def test_eth_finds_wrong_signs():
    """Spins without (-1)^s, and spins with the other sign."""
    assert eth_error(1, lambda s, theta, phi: (-1) ** s * spin_weighted_harmonics(12, s, theta, phi)) > 0.1
    assert eth_error(1, lambda s, theta, phi: spin_weighted_harmonics(12, -s, theta, phi)) > 0.1


def test_shapes_and_precision():
    x = points(14).view(3, 7, 3)
    assert real_harmonics(4, x).shape == complex_harmonics(4, x).shape == (3, 7, 16)
    assert real_harmonics(4, x[0, 0]).shape == (16,)
    assert real_harmonics(4, x.float()).dtype == torch.float32
    assert complex_harmonics(4, x.float()).dtype == torch.complex64
    theta, phi = polar(x)
    assert spin_weighted_harmonics(4, 1, theta, phi).shape == (3, 7, 16)
    assert spin_weighted_harmonics(4, 1, theta[0, 0], phi[0, 0]).shape == (16,)
    assert spin_weighted_harmonics(4, 1, theta[0, :, None], phi[0]).shape == (7, 7, 16)
    assert spin_weighted_harmonics(4, 1, theta.float(), phi.float()).dtype == torch.complex64
    close(real_harmonics(20, x.float()).double(), real_harmonics(20, x), atol=1e-4)


def test_results_do_not_depend_on_the_default_precision():
    """Constants of float32 would leave eight digits."""
    assert torch.get_default_dtype() == torch.float32
    Y = complex_harmonics(2, tensor(1.0, 0.0, 0.0))
    assert float(Y[3].real) == pytest.approx(-math.sqrt(3 / (8 * math.pi)), rel=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: real_harmonics(0, AXES), r"expects an integer band limit >= 1, got 0: "),
        (lambda: real_harmonics(2, AXES[:, :2]), r"expected points \(\.\.\., 3\), got \(6, 2\): "),
        (lambda: complex_harmonics(2, AXES.int()), r"expected real points, got torch.int32: "),
        (lambda: spin_weighted_harmonics(2, 2, *angles()), r"expects an integer spin with \|spin\| < 2, got 2: "),
        (
            lambda: spin_weighted_harmonics(2, 0, AXES[0] + 4, AXES[0]),
            r"expected angles .* in \[0, pi\], got 4 to 5: ",
        ),
        (lambda: spin_weighted_harmonics(2, 0, AXES[0], AXES[0].int()), r"expected real angles phi, got torch.int32: "),
        (lambda: spin_weighted_harmonics(2, 0, AXES[0].int(), AXES[0]), r"expected real angles theta, got torch.int32"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
