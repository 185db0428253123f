"""Clebsch-Gordan coefficients: orthogonal both ways, intertwining, against exact sums, by hand and e3nn."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from reference_wigner import root

from gaugenet.so3 import (
    clebsch_gordan,
    random_rotation,
    real_clebsch_gordan,
    real_harmonics,
    real_wigner_D,
    wigner_3j,
    wigner_D,
)

SMALL = [(l1, l2, l) for l1, l2 in itertools.product(range(4), repeat=2) for l in range(abs(l1 - l2), l1 + l2 + 1)]
LARGE = [(16, 9, 12), (20, 20, 40), (31, 30, 1), (40, 40, 0)]


def close(one, other, atol=1e-13):
    torch.testing.assert_close(one, other.expand_as(one), rtol=0, atol=atol)


def exact(l1, m1, l2, m2, l):
    """<l1 m1 l2 m2 | l m1+m2> by Racah's sum in integers (Varshalovich et al. 1988, section 8.2)."""
    m, f = m1 + m2, math.factorial
    total = Fraction(0)
    for k in range(max(0, l2 - l - m1, l1 - l + m2), min(l1 + l2 - l, l1 - m1, l2 + m2) + 1):
        below = f(k) * f(l1 + l2 - l - k) * f(l1 - m1 - k) * f(l2 + m2 - k)
        total += Fraction((-1) ** k, below * f(l - l2 + m1 + k) * f(l - l1 - m2 + k))
    square = Fraction((2 * l + 1) * f(l1 + l2 - l) * f(l + l1 - l2) * f(l - l1 + l2), f(l1 + l2 + l + 1))
    square *= total**2 * f(l1 + m1) * f(l1 - m1) * f(l2 + m2) * f(l2 - m2) * f(l + m) * f(l - m)
    return math.copysign(root(square), total) if total else 0.0


@pytest.mark.parametrize(
    "degrees", [(1, 1, 1), (2, 1, 2), (9, 7, 11), (64, 64, 64), (64, 63, 5), (64, 64, 128)], ids=str
)
def test_exact_sums(degrees):
    l1, l2, l = degrees
    C, generator = clebsch_gordan(*degrees), np.random.default_rng(0)
    for _ in range(60):
        m1, m2 = int(generator.integers(-l1, l1 + 1)), int(generator.integers(-l2, l2 + 1))
        if abs(m1 + m2) <= l:
            found = float(C[m1 + l1, m2 + l2, m1 + m2 + l])
            assert found == pytest.approx(exact(l1, m1, l2, m2, l), rel=1e-9, abs=1e-13)


def test_tiny_coefficients():
    """Far from where they oscillate they have all digits, relative to their size."""
    value = exact(64, 64, 64, -64, 128)
    assert value < 1e-35
    assert float(clebsch_gordan(64, 64, 128)[128, 0, 128]) == pytest.approx(value, rel=1e-12)


def selected(l1, l2):
    """All <l1 m1 l2 m2 | l m1+m2> as (l, m1, m2), l from |l1 - l2|; other entries are 0."""
    m1, m2 = np.arange(-l1, l1 + 1)[:, None], np.arange(-l2, l2 + 1)
    tables = []
    for l in range(abs(l1 - l2), l1 + l2 + 1):
        C, there = clebsch_gordan(l1, l2, l).numpy(), abs(m1 + m2) <= l
        one = np.where(there, C[m1 + l1, m2 + l2, (m1 + m2).clip(-l, l) + l], 0)
        assert np.count_nonzero(one) == np.count_nonzero(C)
        tables.append(one)
    return np.stack(tables)


