"""Wigner matrices: representations of SO(3), against exact sums, closed forms, their generators and e3nn."""

import math

import pytest
import torch
from reference_wigner import ANGLES, gauss_legendre

from gaugenet.so3 import (
    random_rotation,
    real_basis,
    real_wigner_D,
    rotation_from_euler,
    wigner_D,
    wigner_d,
)

DEGREES = [0, 1, 2, 3, 7, 16, 33, 64]
EVERY_DEGREE = pytest.mark.parametrize("l", DEGREES)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


BETA = tensor([0.0, 1e-9, 1e-3, 0.3, 1.0, math.pi / 2, 2.5, math.pi - 1e-5, math.pi, -0.7, 4.0])


def random(count=6, seed=0):
    return random_rotation(count, torch.Generator().manual_seed(seed))


def close(one, other, atol=1e-12):
    torch.testing.assert_close(one, other.expand_as(one), rtol=0, atol=atol)


def identity(l, like):
    return torch.eye(2 * l + 1, dtype=like.dtype)


def homomorphism_error(D, l):
    """Largest entry of D(g h) - D(g) D(h); g also near and at the poles of Euler angles."""
    poles = rotation_from_euler(tensor(0.4), BETA, tensor(-1.1))
    g = torch.cat([random(), poles])
    h = random(len(g), seed=1)
    return float((D(l, g @ h) - D(l, g) @ D(l, h)).abs().max())


@EVERY_DEGREE
@pytest.mark.parametrize("D", [wigner_D, real_wigner_D])
def test_homomorphism(D, l):
    assert homomorphism_error(D, l) < 1e-12


@pytest.mark.parametrize("l", [1, 16])
def test_a_wrong_sense_of_rotation_is_no_homomorphism(l):
    assert homomorphism_error(lambda l, R: wigner_D(l, R).mT, l) > 0.1


@EVERY_DEGREE
def test_unitarity(l):
    for D in (wigner_D(l, random()), real_wigner_D(l, random()), wigner_d(l, BETA), real_basis(l)):
        close(D @ D.mH, identity(l, D))


@EVERY_DEGREE
def test_one_and_inverse(l):
    R = random()
    close(wigner_D(l, torch.eye(3).double()), identity(l, real_basis(l)))
    close(wigner_D(l, R.mT), wigner_D(l, R).mH)
    close(real_wigner_D(l, R.mT), real_wigner_D(l, R).mT)


@EVERY_DEGREE
def test_D_in_euler_angles(l):
    a, b, c = tensor([0.4, 1.2, -2.0])
    m = torch.arange(-l, l + 1).double()
    D = torch.exp(-1j * m * a)[:, None] * wigner_d(l, b) * torch.exp(-1j * m * c)
    close(wigner_D(l, rotation_from_euler(a, b, c)), D)


@EVERY_DEGREE
def test_real_basis_makes_D_real(l):
    U, D = real_basis(l), wigner_D(l, random())
    close((U.conj() @ D @ U.T).imag, torch.zeros(()).double())
    close((U.conj() @ D @ U.T).real, real_wigner_D(l, random()))


def test_degree_one_is_the_rotation():
    R, order = random(), [1, 2, 0]  # y, z, x
    close(real_wigner_D(1, R), R[:, order][:, :, order], atol=1e-15)


def test_degrees_one_and_two_by_hand():
    beta = tensor(0.7)
    c, s, root = math.cos(0.7), math.sin(0.7), math.sqrt(2)
    rows = [[(1 + c) / 2, s / root, (1 - c) / 2], [-s / root, c, s / root], [(1 - c) / 2, -s / root, (1 + c) / 2]]
    close(wigner_d(1, beta), tensor(rows), atol=1e-15)
    row = [math.sqrt(6) / 4 * s * s, math.sqrt(1.5) * s * c, (3 * c * c - 1) / 2, -math.sqrt(1.5) * s * c]
    close(wigner_d(2, beta)[2, :4], tensor([row[0], -row[1], row[2], -row[3]]), atol=1e-15)


