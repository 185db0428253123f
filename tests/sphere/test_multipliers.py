"""How kernels depend on the degree: which functions of it each kind spans."""

import pytest
import torch

from gaugenet.sphere.multipliers import Smooth

SPINS = [(0, 0), (1, 0), (2, -1), (0, 3), (4, 4)]


@pytest.mark.parametrize("spins", SPINS)
@pytest.mark.parametrize("band_limit", [5, 8, 20])
def test_no_number_of_a_smooth_kernel_is_idle(band_limit, spins):
    table = Smooth(band_limit, 5)(*spins)
    low = max(map(abs, spins))
    assert not table[:, :low].any() and (table.amax(dim=1) > 0).all()
    assert torch.linalg.matrix_rank(table) == min(5, band_limit - low)


@pytest.mark.parametrize("spins", SPINS)
def test_smooth_kernels_contain_those_that_are_linear_in_the_degree(spins):
    table, low = Smooth(20, 5)(*spins)[:, max(map(abs, spins)) :], max(map(abs, spins))
    torch.testing.assert_close(table.sum(0), torch.ones(20 - low, dtype=torch.float64))
    place = torch.linspace(0, 4, 20 - low, dtype=torch.float64)
    torch.testing.assert_close(torch.arange(5.0, dtype=torch.float64) @ table, place)
