"""Decompositions into irreps with their change of basis, and intertwiners between any two representations."""

import pytest
import torch
from group_table import REPS

from gaugenet.group import Elements, Group
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import (
    decompose,
    induce,
    intertwiner_basis,
    quotient,
    regular,
    restrict,
    tensor_product,
)

REPRESENTATIONS = [*(f"{group}: {reps[1]}" for group, reps in REPS.items()), "2x0 + 1 + 3", "D3: regular", "C5: 1 + 2"]


def some(group, count=6):
    return group.random(count, generator=torch.Generator().manual_seed(0))


def error(decomposition, matrices, at):
    return float((decomposition.matrix(at) - matrices).abs().max())


def assert_orthogonal(basis):
    unit = torch.eye(len(basis), dtype=torch.float64)
    assert torch.allclose(basis @ basis.T, unit, rtol=0, atol=1e-12)


@pytest.mark.parametrize("second", REPRESENTATIONS)
@pytest.mark.parametrize("first", REPRESENTATIONS)
def test_tensor_product(first, second):
    one, other = Representation(first), Representation(second)
    if one.group != other.group:
        with pytest.raises(ValueError, match="expected one of"):
            tensor_product(one, other)
        return
    product, at = tensor_product(one, other), some(one.group)
    assert_orthogonal(product.basis)
    expected = torch.stack([torch.kron(a, b) for a, b in zip(one.matrix(at), other.matrix(at), strict=True)])
    assert error(product, expected, at) < 1e-12


def test_tensor_product_of_rotations_by_hand():
    """z w has the order n + m, conj(z) w the order m - n."""
    product = tensor_product("1", "2")
    assert product.rep == Representation("1x1 + 1x3")
    z, w = torch.randn(2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    low, high = product.basis.unflatten(0, (2, 2)) @ torch.kron(z, w)
    z, w = (torch.complex(*one) for one in (z, w))
    for pair, number in ((low, z.conj() * w), (high, z * w)):
        ratio = torch.complex(*pair) / number
        assert ratio.abs() == pytest.approx(0.5**0.5)
        assert ratio.imag == pytest.approx(0)


@pytest.mark.parametrize("name", ["trivial", "C2", "C3", "C4", "D1", "D2", "D3", "D4"])
def test_regular_representation_permutes_the_elements(name):
    group = Group(name)
    found, elements = regular(group), group.elements()
    size = len(elements.angle)
    assert_orthogonal(found.basis)
    for k in range(size):
        one = elements[k]
        moved = one @ elements
        same = (moved.flip[:, None] == elements.flip) & (
            torch.cos(moved.angle[:, None] - elements.angle) > 1 - 1e-9
        )  # (from, to)
        assert (found.matrix(one) - same.T.double()).abs().max() < 1e-12
    for irrep in group.irreps():
        assert found.rep.multiplicity(irrep) == irrep.size // irrep.commutant


@pytest.mark.parametrize(
    ("name", "subgroup"), [("C6", "C2"), ("C6", "C3"), ("D4", "D1"), ("D4", "D2"), ("D4", "C4"), ("D6", "D3")]
)
def test_quotient_representation_permutes_the_cosets(name, subgroup):
    found = quotient(name, subgroup)
    group, inside = Group(name), Group(subgroup)
    assert_orthogonal(found.basis)
    matrices = found.matrix(group.elements())
    assert (matrices - matrices.round()).abs().max() < 1e-12
    assert torch.equal(matrices.round().sum(1), torch.ones(matrices.shape[:2], dtype=torch.float64))
    assert len(found.basis) == len(group.elements().angle) // len(inside.elements().angle)
    assert (found.matrix(inside.elements())[:, 0, 0] - 1).abs().max() < 1e-12  # it keeps its own coset


@pytest.mark.parametrize(("text", "name"), [("C2: 1", "C4"), ("D1: 0o", "D3"), ("D2: 1o + 0e", "D4"), ("C4: 1", "D4")])
def test_induced_representation(text, name):
    """A homomorphism that restricts to the first coset as it should, and counts as Frobenius says."""
    rep, group = Representation(text), Group(name)
    found = induce(rep, group)
    assert_orthogonal(found.basis)
    one, other = some(group), Group(name).random(6, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(found.matrix(one) @ found.matrix(other), found.matrix(one @ other), rtol=0, atol=1e-12)
    inside = rep.group.elements()
    own = found.matrix(inside)[:, : rep.dim, : rep.dim]
    assert (own - rep.matrix(inside)).abs().max() < 1e-12
    assert Representation(f"{name}: induce({text})").dim == found.rep.dim
    for irrep in group.irreps():
        assert Representation(f"{name}: induce({text})").multiplicity(irrep) == found.rep.multiplicity(irrep)


@pytest.mark.parametrize(
    ("text", "subgroup"),
    [("0 + 1 + 2 + 5", "C4"), ("3 + 2x1", "C2"), ("1", "trivial"), ("O2: 0o + 1 + 2 + 3", "D3"), ("O2: 1 + 0o", "SO2"),
     ("O2: 2 + 4", "D4"), ("D6: regular", "D2"), ("D4: 1 + 2o", "C4"), ("D4: 1 + 2o", "D1")],
)  # fmt: skip
def test_restriction(text, subgroup):
    rep, group = Representation(text), Group(subgroup)
    found, at = restrict(rep, group), some(group)
    assert_orthogonal(found.basis)
    assert error(found, rep.matrix(at), at) < 1e-12
    moved = Representation(f"{subgroup}: restrict({text if ':' in text else 'SO2: ' + text})")
    assert all(moved.multiplicity(irrep) == found.rep.multiplicity(irrep) for irrep in found.rep.irreps)
    assert moved.dim == found.rep.dim


@pytest.mark.parametrize("second", REPRESENTATIONS)
@pytest.mark.parametrize("first", REPRESENTATIONS)
def test_intertwiners(first, second):
    """They commute with the group, are independent, and as many as Schur's lemma counts."""
    one, other = Representation(first), Representation(second)
    if one.group != other.group:
        return
    basis, at = intertwiner_basis(one, other), some(one.group)
    gap = basis[:, None] @ one.matrix(at) - other.matrix(at) @ basis[:, None]
    assert gap.numel() == 0 or gap.abs().max() < 1e-12
    count = sum(one.multiplicity(irrep) * other.multiplicity(irrep) * irrep.commutant for irrep in one.irreps)
    assert len(basis) == count
    assert torch.linalg.matrix_rank(basis.flatten(1)) == count


def test_a_representation_that_is_none_is_found_out():
    """Half the angle is no representation of SO(2): nothing it is said to decompose into gives it back."""
    rep, at = Representation("1"), some(Group("SO2"))
    assert error(decompose(rep.matrix, rep.group, 1), rep.matrix(at), at) < 1e-12
    turned = Elements(at.angle / 2 + 1, at.flip)
    assert error(decompose(rep.matrix, rep.group, 1), rep.matrix(turned), at) > 0.1


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: restrict("1", "O2"), "O2 is not a subgroup of SO2"),
        (lambda: induce("C2: 1", "SO2"), "expected a finite group that contains C2"),
        (lambda: quotient("C6", "C4"), "expected a finite group that contains C4"),
        (lambda: regular("O2"), "expected a finite group"),
    ],
)
def test_what_cannot_be_is_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
