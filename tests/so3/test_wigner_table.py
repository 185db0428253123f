"""The table of Wigner d for one spin: against exact sums and wigner_d, orthogonality, poles, high band limits."""

import math

import pytest
import torch
from reference_wigner import ANGLES, gauss_legendre

from gaugenet.so3 import wigner, wigner_d, wigner_d_table

POLES = [0.0, 1e-12, 1e-6, 1e-3, 0.02, 0.1]


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


BETA = tensor([*POLES, 0.5, 1.1, math.pi / 2, 2.0, *(math.pi - beta for beta in POLES)])


def error(band_limit, spin, degrees):
    """Largest difference from wigner_d at some degrees; it has an error of its own of some 1e-14."""
    table, differences = wigner_d_table(band_limit, spin, BETA), [0.0]
    for l in degrees:
        if l >= abs(spin):
            rows = table[band_limit - 1 - l : band_limit + l, l]
            differences.append(float((rows.T - wigner_d(l, BETA)[:, :, spin + l]).abs().max()))
    return max(differences)


@pytest.mark.parametrize("spin", [0, 1, -1, 2, -3, 10, -40, 63])
def test_wigner_d_up_to_degree_63(spin):
    assert error(64, spin, range(64)) < 1e-12


@pytest.mark.parametrize("spin", [0, 1, -2, 3, 60, -254])
def test_wigner_d_up_to_degree_255(spin):
    assert error(256, spin, [100, 255]) < 1e-11


def test_wigner_d_up_to_degree_511():
    """Start values underflow there at small and large beta, to no effect."""
    d = wigner_d(511, BETA)
    for spin in (0, -2, 200):
        torch.testing.assert_close(wigner_d_table(512, spin, BETA)[:, 511].T, d[:, :, spin + 511], rtol=0, atol=2e-11)


def test_a_wrong_recurrence_is_found(monkeypatch):
    right = wigner._scale
    monkeypatch.setattr(wigner, "_scale", lambda l, m, n: right(l, m, n) * (1 + 1e-6 * (l == 5)))
    assert error(16, 1, range(16)) > 1e-8


@pytest.mark.parametrize("angle", ANGLES, ids=lambda angle: f"{angle.beta:.2f}")
def test_exact_sums_with_their_tiny_entries(angle):
    """To ten digits also where d is as small as 1e-100: far from zeros of d that is an error relative to its size."""
    for spin in (0, -1, 2, 30, -200):
        table = wigner_d_table(256, spin, tensor([angle.beta]))[..., 0]
        for l, m in ((255, 0), (255, 1), (255, -2), (255, 90), (255, -200), (255, 254), (230, 37), (254, -253)):
            exact = angle.d(l, m, spin)
            assert float(table[m + 255, l]) == pytest.approx(exact, rel=1e-10 if abs(exact) < 1e-4 else 0, abs=1e-12)


def test_tiny_entries_are_there():
    """One of the test above is below anything that an eigenbasis can give."""
    assert 0 < abs(ANGLES[3].d(255, 254, 0)) < 1e-100


@pytest.mark.parametrize(("band_limit", "spin"), [(32, 0), (32, 3), (128, -2)])
def test_orthogonality(band_limit, spin):
    """The integral of d^l_mn d^k_mn over sin(beta) d beta is 2 / (2 l + 1) where l = k, else 0."""
    beta, weight = (tensor(one) for one in gauss_legendre(band_limit))
    table = wigner_d_table(band_limit, spin, beta)
    degree = torch.arange(band_limit).double()
    unit = table * (degree + 0.5).sqrt()[:, None] * weight.sqrt()
    orders = torch.arange(1 - band_limit, band_limit)
    there = degree >= orders.abs()[:, None].clamp_min(abs(spin))
    torch.testing.assert_close(unit @ unit.mT, torch.diag_embed(there.double()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("spin", [0, 2, -5])
def test_shape_and_empty_entries(spin):
    table = wigner_d_table(8, spin, BETA)
    order, degree = torch.arange(-7, 8)[:, None], torch.arange(8)
    assert table.shape == (15, 8, len(BETA)) and table.dtype == torch.float64
    there = (degree >= abs(spin)) & (degree >= order.abs())
    assert torch.equal(table.abs().amax(-1) > 0, there)


@pytest.mark.parametrize("spin", [0, 1, -2])
def test_poles(spin):
    """d^l_mn(0) is delta_mn and d^l_mn(pi) is (-1)^(l - n) delta_m,-n."""
    table = wigner_d_table(20, spin, tensor([0.0, math.pi]))
    expected = torch.zeros_like(table)
    for l in range(abs(spin), 20):
        expected[19 + spin, l, 0], expected[19 - spin, l, 1] = 1, (-1) ** (l - spin)
    torch.testing.assert_close(table, expected, rtol=0, atol=1e-13)


def test_single_precision_angles():
    """pi of float32 is larger than pi; the table stays float64."""
    beta = torch.tensor([0.0, 1.0, math.pi], dtype=torch.float32)
    table = wigner_d_table(8, 1, beta)
    assert table.dtype == torch.float64
    torch.testing.assert_close(table, wigner_d_table(8, 1, beta.double().clamp_max(math.pi)), rtol=0, atol=0)


def test_smallest_band_limit_and_no_angles():
    assert torch.equal(wigner_d_table(1, 0, BETA), torch.ones(1, 1, len(BETA)).double())
    assert wigner_d_table(4, 1, BETA[:0]).shape == (7, 4, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wigner_d_table(0, 0, BETA), r"expects an integer band limit >= 1, got 0: "),
        (lambda: wigner_d_table(4.0, 0, BETA), r"expects an integer band limit >= 1, got 4.0: "),
        (lambda: wigner_d_table(801, 0, BETA), r"expected a band limit <= 800, got 801: "),
        (lambda: wigner_d_table(4, -4, BETA), r"expects an integer spin with \|spin\| < 4, got -4: "),
        (lambda: wigner_d_table(4, 0.5, BETA), r"expects an integer spin with \|spin\| < 4, got 0.5: "),
        (lambda: wigner_d_table(4, 0, BETA[None]), r"expected angles beta \(B,\), got \(1, 16\): "),
        (lambda: wigner_d_table(4, 0, BETA - 1), r"expected angles beta in \[0, pi\], got -1 to 2.14159: "),
        (lambda: wigner_d_table(4, 0, BETA + math.nan), r"expected angles beta in \[0, pi\], got nan to nan: "),
        (lambda: wigner_d_table(4, 0, BETA.to(torch.complex128)), r"expected real angles beta, got torch.complex128: "),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