def orthogonality_error(l1, l2, table):
    """Largest deviation from 1 of the matrices (l, m1) of every m times their transposes, both ways."""
    worst = 0.0
    for m in range(-l1 - l2, l1 + l2 + 1):
        m1 = np.arange(max(-l1, m - l2), min(l1, m + l2) + 1)
        matrix = table[max(0, abs(m) - abs(l1 - l2)) :, m1 + l1, m - m1 + l2]
        assert matrix.shape[0] == matrix.shape[1]
        one = np.eye(len(matrix))
        worst = max(worst, abs(matrix @ matrix.T - one).max(), abs(matrix.T @ matrix - one).max())
    return worst


@pytest.mark.parametrize("degrees", [(0, 0), (1, 2), (5, 5), (64, 3), (3, 64), (64, 41), (64, 64)], ids=str)
def test_orthogonality_both_ways(degrees):
    assert orthogonality_error(*degrees, selected(*degrees)) < 1e-12


def test_a_wrong_coefficient_is_not_orthogonal():
    table = selected(5, 5)
    table[3, 4, 5] *= 1 + 1e-6
    assert orthogonality_error(5, 5, table) > 1e-8


def intertwining_error(C, D, degrees):
    """Largest entry of C (D1 x D2) - D C, of the map C from the product to degree l."""
    R = random_rotation(1, torch.Generator().manual_seed(0))[0]
    D1, D2, D3 = (D(l, R) for l in degrees)
    C = C.to(D1.dtype)
    before = torch.einsum("ijk,ia,jb->abk", C, D1, D2)
    return float((before - torch.einsum("kn,abn->abk", D3, C)).abs().max())


@pytest.mark.parametrize("degrees", [*SMALL, *LARGE], ids=str)
def test_intertwining(degrees):
    assert intertwining_error(clebsch_gordan(*degrees), wigner_D, degrees) < 1e-13
    assert intertwining_error(real_clebsch_gordan(*degrees), real_wigner_D, degrees) < 1e-13


def test_a_wrong_phase_does_not_intertwine():
    C = clebsch_gordan(2, 1, 2) * (-1.0) ** torch.arange(5)
    assert intertwining_error(C, wigner_D, (2, 1, 2)) > 0.1
    assert intertwining_error(real_clebsch_gordan(2, 1, 2).flip(0), real_wigner_D, (2, 1, 2)) > 0.1


@pytest.mark.parametrize("degrees", [*SMALL, *LARGE], ids=str)
def test_symmetries(degrees):
    l1, l2, l = degrees
    C, sign = clebsch_gordan(*degrees), (-1) ** (l1 + l2 - l)
    close(C.flip(0, 1, 2), sign * C)
    close(clebsch_gordan(l2, l1, l).transpose(0, 1), sign * C)
    close(C[-1, :, -1], C[-1, :, -1].abs())  # Condon and Shortley's choice
    close(wigner_3j(l2, l, l1).permute(2, 0, 1), wigner_3j(*degrees))
    close(wigner_3j(l2, l1, l).transpose(0, 1), (-1) ** (l1 + l2 + l) * wigner_3j(*degrees))


@pytest.mark.parametrize("degrees", SMALL, ids=str)
def test_norms(degrees):
    one = torch.eye(2 * degrees[2] + 1, dtype=torch.float64)
    for C in (clebsch_gordan(*degrees), real_clebsch_gordan(*degrees)):
        close(torch.einsum("ijk,ijn->kn", C, C), one)
    assert float(wigner_3j(*degrees).square().sum()) == pytest.approx(1, abs=1e-14)


def test_known_values():
    C = clebsch_gordan(1, 1, 2)
    assert float(C[2, 2, 4]) == pytest.approx(1)
    assert [float(C[i, 2 - i, 2]) for i in range(3)] == pytest.approx([6**-0.5, (2 / 3) ** 0.5, 6**-0.5])
    C = clebsch_gordan(1, 1, 1)
    assert [float(C[2, 0, 1]), float(C[1, 1, 1]), float(C[0, 2, 1])] == pytest.approx([0.5**0.5, 0, -(0.5**0.5)])
    C = clebsch_gordan(1, 1, 0)
    assert [float(C[i, 2 - i, 0]) for i in range(3)] == pytest.approx([3**-0.5, -(3**-0.5), 3**-0.5])
    C = clebsch_gordan(2, 1, 1)
    assert [float(C[4, 0, 2]), float(C[3, 1, 2]), float(C[2, 2, 2])] == pytest.approx([0.6**0.5, -(0.3**0.5), 0.1**0.5])
    assert float(wigner_3j(2, 1, 1)[2, 1, 1]) == pytest.approx((2 / 15) ** 0.5)
    assert float(wigner_3j(2, 2, 2)[2, 2, 2]) == pytest.approx(-((2 / 35) ** 0.5))


