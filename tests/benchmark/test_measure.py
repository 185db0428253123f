"""Medians and peaks."""

import sys

import pytest
import torch
from torch import nn

from gaugenet.benchmark.measure import constant_bytes, medians, peak_bytes
from gaugenet.benchmark.preprocessing import preprocessing
from gaugenet.benchmark.surfaces import errors_on_sphere, errors_on_torus, sphere, torus
from gaugenet.transforms.frame_bundle import FrameBundle


def test_runs_take_turns():
    order = []
    result = medians({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=3, warm_up=1)
    assert order == ["a", "b"] * 4
    assert result.keys() == {"a", "b"}
    assert all(value >= 0 for value in result.values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the peak of a process")
def test_peak_of_a_run_that_frees_what_it_takes():
    peak = peak_bytes(lambda: torch.ones(64 * 2**18).sum())
    if peak is None:
        pytest.skip("the system does not let the peak be reset")
    assert 60e6 < peak < 120e6


def test_constants_that_are_shared_count_once():
    one, other = nn.Linear(3, 3), nn.Module()
    one.register_buffer("table", torch.zeros(100, dtype=torch.float64))
    other.register_buffer("view", one.table[:50])
    other.register_buffer("own", torch.zeros(10))
    assert constant_bytes(one, other) == 800 + 40


def test_spheres_have_the_size_asked_for():
    assert [len(sphere(size).pos) for size in (12, 42, 150, 2562)] == [12, 42, 162, 2562]


@pytest.mark.parametrize(("make", "errors_on"), [(sphere, errors_on_sphere), (torus, errors_on_torus)])
def test_errors_against_true_geodesics(make, errors_on):
    """Small for a bundle, its own size for a bundle that is wrong on purpose."""
    data = FrameBundle(neighbours=20)(make(2562))
    errors = errors_on(data)
    assert errors["radial_error"] < 1e-3
    assert errors["angle_error"] < 0.1
    assert errors["transport_error"] < 0.1
    data.log_0[:, 0] *= 1.02
    data.log_0[:, 1] += 0.03
    data.transport_0 -= 0.2
    wrong = errors_on(data)
    assert wrong["radial_error"] == pytest.approx(0.02, rel=0.1)
    assert wrong["angle_error"] == pytest.approx(1.72, rel=0.1)
    assert wrong["transport_error"] == pytest.approx(11.46, rel=0.1)


def test_potpourri3d_is_compared_only_where_it_is_installed(monkeypatch):
    compared = list(preprocessing([162], [8], 1, 162))
    monkeypatch.setattr("gaugenet.benchmark.preprocessing.find_spec", lambda name: None)
    without = list(preprocessing([162], [8], 1, 162))
    assert [row["surface"] for row in compared] == [row["surface"] for row in without] == ["sphere", "torus"]
    assert compared[0]["affine_local_seconds"] > 0 and compared[0]["speedup"] > 0
    assert "affine_local_seconds" not in without[0] and without[0]["speedup"] is None
