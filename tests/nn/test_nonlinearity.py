"""Nonlinearities and inner products: what they do by hand, and the error of the sampled one."""

import math

import pytest
import torch

from gaugenet.nn import GatedNonlinearity, InnerProduct, LayerNorm, NormNonlinearity, RegularNonlinearity
from gaugenet.nn.group_pool import GroupFunction
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import regular


def features(rep, count=200):
    return Representation(rep).randn(count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def equivariance_error(layer, angle):
    x = features(layer.rep)
    angle = torch.full((len(x),), angle, dtype=torch.float64)
    turned = layer(layer.rep.act(x, angle))
    expected = layer.rep.act(layer(x), angle)
    return float((turned - expected).norm() / expected.norm())


def worst_error(samples, activation=torch.relu):
    layer = RegularNonlinearity("3x0 + 3x1 + 2x2", samples=samples, activation=activation).double()
    return max(equivariance_error(layer, 2 * math.pi * k / 97 / samples) for k in range(1, 97, 8))


@pytest.mark.parametrize("samples", [5, 8, 16])
def test_regular_is_exact_for_multiples_of_its_step(samples):
    layer = RegularNonlinearity("3x0 + 3x1 + 2x2", samples=samples).double()
    assert equivariance_error(layer, 2 * math.pi * 3 / samples) < 1e-14
    assert equivariance_error(layer, 2 * math.pi * 3.5 / samples) > 1e-5


def test_regular_keeps_no_rounding_of_a_former_precision():
    layer = RegularNonlinearity("3x0 + 3x1 + 2x2", samples=7)
    assert equivariance_error(layer.float().double(), 2 * math.pi / 7) < 1e-14
    assert layer.half()(torch.zeros(1, 13).half()).dtype == torch.float16


def test_error_of_regular_falls_with_the_samples():
    """For ReLU at the worst angle the relative error is 0.40, 0.09, 0.018, 0.0043 with 5, 8, 16, 32 samples."""
    errors = {samples: worst_error(samples) for samples in (5, 8, 16, 32, 64)}
    bounds = {5: 0.45, 8: 0.1, 16: 0.02, 32: 0.005, 64: 1.3e-3}
    assert all(errors[samples] < bound for samples, bound in bounds.items()), errors
    assert math.log2(errors[16] / errors[64]) / 2 > 1.8


def test_a_smooth_activation_needs_few_samples():
    """A polynomial of degree d of orders up to m is exact from (d + 1) m + 1 samples on."""
    assert worst_error(7, lambda values: values**2) < 1e-13
    assert worst_error(6, lambda values: values**2) > 1e-3
    assert worst_error(32, torch.nn.functional.silu) < 2e-6


def test_regular_with_the_identity_is_the_identity():
    layer = RegularNonlinearity("3x0 + 1x1 + 2x4", samples=9, activation=lambda values: values).double()
    x = features(layer.rep)
    assert torch.allclose(layer(x), x, atol=1e-14)


def test_regular_by_hand():
    """max(0, cos phi) has mean 1 / pi and first coefficient 1 / 2."""
    layer = RegularNonlinearity("1x0 + 1x1", samples=4096).double()
    y = layer(torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64))
    assert y.tolist() == pytest.approx([1 / math.pi, 0.5, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("rep", "samples", "complaint"),
    [("2x0 + 1x3", 6, "more than 6 samples"), ("1x0 + 1x1 + 1x0", 16, "each order in one block")],
)
def test_regular_refuses(rep, samples, complaint):
    with pytest.raises(ValueError, match=complaint):
        RegularNonlinearity(rep, samples=samples)


def test_norm_by_hand():
    layer = NormNonlinearity("1x0 + 2x1").double()
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([1.0, -4.0, -6.0]))
    x = torch.tensor([-0.5, 3.0, 3.0, 4.0, 4.0], dtype=torch.float64)  # two vectors (3, 4) of length 5
    assert layer(x).tolist() == pytest.approx([0.5, 0.6, 0.0, 0.8, 0.0])


def test_norm_has_a_gradient_at_zero():
    layer = NormNonlinearity("1x1").double()
    x = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    layer(x).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_gate_by_hand():
    layer = GatedNonlinearity("1x0 + 2x2", activation=torch.relu)
    assert layer.rep_in == Representation("1x0 + 2x2 + 2x0")
    x = torch.tensor([-1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 100.0])  # gates 0 and 100: factors 1/2 and 1
    assert layer(x).tolist() == pytest.approx([0, 1, 3, 2, 5])


