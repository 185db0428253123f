"""Representations: the grammar, the homomorphism, and the action on features."""

import math

import pytest
import torch
from group_table import REPS
from hypothesis import given, settings
from hypothesis import strategies as st

from gaugenet.group import Group
from gaugenet.representation import Representation

TERMS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=6).map(tuple)
ANGLES = st.floats(-10, 10, allow_nan=False)


def features(rep, *shape, seed=0):
    return rep.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(TERMS)
def test_string_parses_back(terms):
    rep = Representation(terms)
    assert Representation(str(rep)) == rep
    assert eval(repr(rep)) == rep
    assert hash(Representation(str(rep))) == hash(rep)
    assert rep.dim == sum(m * (1 if n == 0 else 2) for m, n in terms)
    assert [block.columns.start for block in rep] == [
        sum(b.dim for b in rep.blocks[:k]) for k in range(len(rep.blocks))
    ]
    assert rep.orders == tuple(sorted({n for m, n in terms if m}))
    assert all(rep.multiplicity(order) == sum(m for m, n in terms if n == order) for order in range(6))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("16x0 + 16x1 + 8x2", ((16, 0), (16, 1), (8, 2))),
        ("  2x3+1x1", ((2, 3), (1, 1))),
        ("0 + 2", ((1, 0), (1, 2))),
        ("4 x 0 + 0x7", ((4, 0),)),
        ("3x1 + 2x1", ((3, 1), (2, 1))),
        ("0x0", ()),
    ],
)
def test_grammar(text, terms):
    assert [(m, irrep.order) for m, irrep in Representation(text).terms] == list(terms)


@pytest.mark.parametrize(
    "text", ["", "+", "2x", "x1", "2x1 3x0", "2x-1", "1.5x0", "2x1 +", "-1x2", "regulars", "1**2", "(1"]
)
def test_what_is_not_in_the_grammar_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot read .* expected terms"):
        Representation(text)


@pytest.mark.parametrize(
    ("terms", "complaint"),
    [
        (((-1, 0),), "multiplicities must be >= 0, got -1x0"),
        (((1, -2),), "orders 0 to inf, got -2"),
        ("1e", 'are written 1, got "1e"'),
        ("O2: 0", 'are written 0e or 0o, got "0"'),
        ("C4: 3", "irreps of C4 have orders 0 to 2, got 3"),
        ("G2: 1", 'cannot read "G2" as a group'),
        ("regular", "from trivial to SO2: expected a subgroup of a finite group"),
        ("C4: quotient(C3)", "from C3 to C4: expected a subgroup"),
        ("D4: restrict(SO2: 1)", "restricts to D4, which is not a subgroup of SO2"),
    ],
)
def test_what_the_group_does_not_have_is_refused(terms, complaint):
    with pytest.raises(ValueError, match=complaint):
        Representation(terms)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("O2: 4x0e + 2x0o+3x1", "O2: 4x0e + 2x0o + 3x1"),
        ("SO2: 2x1", "2x1"),
        ("C_4: 8xregular", "C4: 8x0 + 8x1 + 8x2"),
        ("D3: regular", "D3: 1x0e + 1x0o + 1x1 + 1x1"),
        ("D4: 2xquotient(D1)", "D4: 2x0e + 2x1 + 2x2e"),
        ("D6: quotient(C2)", "D6: 1x0e + 1x0o + 1x2 + 1x2"),
        ("C6: induce(C2: 1)", "C6: 1x1 + 1x3"),
        ("D4: restrict(O2: 0o + 2 + 5)", "D4: 1x0o + 1x1 + 1x2e + 1x2o"),
        ("3x1*2", "3x1 + 3x3"),
        ("O2: 1*1*0o", "O2: 1x0e + 1x0o + 1x2"),
        ("trivial: 5x0", "trivial: 5x0"),
    ],
)
def test_grammar_of_groups(text, written):
    rep = Representation(text)
    assert str(rep) == written
    assert Representation(written) == rep
    assert eval(repr(rep)) == rep


def test_groups_do_not_mix():
    with pytest.raises(ValueError, match='"C4: 1x1" is a representation of C4, expected one of O2'):
        Representation("O2: 1") + "C4: 1x1"
    assert Representation("O2: 1") + "2x0o" == Representation("O2: 1 + 2x0o")
    assert Representation("2x0 + 1", "C3").group == Group("C3")
    assert Representation.invariants(3, "D4") == Representation("D4: 3x0e")