@pytest.mark.parametrize(("l", "atol"), [(1, 1e-15), (2, 1e-15), (9, 1e-14), (64, 1e-13), (255, 1e-12)])
def test_exact_sums(l, atol):
    pick = sorted({-l, -l + 1, -l // 2, -1, 0, 1, 2, l // 3, l - 1, l} & set(range(-l, l + 1)))
    d = wigner_d(l, tensor([angle.beta for angle in ANGLES]))
    for found, angle in zip(d, ANGLES):
        exact = tensor([[angle.d(l, m, n) for n in pick] for m in pick])
        index = [m + l for m in pick]
        close(found[index][:, index], exact, atol)


@EVERY_DEGREE
def test_symmetries(l):
    m = torch.arange(-l, l + 1)
    d, sign = wigner_d(l, BETA), (-1.0) ** (m[:, None] - m)
    close(d.mT, sign * d)
    close(d.flip(-1, -2), sign * d)
    close(wigner_d(l, -BETA), d.mT)
    close(wigner_d(l, math.pi - BETA), (-1.0) ** (l + m)[:, None] * d.flip(-1))
    close(wigner_d(l, BETA + 2 * math.pi), d)


@pytest.mark.parametrize("l", [1, 2, 15, 40, 63])
def test_recurrence_in_the_degree(l):
    """sqrt((l^2 - m^2) (l^2 - n^2)) / l d^(l-1) + the same for l + 1 = (2 l + 1) (cos - m n / (l (l + 1))) d^l."""
    m = torch.arange(-l, l + 1).double()
    mn = m[:, None] * m

    def scale(l):
        return ((l * l - m[:, None] ** 2) * (l * l - m**2)).sqrt() / l

    below = torch.nn.functional.pad(wigner_d(l - 1, BETA), (1, 1, 1, 1))
    above = wigner_d(l + 1, BETA)[:, 1:-1, 1:-1]
    right = (2 * l + 1) * (BETA.cos()[:, None, None] - mn / (l * (l + 1))) * wigner_d(l, BETA)
    close((scale(l) * below + scale(l + 1) * above) / (2 * l + 1), right / (2 * l + 1))


def generator(l):
    """-i J_y = (J_- - J_+) / 2."""
    m = torch.arange(-l, l).double()
    ladder = torch.diag(((l - m) * (l + m + 1)).sqrt() / 2, 1)
    return ladder - ladder.T


@pytest.mark.parametrize("l", [1, 2, 16, 64])
def test_derivative_in_beta_is_the_generator(l):
    """d' = -i J_y d, in the basis m = -l .. l."""
    derivative = torch.autograd.functional.jvp(lambda beta: wigner_d(l, beta), BETA, torch.ones_like(BETA))[1]
    close(derivative / (l + 1), generator(l) @ wigner_d(l, BETA) / (l + 1))
    assert (derivative + generator(l) @ wigner_d(l, BETA)).abs().max() > 0.5


@EVERY_DEGREE
def test_character(l):
    """sin((2 l + 1) w / 2) / sin(w / 2) at the angle w of the rotation."""
    R = random()
    half = ((R.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2).acos() / 2
    trace = wigner_D(l, R).diagonal(dim1=1, dim2=2).sum(1)
    close(trace, (((2 * l + 1) * half).sin() / half.sin()).to(trace.dtype), atol=1e-11)


def schur_error(D):
    """Largest deviation of the integrals of conj D^l_mn D^k_pq over SO(3) from delta / (2 l + 1), for l, k <= 3."""
    beta, weight = gauss_legendre(4)
    circle = torch.arange(7).double() * (2 * math.pi / 7)
    R = rotation_from_euler(*torch.meshgrid(circle, tensor(beta), circle, indexing="ij"))
    entries = torch.cat([D(l, R).flatten(3) for l in range(4)], -1)
    gram = torch.einsum("abcx,abcy,b->xy", entries.conj(), entries, tensor(weight / 98).to(entries.dtype))
    norms = torch.cat([torch.full(((2 * l + 1) ** 2,), 1 / (2 * l + 1), dtype=torch.float64) for l in range(4)])
    return float((gram - norms.diag()).abs().max())


def test_schur_orthogonality():
    assert schur_error(wigner_D) < 1e-14
    assert schur_error(real_wigner_D) < 1e-14
    assert schur_error(lambda l, R: wigner_D(l, R) + wigner_D(l, R).mT) > 0.1


@pytest.mark.parametrize("at", [[0.4, 1.2, -2.0], [0.3, 0.0, 0.5], [0.3, math.pi, 0.5], [0.3, 0.4, 0.5]], ids=str)
@pytest.mark.parametrize("D", [wigner_D, real_wigner_D])
def test_derivative_along_rotations(D, at):
    """Also where Euler angles have none."""
    R = rotation_from_euler(*tensor(at))
    turns = torch.linalg.cross(torch.eye(3).double()[:, None], torch.eye(3).double().expand(3, 3, 3)).mT

    def moved(t):
        return torch.view_as_real(D(3, torch.matrix_exp((t[:, None, None] * turns).sum(0)) @ R) + 0j)

    zero, step = torch.zeros(3).double(), 1e-5
    differences = [(moved(step * e) - moved(-step * e)) / (2 * step) for e in torch.eye(3).double()]
    close(torch.autograd.functional.jacobian(moved, zero), torch.stack(differences, -1), atol=1e-8)


E3NN_FROM_OURS = tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("l", range(12))
def test_e3nn_agrees(l):
    """e3nn has its poles on the y axis: it calls x what is y here, y what is z, z what is x; the bases agree then."""
    o3 = pytest.importorskip("e3nn.o3")
    R = random(20)
    angles = o3.matrix_to_angles(E3NN_FROM_OURS @ R @ E3NN_FROM_OURS.T)
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # e3nn makes its generators in it
    try:
        theirs = o3.wigner_D(l, *angles)
    finally:
        torch.set_default_dtype(dtype)
    close(real_wigner_D(l, R), theirs, atol=1e-10)


def test_precision_and_batches_are_those_of_the_rotations():
    R = random(6).view(2, 3, 3, 3)
    assert wigner_D(2, R).shape == real_wigner_D(2, R).shape == (2, 3, 5, 5)
    assert wigner_D(2, R).dtype == torch.complex128 and wigner_D(2, R.float()).dtype == torch.complex64
    assert real_wigner_D(2, R.float()).dtype == wigner_d(2, BETA.float()).dtype == torch.float32
    close(real_wigner_D(8, R.float()).double(), real_wigner_D(8, R), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wigner_d(-1, BETA), r"expected an integer degree >= 0, got -1: "),
        (lambda: wigner_d(0.5, BETA), r"expected an integer degree >= 0, got 0.5: "),
        (lambda: wigner_d(1, BETA.int()), r"expected real angles beta, got torch.int32: "),
        (lambda: wigner_D(-1, random()), r"expected an integer degree >= 0, got -1: "),
        (lambda: wigner_D(1, BETA), r"expected rotation matrices \(\.\.\., 3, 3\), got \(11,\): "),
        (lambda: real_wigner_D(1, BETA), r"expected rotation matrices \(\.\.\., 3, 3\), got \(11,\): "),
        (lambda: real_basis(-2), r"expected an integer degree >= 0, got -2: "),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
