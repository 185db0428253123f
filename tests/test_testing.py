"""The checks that users run on their own layers pass on correct layers and fail on faults made on purpose."""

import pytest
import torch
from layer_table import bundle
from torch import nn

from gaugenet.nn import GaugeConv, GlobalPool, Intertwiner, ResidualBlock
from gaugenet.representation import Representation
from gaugenet.testing import (
    SHAPES,
    Signature,
    assert_batches,
    assert_deterministic,
    assert_gauge_equivariant,
    gauge_errors,
)

REP = "3x0 + 2x1"


class Mine(nn.Module):
    """A correct layer of a user: a convolution behind a pointwise map."""

    def __init__(self):
        super().__init__()
        self.rep_in = self.rep_out = Representation(REP)
        self.mix, self.conv = Intertwiner(REP, REP), GaugeConv(REP, REP)

    def forward(self, x, at):
        return self.conv(self.mix(x), at)


class Biased(Mine):
    """Broken: a constant on every component, zero at first as in ``nn.Linear``."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(7))

    def forward(self, x, at):
        return self.conv(x, at) + self.bias


class Gated(Biased):
    """Broken behind a gate that is closed at first."""

    def forward(self, x, at):
        return self.conv(x, at) + self.bias * x.relu()


class Centred(Mine):
    """Broken: the mean runs over the batch, not over each mesh."""

    def forward(self, x, at):
        return self.conv(x, at) * (1 + x[:, :1].mean())


class Noisy(Mine):
    """Broken: draws random numbers in eval mode."""

    def forward(self, x, at):
        return self.conv(x, at) * torch.rand(())


class Undefined(Mine):
    """Broken: NaN."""

    def forward(self, x, at):
        return self.conv(x, at) * torch.nan


class Greedy(Mine):
    """Broken: writes to its input."""

    def forward(self, x, at):
        y = self.conv(x, at)
        x.detach().mul_(2)
        return y


class Littering(Mine):
    """Broken: leaves something in the data."""

    def forward(self, x, at):
        at.weight_0 = at.weight_0.clone()
        at.kept = x
        return self.conv(x, at)


class Narrow(Mine):
    """Broken: not of its representation."""

    def forward(self, x, at):
        return self.conv(x, at)[:, :-1]


def test_a_correct_layer_passes():
    assert_gauge_equivariant(Mine(), bundle("sphere"))
    assert_batches(Mine(), [bundle("sphere"), bundle("disc")])
    assert_deterministic(Mine(), bundle("sphere"))


@pytest.mark.parametrize(
    ("layer", "signature"),
    [
        (Intertwiner(REP, "2x1"), {}),
        (ResidualBlock(REP), {"level_in": 1}),
        (GlobalPool(REP, "max"), {"level_out": SHAPES}),
        (nn.Sequential(Intertwiner(REP, "2x0"), nn.ReLU()), {"rep_in": REP, "rep_out": "2x0"}),
    ],
    ids=["pointwise", "coarser level", "shapes", "any module"],
)
def test_layers_are_called_by_what_they_take(layer, signature):
    signature = Signature(layer, **signature)
    assert_gauge_equivariant(layer, bundle("sphere"), signature)
    assert_batches(layer, [bundle("sphere"), bundle("disc")], signature)


def test_a_group_of_reflections():
    layer = GaugeConv("O2: 2x0e + 1x0o + 1x1", "O2: 1x0o + 2x1")
    assert_gauge_equivariant(layer, bundle("moebius", "O2"))
    with pytest.raises(ValueError, match="SO2 has no reflections"):
        assert_gauge_equivariant(layer, bundle("sphere"))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            Biased,
            r"Biased depends on the frames \(changed by elements of SO2, torch.float64\): .* output .* at most 1e-12",
        ),
        (Gated, "Gated depends on the frames .* output"),
        (Undefined, "output nan, input gradient nan"),
        (Narrow, r"Narrow returned features of shape \(150, 6\), expected \(150, 7\)"),
    ],
)
def test_gauge_equivariance_fails(broken, message):
    with pytest.raises(AssertionError, match=message):
        assert_gauge_equivariant(broken(), bundle("sphere"))


def test_only_the_wrong_precision_is_named():
    with pytest.raises(AssertionError, match=r"torch.float32.* at most 1e-09"):
        assert_gauge_equivariant(Mine(), bundle("sphere"), bounds={torch.float64: 1e-12, torch.float32: 1e-9})


def test_the_layer_is_left_alone():
    """Checks work on a copy: precision, mode, parameters."""
    layer = Biased().train()
    with pytest.raises(AssertionError):
        assert_gauge_equivariant(layer, bundle("sphere"))
    assert layer.training and layer.bias.dtype == torch.float32 and not layer.bias.any()


def test_batches_fail():
    with pytest.raises(AssertionError, match=r"Centred gives other results in a batch: .* output .*, input gradient"):
        assert_batches(Centred(), [bundle("sphere"), bundle("disc")])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Noisy, "Noisy returned other values in a second call"),
        (Undefined, "Undefined returned values that are not finite"),
        (Greedy, "Greedy (changed its input|returned other values)"),
        (Littering, "Littering changed the data: kept"),
    ],
)
def test_determinism_fails(broken, message):
    with pytest.raises(AssertionError, match=message):
        assert_deterministic(broken(), bundle("sphere"))


def test_a_module_without_representations_needs_them():
    with pytest.raises(ValueError, match="ReLU has no rep_in: pass it to Signature, such as rep_in='4x0"):
        assert_gauge_equivariant(nn.ReLU(), bundle("sphere"))


def test_errors_are_small_numbers():
    assert max(gauge_errors(Mine().double(), bundle("sphere"))) < 1e-13