@pytest.mark.parametrize("text", [f"{group}: {rep}" for group, reps in REPS.items() for rep in reps])
def test_action_of_a_group(text):
    """Homomorphism, orthogonality, and the action as a matrix, with reflections."""
    rep = Representation(text)
    generator = torch.Generator().manual_seed(0)
    one, other = rep.group.random(5, generator=generator), rep.group.random(5, generator=generator)
    assert torch.allclose(rep.matrix(one) @ rep.matrix(other), rep.matrix(one @ other), rtol=0, atol=1e-12)
    unit = torch.eye(rep.dim, dtype=torch.float64)
    assert torch.allclose(rep.matrix(one) @ rep.matrix(one.inverse()), unit.expand(5, -1, -1), rtol=0, atol=1e-12)
    assert torch.allclose(rep.matrix(one).mT, rep.matrix(one.inverse()), rtol=0, atol=1e-12)
    x = features(rep, 5)
    expected = torch.einsum("gab,gb->ga", rep.matrix(one), x)
    assert torch.allclose(rep.act(x, one), expected, rtol=0, atol=1e-12)


@given(TERMS, TERMS, st.integers(0, 3))
def test_sum_and_multiple(a, b, times):
    first, second = Representation(a), Representation(b)
    x, y = features(first, 2), features(second, 2)
    angle = torch.tensor(0.7, dtype=torch.float64)
    assert (first + second).dim == first.dim + second.dim
    assert first + str(second) == first + second
    together = (first + second).act(torch.cat([x, y], -1), angle)
    assert torch.equal(together, torch.cat([first.act(x, angle), second.act(y, angle)], -1))
    assert (times * first).dim == (first * times).dim == times * first.dim


@given(TERMS, ANGLES, ANGLES)
@settings(max_examples=40)
def test_matrices_are_a_homomorphism_into_rotations(terms, a, b):
    rep = Representation(terms)
    first, second = (torch.tensor(angle, dtype=torch.float64) for angle in (a, b))
    assert torch.allclose(rep.matrix(first) @ rep.matrix(second), rep.matrix(first + second), rtol=0, atol=1e-12)
    unit = torch.eye(rep.dim, dtype=torch.float64)
    assert torch.allclose(rep.matrix(first).T @ rep.matrix(first), unit, rtol=0, atol=1e-12)
    assert torch.allclose(rep.matrix(first.new_tensor(2 * math.pi)), unit, rtol=0, atol=1e-12)
    if rep.dim:
        assert torch.det(rep.matrix(first)) == pytest.approx(1)


@given(TERMS, st.integers(0, 99))
def test_rotate_is_the_matrix_at_each_vertex(terms, seed):
    rep = Representation(terms)
    x, angle = features(rep, 3, 4, seed=seed), 6 * torch.rand(3, 4, dtype=torch.float64)
    expected = torch.einsum("...ab,...b->...a", rep.matrix(angle), x)
    assert torch.allclose(rep.act(x, angle), expected, rtol=0, atol=1e-12)


def test_a_wrong_order_breaks_the_homomorphism():
    """The check above notices a matrix that turns by half the angle."""
    angle = torch.tensor(2.0, dtype=torch.float64)
    half = Representation("1x1").matrix(angle / 2 + 0.1)
    assert not torch.allclose(half @ half, Representation("1x1").matrix(2 * angle), atol=1e-3)


def test_by_hand():
    """A quarter turn takes (Re, Im) = (1, 0) to (0, 1) at order 1 and to (-1, 0) at order 2; order 0 stays."""
    rep = Representation("1x0 + 2x1 + 1x2")
    x = torch.tensor([5.0, 1.0, 0.0, 0.0, 3.0, 1.0, 0.0])  # order 1: real parts (1, 0), imaginary parts (0, 3)
    expected = torch.tensor([5.0, 0.0, -3.0, 1.0, 0.0, -1.0, 0.0])
    assert torch.allclose(rep.act(x, torch.tensor(math.pi / 2)), expected, atol=1e-6)


@given(TERMS)
def test_invariants_alone_make_features_that_no_rotation_changes(terms):
    rep = Representation(terms)
    x = torch.arange(1.0, 2 * rep.num_invariants + 1).view(2, -1)
    whole = rep.from_invariants(x)
    assert whole.shape == (2, rep.dim) and whole.count_nonzero() == x.numel()
    assert torch.equal(rep.invariant_part(whole), x)
    assert torch.equal(rep.act(whole, torch.ones(2)), whole)


def test_features_keep_their_precision():
    rep = Representation("1x0 + 1x1")
    angle = torch.zeros(3, dtype=torch.float64)
    assert rep.act(torch.ones(3, 3), angle).dtype == torch.float32
    assert rep.randn(2, dtype=torch.float64).dtype == torch.float64


def test_wrong_last_axis_is_refused():
    rep = Representation("2x0 + 1x1")
    with pytest.raises(ValueError, match=r"Pool expects features of representation 2x0 \+ 1x1 \(last axis 4\)"):
        rep.check(torch.zeros(7, 3), "Pool")
    with pytest.raises(ValueError, match="last axis 4"):
        rep.act(torch.zeros(7, 5), torch.zeros(7))
    rep.check(torch.zeros(7, 4), "Pool")
