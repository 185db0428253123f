"""Tensor products and polynomials: bilinear, of the degree that they say, and by hand."""

import layer_table
import pytest
import torch

from gaugenet.nn import PolynomialConv, TensorProduct


def features(rep, count, seed):
    return rep.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rep", ["3x0 + 2x1 + 1x3", "O2: 2x0e + 1x0o + 2x1", "D4: regular", "C3: 2x0 + 2x1"])
def test_a_tensor_product_is_bilinear(rep):
    torch.manual_seed(0)
    layer = TensorProduct(rep, rep).double()
    x, y, z = (features(layer.rep_in, 9, seed) for seed in range(3))
    assert torch.allclose(layer(2 * x + y, z), 2 * layer(x, z) + layer(y, z), atol=1e-12)
    assert torch.allclose(layer(z, 2 * x + y), 2 * layer(z, x) + layer(z, y), atol=1e-12)
    assert torch.equal(layer(x), layer(x, x))
    assert not torch.allclose(layer(x, y), layer(y, x))


def test_products_of_complex_numbers_by_hand():
    """With weights 1: z w in order 3, conj(z) w in order 1 up to conjugation, both over root 2."""
    layer = TensorProduct("1x1 + 1x2", "1x1 + 1x3", channels=1).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        for part in (layer.left, layer.right):
            for key in ("0_0", "1_1"):
                part.weight[key][0] = 1.0
        for weight in layer.mix.weight.values():
            weight[0] = 1.0
    x = torch.tensor([[1.0, 2.0, 0.0, 0.0]], dtype=torch.float64)  # (Re, Im) of order 1, then of order 2
    y = torch.tensor([[0.0, 0.0, 3.0, -1.0]], dtype=torch.float64)
    z, w = complex(1, 2), complex(3, -1)
    low, high = (torch.view_as_complex(part.contiguous()) for part in layer(x, y).split(2, dim=1))
    assert abs(low.item()) == pytest.approx(abs(z.conjugate() * w) / 2**0.5)
    assert abs(high.item()) == pytest.approx(abs(z * w) / 2**0.5)
    assert (low.item() / (z.conjugate() * w)).imag == pytest.approx(0)
    assert (high.item() / (z * w)).imag == pytest.approx(0)


def test_what_has_no_product_is_refused():
    with pytest.raises(ValueError, match="no product of 2x1 with itself has irreps of 1x5"):
        TensorProduct("2x1", "1x5")


def test_a_product_needs_copies():
    with pytest.raises(ValueError, match="TensorProduct expects channels >= 1, got 0"):
        TensorProduct("2x1", "1x2", channels=0)


@pytest.mark.parametrize("form", ["coupled", "nested"])
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_a_polynomial_has_its_degree(degree, form):
    """Along a line t x the output is a polynomial in t whose highest power is the degree, and no higher."""
    torch.manual_seed(0)
    data = layer_table.bundle("disc")
    layer = PolynomialConv("2x0 + 1x1", "2x0 + 2x1", degree, form).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, 0.5)
    x = features(layer.rep_in, len(data.pos), 0)
    t = torch.cos(torch.pi * (torch.arange(degree + 4, dtype=torch.float64) + 0.5) / (degree + 4))
    values = torch.stack([layer(s * x, data).flatten() for s in t])
    powers = torch.linalg.solve(t[:, None] ** torch.arange(degree + 4), values).abs().amax(1)
    assert powers[degree] > 1e-3 * powers.max()
    assert powers[degree + 1 :].max() < 1e-9 * powers.max()


@pytest.mark.parametrize(("options", "complaint"), [({"degree": 0}, "degree >= 1, got 0"), ({"form": "x"}, 'got "x"')])
def test_bad_polynomials_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        PolynomialConv("1x0", "1x0", **options)


def test_a_product_may_begin_without_memory():
    torch.manual_seed(0)
    layer = TensorProduct("2x0 + 1x1", "1x0 + 1x1").double()
    with torch.device("meta"):
        late = TensorProduct("2x0 + 1x1", "1x0 + 1x1").double()
    late = late.to_empty(device="cpu")
    late.load_state_dict(layer.state_dict())
    x = features(layer.rep_in, 5, 0)
    assert torch.equal(late(x), layer(x))
