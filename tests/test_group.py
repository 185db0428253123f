"""Structure groups and their irreps: axioms, homomorphism, orthogonality of characters."""

import math

import pytest
import torch

from gaugenet.group import Elements, Group

FINITE = ("trivial", "C2", "C3", "C4", "C7", "D1", "D2", "D3", "D4", "D9")
EVERY = ("SO2", "O2", *FINITE)


def defining(at):
    """The 2 x 2 matrices R(a) F^s, written out."""
    cos, sin, sign = torch.cos(at.angle), torch.sin(at.angle), 1.0 - 2.0 * at.flip
    return torch.stack([torch.stack([cos, -sin * sign], -1), torch.stack([sin, cos * sign], -1)], -2)


def some(name, count=20, seed=0):
    return Group(name).random(count, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", EVERY)
def test_product_and_inverse_are_those_of_matrices(name):
    a, b = some(name), some(name, seed=1)
    assert torch.allclose(defining(a @ b), defining(a) @ defining(b), rtol=0, atol=1e-13)
    assert torch.allclose(defining(a.inverse()), defining(a).mT, rtol=0, atol=1e-13)
    assert torch.allclose(a.sign, torch.linalg.det(defining(a)), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", EVERY)
def test_irreps_are_orthogonal_homomorphisms(name):
    a, b = some(name), some(name, seed=1)
    for irrep in Group(name).irreps(6):
        first = irrep.matrix(a)
        assert torch.allclose(first @ irrep.matrix(b), irrep.matrix(a @ b), rtol=0, atol=1e-12), irrep
        unit = torch.eye(irrep.size, dtype=torch.float64)
        assert torch.allclose(first @ first.mT, unit.expand_as(first), rtol=0, atol=1e-12), irrep


def test_a_wrong_irrep_is_no_homomorphism():
    """The check above notices an order that a finite group does not have, taken for one-dimensional."""
    a, b = some("C4"), some("C4", seed=1)
    wrong = Group("C2").irrep(1)  # cos(a) alone
    assert not torch.allclose(wrong.matrix(a) @ wrong.matrix(b), wrong.matrix(a @ b), atol=1e-3)


@pytest.mark.parametrize("name", FINITE)
def test_characters_are_orthogonal_and_irreps_complete(name):
    """Means of products of real characters are the dimension of the commutant; sizes squared over it sum to |K|."""
    group = Group(name)
    irreps, elements = group.irreps(), group.elements()
    table = torch.stack([irrep.character(elements) for irrep in irreps])
    expected = torch.diag(torch.tensor([float(irrep.commutant) for irrep in irreps], dtype=torch.float64))
    assert torch.allclose(table @ table.T / len(elements.angle), expected, rtol=0, atol=1e-13)
    assert sum(irrep.size**2 // irrep.commutant for irrep in irreps) == len(elements.angle)


@pytest.mark.parametrize("name", ["SO2", "O2"])
def test_characters_of_continuous_groups_are_orthogonal(name):
    """The integral over the circle is exact with more samples than twice the highest order."""
    group, samples = Group(name), 16
    fine = Group(f"{'D' if group.reflections else 'C'}{samples}").elements()
    irreps = group.irreps(6)
    table = torch.stack([irrep.character(fine) for irrep in irreps])
    expected = torch.diag(torch.tensor([float(irrep.commutant) for irrep in irreps], dtype=torch.float64))
    assert torch.allclose(table @ table.T / len(fine.angle), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", FINITE)
def test_elements_are_all_different_and_closed_under_products(name):
    group = Group(name)
    elements = group.elements()
    matrices = defining(elements).flatten(1)
    assert len(matrices) == group.rotations * (2 if group.reflections else 1)
    gaps = torch.cdist(matrices, matrices) + 9 * torch.eye(len(matrices))
    assert gaps.min() > 0.1
    products = Elements(elements.angle[:, None], elements.flip[:, None]) @ elements
    assert torch.cdist(defining(products).flatten(0, 1).flatten(1), matrices).min(1).values.max() < 1e-6


@pytest.mark.parametrize("name", EVERY)
def test_random_elements_lie_in_the_group_and_meet_all_of_it(name):
    group, drawn = Group(name), some(name, 4000)
    near = group.nearest(drawn)
    assert torch.allclose(defining(near), defining(drawn), rtol=0, atol=1e-12)
    if group.rotations:
        every = defining(group.elements()).flatten(1)
        counts = torch.cdist(defining(drawn).flatten(1), every).argmin(1)
        shares = torch.bincount(counts, minlength=len(every)) / 4000 * len(every)
        assert shares.min() > 0.7
        assert shares.max() < 1.3
    else:
        assert drawn.angle.aminmax().max > 6.2
        assert float(drawn.flip.double().mean()) == pytest.approx(0.5 * group.reflections, abs=0.05)


@pytest.mark.parametrize("name", ["trivial", "C3", "C4", "D1", "D4"])
def test_nearest_is_the_nearest_of_the_same_determinant(name):
    group = Group(name)
    at = some("O2" if group.reflections else "SO2", 200)
    elements = group.elements()
    same = at.flip[:, None] == elements.flip
    distance = torch.cdist(defining(at).flatten(1), defining(elements).flatten(1)).where(same, torch.inf)
    best = defining(elements)[distance.argmin(1)]
    assert torch.allclose(defining(group.nearest(at)), best, rtol=0, atol=1e-12)


def test_nearest_has_no_reflection_to_offer_in_a_group_of_rotations():
    flipped = Elements(torch.zeros(2), torch.tensor([True, False]))
    with pytest.raises(ValueError, match="C4 has no reflections, got 1: use a group with them, such as O2"):
        Group("C4").nearest(flipped)


@pytest.mark.parametrize(
    ("text", "name"),
    [("SO(2)", "SO2"), ("O(2)", "O2"), ("C_4", "C4"), ("D_12", "D12"), ("C1", "trivial"), (" D1 ", "D1")],
)
def test_names(text, name):
    group = Group(text)
    assert str(group) == name
    assert Group(group) == Group(name) == eval(repr(group))
    assert hash(group) == hash(Group(name))


@pytest.mark.parametrize("name", ["", "C0", "SO3", "C", "so2", "D-1", "C4 D4", "U1", "SO(2", "O2)"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r"cannot read .* as a group: expected SO2, O2, trivial"):
        Group(name)


def test_subgroups():
    below = {name: {other for other in EVERY if Group(other) <= Group(name)} for name in EVERY}
    assert below["O2"] == set(EVERY)
    assert below["SO2"] == {"SO2", "trivial", "C2", "C3", "C4", "C7"}
    assert below["D4"] == {"D4", "D2", "D1", "C4", "C2", "trivial"}
    assert below["C3"] == {"C3", "trivial"}


def test_irreps_by_hand():
    names = {name: [str(irrep) for irrep in Group(name).irreps(3)] for name in EVERY}
    assert names["SO2"] == ["0", "1", "2", "3"]
    assert names["O2"] == ["0e", "0o", "1", "2", "3"]
    assert names["C4"] == ["0", "1", "2"]
    assert names["D4"] == ["0e", "0o", "1", "2e", "2o"]
    assert names["D1"] == ["0e", "0o"]
    assert names["D2"] == ["0e", "0o", "1e", "1o"]
    assert names["trivial"] == ["0"]
    quarter = Elements(torch.tensor(math.pi / 2), torch.tensor(True))  # F, then a quarter turn: swaps the axes
    assert torch.allclose(Group("O2").irrep(1).matrix(quarter), torch.tensor([[0.0, 1.0], [1.0, 0.0]]), atol=1e-6)
    assert Group("O2").irrep(0, "o").matrix(quarter).item() == -1
    assert Group("D4").irrep(2, "o").matrix(quarter).item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "order", "parity", "message"),
    [
        ("C4", 3, "", "irreps of C4 have orders 0 to 2, got 3"),
        ("O2", -1, "", "irreps of O2 have orders 0 to inf, got -1"),
        ("O2", 0, "", r'order 0 of O2 are written 0e or 0o, got "0"'),
        ("SO2", 0, "e", r'order 0 of SO2 are written 0, got "0e"'),
        ("D4", 1, "o", r'order 1 of D4 are written 1, got "1o"'),
    ],
)
def test_irreps_that_a_group_does_not_have(name, order, parity, message):
    with pytest.raises(ValueError, match=message):
        Group(name).irrep(order, parity)


@pytest.mark.parametrize("name", ["SO2", "O2"])
def test_continuous_groups_have_no_list(name):
    for call in (Group.elements, Group.irreps):
        with pytest.raises(ValueError, match=f"{name} is not finite: "):
            call(Group(name))


def test_without_flips_elements_are_rotations():
    angle, flip = torch.tensor([0.3, -2.0]), torch.tensor([True, False])
    one, other = Elements.of(angle, None), Elements.of(angle, flip)
    assert torch.equal(one.angle, angle) and not one.flip.any()
    assert torch.equal(other.angle, angle) and torch.equal(other.flip, flip)
