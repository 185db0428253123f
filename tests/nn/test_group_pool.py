"""Pooling over the group, by hand and by what it refuses."""

import pytest
import torch

from gaugenet.nn import GroupPool


def test_by_hand():
    x = torch.tensor([[2.0, 3.0, 4.0]], dtype=torch.float64)  # an invariant and a vector
    assert GroupPool("1x0 + 1x1")(x)[0].tolist() == pytest.approx([2, 5])
    # f(phi) = 2 + 3 cos phi + 4 sin phi is largest where phi points along the vector
    assert float(GroupPool("1x0 + 1x1", "max", samples=20000)(x)) == pytest.approx(7, abs=1e-6)


def test_a_regular_representation_has_the_maximum_of_its_values():
    pool = GroupPool("C4: 2xregular", "max")
    x = pool.rep_in.randn(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turned = torch.stack([pool.rep_in.act(x, torch.tensor(k * torch.pi / 2, dtype=torch.float64)) for k in range(4)])
    assert pool(x).shape == (5, 2)
    assert (pool(turned) - pool(x)).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"kind": "mean"}, 'kind norm or max, got "mean"'),
        ({"samples": 8}, "only for the kind max: drop samples"),
        ({"kind": "max", "samples": 2}, "GroupPool needs more than 2 samples"),
    ],
)
def test_bad_settings_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        GroupPool("1x0 + 1x1", **options)