def test_layer_norm_normalises():
    layer = LayerNorm("8x0 + 4x1").double()
    y = layer(5 * features("8x0 + 4x1") + 3).detach()
    assert torch.allclose(y[:, :8].mean(1), torch.zeros(200).double(), atol=1e-12)
    assert torch.allclose(y[:, :8].std(1, correction=0), torch.ones(200).double(), atol=1e-4)
    assert 0.3 < float(y[:, 8:].square().mean()) < 3


def test_layer_norm_leaves_what_vanishes_by_symmetry_small():
    """A tangent field that is 0 but for rounding is not blown up."""
    x = features("8x0 + 4x1")
    x[:, 8:] *= 1e-14
    assert LayerNorm("8x0 + 4x1").double()(x)[:, 8:].abs().max() < 1e-12


def test_inner_product_by_hand():
    """With A = 1 and B = i: Re(conj(z) i z) = 0, and B = 1 gives |z|^2 of each order, summed."""
    layer = InnerProduct("1x0 + 1x1 + 1x2", 1).double()
    x = torch.tensor([9.0, 3.0, 4.0, 1.0, 2.0], dtype=torch.float64)
    with torch.no_grad():
        for part in (layer.left, layer.right):
            for weight in part.weight.values():
                weight.copy_(torch.tensor([[[1.0]], [[0.0]]]))
        assert layer(x).tolist() == pytest.approx([25 + 5])
        for weight in layer.right.weight.values():
            weight.copy_(torch.tensor([[[0.0]], [[1.0]]]))
        assert layer(x).tolist() == pytest.approx([0])


def test_inner_product_needs_tangent_features():
    with pytest.raises(ValueError, match="add an order >= 1"):
        InnerProduct("4x0", 2)


@pytest.mark.parametrize("text", ["C4: 3xregular", "C5: 2xregular", "D3: 2xregular", "D4: 2xregular", "D1: 3xregular"])
def test_regular_representations_lose_nothing(text):
    """With the identity for activation they come back; every value of f is one of the group's elements."""
    layer = RegularNonlinearity(text, activation=lambda values: values)
    x = layer.rep.randn(7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert (layer(x) - x).abs().max() < 1e-12
    values = GroupFunction(layer.rep, None, "test").values(x)
    assert values.shape == (7, len(layer.rep.group.elements().angle), layer.rep.terms[0][0])
    assert values[0].numel() == x[0].numel()


@pytest.mark.parametrize(
    "text", ["C4: 3xregular", "D4: 2xregular", "D6: 2xquotient(D1)", "D3: 2x0e + 2x1", "C6: 4x0 + 4x2"]
)
def test_regular_nonlinearity_is_exact_on_finite_groups(text):
    layer = RegularNonlinearity(text)
    x = layer.rep.randn(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = layer.rep.group.random(200, generator=torch.Generator().manual_seed(1))
    assert (layer(layer.rep.act(x, at)) - layer.rep.act(layer(x), at)).abs().max() < 1e-12
    assert (layer(x) - x).abs().max() > 0.1


def test_the_change_of_basis_is_that_of_the_regular_representation():
    """A pointwise function of the values on the group, up to their order and scale."""
    layer, found = RegularNonlinearity("C6: regular", activation=torch.exp), regular("C6")
    x = layer.rep.randn(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    values = GroupFunction(layer.rep, None, "test").values(x)[:, 0]
    for irrep in found.rep.irreps:  # both are functions on the group whose irreps have the same norms
        block = next(b for b in layer.rep if b.irrep == irrep)
        ours = found.basis[next(b for b in found.rep if b.irrep == irrep).columns] @ values
        assert ours.norm() == pytest.approx(x[block.columns].norm() * (6 / block.size) ** 0.5)


def test_samples_are_for_continuous_groups():
    with pytest.raises(ValueError, match="takes the 4 rotations of C4: drop samples"):
        RegularNonlinearity("C4: regular", samples=8)
    with pytest.raises(ValueError, match="up to two blocks"):
        RegularNonlinearity("O2: 1x1 + 1x1 + 1x1")
    layer = RegularNonlinearity("O2: 2x0e + 2x0o + 2x1 + 2x1", samples=64)
    x = layer.rep.randn(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = layer.rep.group.random(50, generator=torch.Generator().manual_seed(1))
    assert (layer(layer.rep.act(x, at)) - layer.rep.act(layer(x), at)).abs().max() < 0.01
