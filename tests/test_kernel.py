"""The kernel space: the constraint, its dimension by characters and brute force, closed forms; radial profiles."""

import math

import pytest
import torch
from group_table import REPS
from hypothesis import given
from hypothesis import strategies as st

from gaugenet.group import Elements, Group, Irrep
from gaugenet.kernel import Wave, highest_frequency, kernel_basis, radial_profiles

GROUPS = [*REPS, "C5", "C6", "C8", "D2", "D3"]


def irreps(name):
    group = Group(name)
    return group.irreps(4 if group.rotations is None else None)


PAIRS = [(name, a, b) for name in GROUPS for a in irreps(name) for b in irreps(name)]
EVERY_PAIR = pytest.mark.parametrize(("name", "irrep_in", "irrep_out"), PAIRS, ids=str)


def circle(count):
    return torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)


def elements(group, seed=0):
    """Random elements, or all of a finite group."""
    if group.rotations is not None:
        return group.elements()
    return group.random(16, generator=torch.Generator().manual_seed(seed))


def violation(name, irrep_in, irrep_out, kernel):
    """Largest entry of kappa(g theta) - rho_out(g) kappa(theta) rho_in(g)^-1."""
    at, theta = elements(Group(name)), circle(11) + 0.3
    moved = at.angle[:, None] + at.sign[:, None] * theta
    turned = irrep_out.matrix(at)[:, None, None] @ kernel(theta) @ irrep_in.matrix(at).mT[:, None, None]
    gap = (kernel(moved) - turned).abs()
    return float(gap.max()) if gap.numel() else 0.0


@EVERY_PAIR
def test_basis_solves_the_kernel_constraint(name, irrep_in, irrep_out):
    basis = kernel_basis(irrep_in, irrep_out, Group(name))
    assert violation(name, irrep_in, irrep_out, basis.matrices) < 1e-12


@pytest.mark.parametrize(("name", "n", "m"), [("SO2", 0, 1), ("SO2", 1, 1), ("O2", 1, 2), ("C4", 1, 0), ("D3", 1, 1)])
def test_a_wrong_frequency_violates_the_constraint(name, n, m):
    group = Group(name)
    one, other = (next(irrep for irrep in irreps(name) if irrep.order == order) for order in (n, m))
    basis = kernel_basis(one, other, group)
    assert violation(name, one, other, lambda theta: basis.matrices(2 * theta)) > 0.1


@EVERY_PAIR
def test_dimension_is_the_count_of_characters(name, irrep_in, irrep_out):
    """<chi_out, chi_in (1 + 2 sum_k cos k a)>, with reflections sum_k of the traces of pairs of order k."""
    group = Group(name)
    most = highest_frequency(group)
    most = irrep_in.order + irrep_out.order + 2 if most is None else most
    at = group.elements() if group.rotations is not None else Group(f"{'D' if group.reflections else 'C'}31").elements()
    waves = torch.ones_like(at.angle) + sum(2 * torch.cos(k * at.angle) * ~at.flip for k in range(1, most + 1))
    count = (irrep_out.character(at) * irrep_in.character(at) * waves).mean()
    assert len(kernel_basis(irrep_in, irrep_out, group)) == pytest.approx(float(count), abs=1e-9)


@EVERY_PAIR
def test_basis_is_independent_and_complete(name, irrep_in, irrep_out):
    """Its span is that of all solutions, found by brute force among trigonometric polynomials."""
    group = Group(name)
    basis = kernel_basis(irrep_in, irrep_out, group)
    most = highest_frequency(group)
    degree = irrep_in.order + irrep_out.order + 2 if most is None else most
    theta = circle(2 * degree + 1)
    brute = solutions(irrep_in, irrep_out, elements(group), theta, degree)
    ours = basis.matrices(theta).transpose(0, 1).flatten(1)
    assert len(brute) == len(basis)
    if len(basis):
        assert torch.linalg.matrix_rank(ours) == len(basis)
        assert torch.linalg.matrix_rank(torch.cat([ours, brute]), atol=1e-9) == len(basis)


