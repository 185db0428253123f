"""Changes of gauge form a group, leave the geometry alone, and reach every level."""

import math

import layer_table
import pytest
import surfaces
import torch
from torch_geometric.data import Batch

from gaugenet.transforms.gauge import change_gauge

FIELDS = {"x": "2x0 + 3x1 + 1x2"}


@pytest.fixture
def data():
    data = layer_table.bundle("sphere").clone()
    data.x = torch.randn(len(data.pos), 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    data.x_rep = FIELDS["x"]
    return data


def angles(data, seed):
    generator = torch.Generator().manual_seed(seed)
    return 2 * math.pi * torch.rand(len(data.pos), generator=generator, dtype=torch.float64)


def assert_same(a, b, tolerance=1e-12):
    assert set(a.keys()) == set(b.keys())
    for key, value in a.to_dict().items():
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            assert torch.equal(value, b[key]) if isinstance(value, torch.Tensor) else value == b[key]
        else:
            assert (value - b[key]).abs().max() < tolerance, key


def test_one_change_after_another_is_their_sum(data):
    a, b = angles(data, 1), angles(data, 2)
    assert_same(change_gauge(change_gauge(data, a), b), change_gauge(data, a + b))
    assert_same(change_gauge(change_gauge(data, a), -a), data)
    assert_same(change_gauge(data, torch.zeros_like(a)), data)


def test_geometry_stays(data):
    """Positions, normals, radii, areas, weights and topology are the same bits; holonomies are invariant."""
    turned = change_gauge(data, angles(data, 1))
    changing = ("frame", "x", "log_", "transport_", "pool_transport_", "eigenfield_")
    for key, value in data.to_dict().items():
        if isinstance(value, torch.Tensor) and not key.startswith(changing):
            assert torch.equal(value, turned[key]), key
    assert torch.equal(data.frame[:, 2], turned.frame[:, 2])
    for level in range(3):
        assert torch.equal(data[f"log_{level}"][:, 0], turned[f"log_{level}"][:, 0])
    assert torch.linalg.det(turned.frame).sub(1).abs().max() < 1e-12


def loops(data, level, count=200):
    """Holonomies of triangles i <- j <- k <- i in the neighbourhood graph."""
    source, target = data[f"edge_index_{level}"].tolist()
    transport = dict(zip(zip(source, target, strict=True), data[f"transport_{level}"].tolist(), strict=True))
    found = []
    for j, i in transport:
        for k in range(max(source) + 1):
            if (k, j) in transport and (i, k) in transport:
                found.append(transport[j, i] + transport[k, j] + transport[i, k])
        if len(found) > count:
            break
    return torch.tensor(found)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_holonomies_are_invariant(data, level):
    before, after = loops(data, level), loops(change_gauge(data, angles(data, 1)), level)
    assert len(before) > 20
    assert surfaces.turned((before - after).numpy()).max() < 1e-12
    assert before.abs().max() > 1e-3


def test_by_hand(data):
    """A quarter turn at one vertex: its directions fall by a quarter, and what it sends and receives turns."""
    vertex = 7
    angle = torch.zeros(len(data.pos), dtype=torch.float64)
    angle[vertex] = math.pi / 2
    turned = change_gauge(data, angle)
    assert torch.allclose(turned.frame[vertex, 0], data.frame[vertex, 1], atol=1e-15)
    assert torch.allclose(turned.frame[vertex, 1], -data.frame[vertex, 0], atol=1e-15)
    source, target = data.edge_index_0
    change = (turned.log_0[:, 1] - data.log_0[:, 1], turned.transport_0 - data.transport_0)
    assert torch.allclose(change[0], -math.pi / 2 * (target == vertex).double())
    assert torch.allclose(change[1], math.pi / 2 * ((source == vertex).double() - (target == vertex).double()))
    assert torch.equal(turned.x[vertex, :2], data.x[vertex, :2])
    assert torch.allclose(turned.x[vertex, 2:5], data.x[vertex, 5:8])  # (Re, Im) -> (Im, -Re)
    assert torch.allclose(turned.x[vertex, 5:8], -data.x[vertex, 2:5])
    assert torch.allclose(turned.x[vertex, 8:], -data.x[vertex, 8:])


def test_a_vector_in_space_stays_the_same_vector(data):
    turned = change_gauge(data, angles(data, 1))
    for first in (2, 3, 4):  # the three vectors of the field
        before = torch.einsum("va,vab->vb", data.x[:, [first, first + 3]], data.frame[:, :2])
        after = torch.einsum("va,vab->vb", turned.x[:, [first, first + 3]], turned.frame[:, :2])
        assert torch.allclose(before, after, atol=1e-12)


def test_a_batch_is_its_meshes_one_by_one(data):
    other = layer_table.bundle("disc").clone()
    other.x, other.x_rep = torch.ones(len(other.pos), 10, dtype=torch.float64), FIELDS["x"]
    a, b = angles(data, 1), angles(other, 2)
    together = change_gauge(Batch.from_data_list([data, other]), torch.cat([a, b]))
    for one, expected in zip(together.to_data_list(), (change_gauge(data, a), change_gauge(other, b)), strict=True):
        assert_same(expected, one, 1e-15)


def test_fields_are_the_recorded_ones_or_those_named(data):
    a = angles(data, 1)
    data.y = data.x[:, 2:4].clone()
    assert torch.equal(change_gauge(data, a).y, data.y)
    named = change_gauge(data, a, {"y": "1x1"})
    assert torch.equal(named.x, data.x) and not torch.equal(named.y, data.y)
    del data.x_rep
    assert torch.equal(change_gauge(data, a).x, data.x)


def test_refusals(data):
    with pytest.raises(ValueError, match="needs a bundle"):
        change_gauge(surfaces.data_of(surfaces.icosphere(1)), torch.zeros(42))
    with pytest.raises(ValueError, match=r"angle must have shape \(150,\), one a vertex, got \(3,\)"):
        change_gauge(data, torch.zeros(3))
    with pytest.raises(ValueError, match="last axis 1"):
        change_gauge(data, angles(data, 1), {"x": "1x0"})


def test_the_data_that_came_in_stays(data):
    before = data.clone()
    change_gauge(data, angles(data, 1))
    assert_same(before, data, 1e-300)
