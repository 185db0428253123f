"""Running statistics: those of what came before, shape by shape, at rest in evaluation."""

import pytest
import torch

from gaugenet.nn import layer_norm
from gaugenet.nn.layer_norm import Standardize


def rows(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.tensor([3.0, -100.0, 0.0]) + torch.tensor([1.0, 20.0, 1e-3]) * torch.randn(
        count, 3, generator=generator
    )


def test_the_statistics_are_those_of_what_came_before():
    x = rows(200)
    layer = Standardize(3)
    for row in x:
        layer(row[None])
    assert torch.allclose(layer.mean, x.mean(0), rtol=1e-4)
    assert torch.allclose(layer.variance, x.var(0, correction=0), rtol=1e-3)
    scaled = layer.eval()(x)
    assert scaled.mean(0).abs().max() < 1e-2
    assert scaled[:, :2].std(0).sub(1).abs().max() < 1e-2


def test_a_batch_counts_as_its_rows():
    x = rows(12)
    one, many = Standardize(3), Standardize(3)
    for row in x:
        one(row[None])
    many(x)
    for name, value in one.state_dict().items():
        assert torch.equal(value, many.state_dict()[name])


def test_a_row_of_a_batch_does_not_see_later_ones():
    x = rows(12)
    one, many = Standardize(3), Standardize(3)
    expected = torch.cat([one(row[None]) for row in x])
    assert torch.equal(many(x), expected)
    x[7:] += 1000
    assert torch.equal(Standardize(3)(x)[:7], expected[:7])
    assert Standardize(3)(x[:0]).shape == (0, 3)


def test_the_past_is_forgotten(monkeypatch):
    monkeypatch.setattr(layer_norm, "WINDOW", 20)
    layer = Standardize(3)
    layer(rows(100) + 50)
    layer(rows(400))
    assert torch.allclose(layer.mean, torch.tensor([3.0, -100.0, 0.0]), atol=10)


def test_evaluation_changes_nothing():
    layer = Standardize(3)
    layer(rows(30))
    layer.eval()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    both = layer(rows(2, 1))
    assert torch.equal(both[1:], layer(rows(2, 1)[1:]))
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_new_it_does_next_to_nothing():
    assert torch.allclose(Standardize(3).eval()(rows(5)), rows(5), rtol=1e-4)


@pytest.mark.parametrize("shape", [(4, 2), (3,)])
def test_other_widths_are_refused(shape):
    with pytest.raises(ValueError, match="Standardize expects"):
        Standardize(3)(torch.zeros(shape))
