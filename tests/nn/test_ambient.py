"""Vectors and matrices of space as features: an isometry and back, whatever the frames, and the same in space."""

import layer_table
import pytest
import torch
from layer_table import bundle, meshes_of

from gaugenet.group import Group
from gaugenet.nn import GaugeConv, Lift, Project
from gaugenet.transforms.gauge import change_gauge

GROUPS = ["SO2", "O2", "trivial", "C2", "C3", "C4", "D1", "D4"]


def values_of(kind, count, channels, seed=0):
    generator = torch.Generator().manual_seed(seed)
    if kind == "vector":
        return torch.randn(count, channels, 3, generator=generator, dtype=torch.float64)
    values = torch.randn(count, channels, 3, 3, generator=generator, dtype=torch.float64)
    return values + values.mT


CASES = [pytest.param(kind, group, mesh, id=f"{kind}-{group}-{mesh}")
         for kind in ("vector", "symmetric") for group in GROUPS for mesh in meshes_of(group)[:3]]  # fmt: skip


@pytest.mark.parametrize(("kind", "group", "mesh"), CASES)
def test_there_and_back(kind, group, mesh):
    data = bundle(mesh, group)
    values = values_of(kind, len(data.pos), 2)
    lift, project = Lift(kind, 2, group), Project(kind, 2, group)
    x = lift(values, data)
    assert x.shape == (len(data.pos), lift.rep_out.dim)
    assert torch.allclose(x.square().sum(1), values.flatten(1).square().sum(1))
    assert (project(x, data) - values).abs().max() < 1e-12


@pytest.mark.parametrize(("kind", "group", "mesh"), CASES)
def test_features_follow_the_frames(kind, group, mesh):
    data = bundle(mesh, group)
    values, lift = values_of(kind, len(data.pos), 3), Lift(kind, 3, group)
    at = Group(group).random(len(data.pos), generator=torch.Generator().manual_seed(0))
    turned = lift(values, change_gauge(data, at, {}))
    assert (turned - lift.rep_out.act(lift(values, data), at.inverse())).abs().max() < 1e-12


def test_the_orders_by_hand():
    """A vector along the normal is order 0 alone; a tangent one order 1; n n^T is invariant."""
    data = bundle("sphere")
    lift = Lift("vector")
    assert str(lift.rep_out) == "1x0 + 1x1"
    along = lift(data.frame[:, 2:], data)
    assert torch.allclose(along, torch.tensor([1.0, 0, 0], dtype=torch.float64).expand_as(along), atol=1e-12)
    first = lift(data.frame[:, :1], data)
    assert torch.allclose(first, torch.tensor([0.0, 1, 0], dtype=torch.float64).expand_as(first), atol=1e-12)
    normal = data.frame[:, 2]
    square = Lift("symmetric")((normal[:, :, None] * normal[:, None, :])[:, None], data)
    expected = torch.tensor([0.0, 1, 0, 0, 0, 0], dtype=torch.float64)
    assert torch.allclose(square, expected.expand_as(square), atol=1e-12)


@pytest.mark.parametrize("group", GROUPS)
def test_the_tangent_part_alone_is_a_projection(group):
    data = bundle("sphere", group)
    values, lift, project = values_of("vector", 150, 2), Lift("tangent", 2, group), Project("tangent", 2, group)
    normal = data.frame[:, None, 2]
    expected = values - (values * normal).sum(-1, keepdim=True) * normal
    assert lift.rep_out.dim == 4
    assert (project(lift(values, data), data) - expected).abs().max() < 1e-12


def test_a_network_between_them_turns_with_space():
    """Vectors in, vectors out: rotating mesh and input rotates the output."""
    lift, conv, project = Lift("vector", 2), GaugeConv("2x0 + 2x1", "2x0 + 2x1").double(), Project("vector", 2)
    data = bundle("sphere").clone()
    values = values_of("vector", len(data.pos), 2)
    out = project(conv(lift(values, data), data), data)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).Q
    turn = turn * torch.linalg.det(turn)
    data.frame = data.frame @ turn.T
    assert (project(conv(lift(values @ turn.T, data), data), data) - out @ turn.T).abs().max() < 1e-12


def test_wrong_values_are_refused():
    with pytest.raises(ValueError, match=r"Lift expects vector values of shape \(150, 2, 3\), got \(150, 3\)"):
        Lift("vector", 2)(torch.zeros(150, 3), layer_table.bundle("sphere"))
    with pytest.raises(ValueError, match='kind vector, tangent, symmetric, got "tensor"'):
        Lift("tensor")
