"""The survey's relation: gauge convolutions on ever finer icospheres tend to the intertwiner their kernels predict."""

import pytest
import torch
from reference_sphere import random_coefficients

from gaugenet import GaugeConv, HomogeneousBundle
from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.sphere import ScatteredTransform, SphericalConv

REP_IN, REP_OUT, BAND, PROFILES, RADIUS = "1x0 + 1x1 + 1x2", "1x0 + 2x1 + 1x3", 5, 2, 0.5


def errors(levels, broken=False):
    """Return the errors of GaugeConv at the vertices of icospheres, as root mean squares, over that of the field."""
    torch.manual_seed(0)
    exact = SphericalConv(REP_IN, REP_OUT, BAND, "local", PROFILES, RADIUS, bias=False).double()
    gauge = GaugeConv(REP_IN, REP_OUT, PROFILES, bias=False).double()
    with torch.no_grad():
        for weight in gauge.parameters():
            weight.zero_()
        for key, weight in gauge.weight.items():  # one set of weights for both
            weight.copy_(exact.weight[key] if not broken else exact.weight[key].flip(0))
        coefficients = random_coefficients(REP_IN, BAND)
        found = []
        for level in levels:
            data = HomogeneousBundle(Sphere(), radius=RADIUS)(icosphere(level))
            into, out = (ScatteredTransform(rep, data.pos, data.area_0, BAND, fit=False) for rep in (REP_IN, REP_OUT))
            wanted = out.inverse(exact(coefficients))
            error = gauge(into.inverse(coefficients), data) - wanted
            found.append(float(error.square().mean().sqrt() / wanted.square().mean().sqrt()))
    return found


def test_the_limit_is_the_intertwiner_of_the_same_weights():
    coarse, fine = errors((2, 4))
    assert fine < coarse / 9 and fine < 0.1, (coarse, fine)  # better than order 1.5


def test_other_weights_have_another_limit():
    assert errors((4,), broken=True)[0] > 0.1


@pytest.mark.slow
def test_the_order_of_convergence():
    found = torch.tensor(errors((2, 3, 4, 5)))
    order = (found[:-1] / found[1:]).log2()
    assert order.min() > 1.2 and order.mean() > 1.6 and found[-1] < 0.03, (found, order)