def test_products_of_two_vectors_by_hand():
    """-u.v / sqrt(3) and u x v / sqrt(2), of vectors in the order y, z, x."""
    u, v = torch.randn(2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order = [1, 2, 0]
    cross = torch.einsum("ijk,i,j->k", real_clebsch_gordan(1, 1, 1), u[order], v[order])
    close(cross, torch.linalg.cross(u, v)[order] / math.sqrt(2))
    dot = torch.einsum("ijk,i,j->k", real_clebsch_gordan(1, 1, 0), u[order], v[order])
    close(dot, -(u @ v)[None] / math.sqrt(3))


@pytest.mark.parametrize("degrees", [(1, 1, 2), (2, 3, 3), (2, 2, 4), (3, 4, 5)], ids=str)
def test_products_of_harmonics(degrees):
    """sum Q Y_l1 Y_l2 is sqrt((2 l1 + 1) (2 l2 + 1) / (4 pi (2 l + 1))) <l1 0 l2 0 | l 0> Y_l (0 for odd sums)."""
    l1, l2, l = degrees
    x = torch.nn.functional.normalize(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double(), dim=-1)
    one, other, product = (real_harmonics(k + 1, x)[:, k * k :] for k in degrees)
    factor = math.sqrt((2 * l1 + 1) * (2 * l2 + 1) / (4 * math.pi * (2 * l + 1))) * clebsch_gordan(*degrees)[l1, l2, l]
    close(torch.einsum("ijk,ni,nj->nk", real_clebsch_gordan(*degrees), one, other), factor * product)


@pytest.mark.parametrize("degrees", [*SMALL, (7, 5, 11), (11, 11, 11), (10, 11, 2)], ids=str)
def test_e3nn_agrees_up_to_sign(degrees):
    """Its bases are those here, its poles being on what it calls y; its couplings have norm 1 and their own signs."""
    o3 = pytest.importorskip("e3nn.o3")
    ours = real_clebsch_gordan(*degrees) / math.sqrt(2 * degrees[2] + 1)
    theirs = o3.wigner_3j(*degrees, dtype=torch.float64)
    close((ours * theirs).sum().abs(), torch.ones((), dtype=torch.float64), atol=1e-10)


def test_tables_are_copies():
    clebsch_gordan(1, 1, 1).zero_()
    assert clebsch_gordan(1, 1, 1).abs().sum() > 1


@pytest.mark.parametrize("coefficients", [clebsch_gordan, wigner_3j, real_clebsch_gordan])
@pytest.mark.parametrize(
    ("degrees", "message"),
    [
        ((1, 1, 3), r"expected \|l1 - l2\| <= l <= l1 \+ l2, got l1 = 1, l2 = 1, l = 3: .* degrees 0 to 2$"),
        ((1, 4, 2), r"expected \|l1 - l2\| <= l <= l1 \+ l2, got l1 = 1, l2 = 4, l = 2: .* degrees 3 to 5$"),
        ((-1, 1, 0), r"expected an integer l1 >= 0, got -1: "),
        ((1, 0.5, 1), r"expected an integer l2 >= 0, got 0.5: "),
    ],
)
def test_refusals(coefficients, degrees, message):
    with pytest.raises(ValueError, match=message) as refusal:
        coefficients(*degrees)
    assert "\n" not in str(refusal.value)