def solutions(irrep_in, irrep_out, at, theta, degree):
    """All kernels of degree at most ``degree`` that obey the constraint, by their values at theta: rows."""
    frequency = torch.arange(1, degree + 1)

    def waves(angle):
        parts = [torch.ones_like(angle)[..., None], torch.cos(angle[..., None] * frequency)]
        return torch.cat([*parts, torch.sin(angle[..., None] * frequency)], -1)

    synthesis, equations = waves(theta), []
    for angle, flip in zip(at.angle, at.flip):
        one = Elements(angle, flip)
        turn = torch.kron(irrep_out.matrix(one).contiguous(), irrep_in.matrix(one).contiguous())  # row-major vec
        moved = waves(angle + one.sign * theta)
        equations.append(torch.kron(moved, torch.eye(len(turn), dtype=torch.float64)) - torch.kron(synthesis, turn))
    _, values, rows = torch.linalg.svd(torch.cat(equations))
    null = rows[int((values > 1e-9).sum()) :].unflatten(1, (len(theta), -1))
    return torch.einsum("tw,swc->stc", synthesis, null).flatten(1)


def closed_form(n, m, theta):
    """The kernels of SO(2) from order n to order m as de Haan et al. (2021, table 1) write them: ``(basis, ...)``."""

    def c(k):
        return torch.cos(k * theta)

    def s(k):
        return torch.sin(k * theta)

    if n == 0 and m == 0:
        rows = [[[1 + 0 * theta]]]
    elif n == 0:
        rows = [[[c(m)], [s(m)]], [[-s(m)], [c(m)]]]
    elif m == 0:
        rows = [[[c(n), s(n)]], [[s(n), -c(n)]]]
    else:
        rows = [
            [[c(m - n), -s(m - n)], [s(m - n), c(m - n)]],
            [[s(m - n), c(m - n)], [-c(m - n), s(m - n)]],
            [[c(m + n), s(m + n)], [s(m + n), -c(m + n)]],
            [[-s(m + n), c(m + n)], [c(m + n), s(m + n)]],
        ]
    return torch.stack([torch.stack([torch.stack(row) for row in one]) for one in rows])


@pytest.mark.parametrize(("n", "m"), [(n, m) for n in range(4) for m in range(4)])
def test_span_is_the_closed_form_for_rotations(n, m):
    group, theta = Group("SO2"), circle(16) + 0.1
    ours = kernel_basis(group.irrep(n), group.irrep(m), group).matrices(theta).permute(1, 2, 3, 0).flatten(1)
    theirs = closed_form(n, m, theta).flatten(1)
    assert len(ours) == len(theirs) == {0: 1, 1: 2, 2: 4}[(n > 0) + (m > 0)]
    assert torch.linalg.matrix_rank(torch.cat([ours, theirs]), atol=1e-9) == len(ours)


@pytest.mark.parametrize(("name", "most"), [("C4", 5), ("D3", 4), ("O2", 1), ("trivial", 0), ("trivial", 3)])
def test_frequencies_end_where_asked(name, most):
    group = Group(name)
    for one in irreps(name):
        for other in irreps(name):
            frequencies = [abs(wave.frequency) for wave in kernel_basis(one, other, group, most).waves]
            assert max(frequencies, default=0) <= most
    if name == "trivial":
        assert len(kernel_basis(one, other, group, most)) == 2 * most + 1


@EVERY_PAIR
def test_transposes_stand_in_the_basis_of_the_way_back(name, irrep_in, irrep_out):
    basis, back = (kernel_basis(*pair, Group(name)) for pair in ((irrep_in, irrep_out), (irrep_out, irrep_in)))
    if not len(basis):
        assert not len(back)
        return
    theta = circle(9) + 0.2
    table = basis.transposed(back)
    assert sorted(t for t, _ in table) == list(range(len(back)))
    for s, (t, sign) in enumerate(table):
        assert torch.allclose(basis.matrices(theta)[:, s].mT, sign * back.matrices(theta)[:, t], atol=1e-12)


def test_a_wave_by_hand():
    """At 90 degrees exp(i theta) z = i z: its real part is -y, its imaginary part x."""
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    rows = [Wave(1, part).row(quarter, 2) for part in (0, 1)]
    assert torch.allclose(torch.stack(rows), torch.tensor([[0.0, -1], [1, 0]], dtype=torch.float64), atol=1e-15)
    assert Wave(1, 1).row(quarter, 1).tolist() == [1.0]


def test_bases_are_kept():
    group = Group("D6")
    one = group.irrep(1)
    assert kernel_basis(one, one, group) is kernel_basis(one, one, group, highest_frequency(group))
    assert isinstance(one, Irrep)


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
