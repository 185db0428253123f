"""The survey's relation: gauge convolutions on ever finer icospheres tend to the intertwiner their kernels predict."""

import runpy
from pathlib import Path

import matplotlib.image
import pytest
import torch

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "gauge_limit.py"))
gauge_limit = SCRIPT["gauge_limit"]


def test_the_limit_is_the_intertwiner_of_the_same_weights():
    coarse, fine = gauge_limit(2, 0.5), gauge_limit(4, 0.5)
    assert fine < coarse / 9 and fine < 0.1, (coarse, fine)  # better than order 1.5


def test_other_weights_have_another_limit():
    assert gauge_limit(4, 0.5, same=False) > 0.5


@pytest.mark.slow
def test_the_order_of_convergence():
    found = torch.tensor([gauge_limit(level, 0.5) for level in (2, 3, 4, 5)])
    order = (found[:-1] / found[1:]).log2()
    assert order.min() > 1.2 and order.mean() > 1.6 and found[-1] < 0.03, (found, order)


def test_the_figure(tmp_path, capsys):
    SCRIPT["main"](["--levels", "1", "2", "--picture", str(tmp_path / "limit.png")])
    assert capsys.readouterr().out.count("42: ") == 2
    assert matplotlib.image.imread(tmp_path / "limit.png").std() > 0.05
