"""Earth as examples: what is turned, what has labels, that both families learn from it, refusals."""

import math

import numpy as np
import pytest
import torch
from earth_file import write_earth

from gaugenet.datasets.earth import CONTINENTS, Earth
from gaugenet.models import SegmentationNet, SphericalSegmentationNet, sphere_sample
from gaugenet.nn import level
from gaugenet.so3 import rotation_from_euler
from gaugenet.train import Fit, FitSettings, TurnedEarth, evaluate

OTHERS = [name for name in CONTINENTS if name != "Africa"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_earth(tmp_path_factory.mktemp("earth") / "earth.npz", 37)


@pytest.fixture(scope="module")
def earth(file):
    return Earth(file)


def network(family):
    torch.manual_seed(0)
    if family == "harmonic":
        return SphericalSegmentationNet(
            Earth.label_names, inputs="4x0", band_limit=12, bands=(8, 4), rep="4x0 + 2x1", count=2
        )
    settings = {"space": "sphere", "output": "vertex", "levels": (162, 42), "neighbours": 12, "blocks": 1}
    return SegmentationNet(Earth.label_names, inputs="4x0", rep="4x0 + 2x1", **settings)


@pytest.mark.parametrize("family", ["harmonic", "gauge"])
def test_the_field_at_the_turned_point_is_that_of_the_point(earth, family, monkeypatch):
    sample = sphere_sample(network(family))
    (plain,) = TurnedEarth(earth, sample, OTHERS, rotate=False)
    # Rotations that take the points to themselves and are not their own inverses.
    turns = (
        sample.symmetries
        if family == "gauge"
        else rotation_from_euler(*torch.tensor([[math.pi / 12], [0.0], [0.0]]).double())
    )
    g = next(one for one in turns if (one @ one - torch.eye(3)).abs().max() > 0.1)
    monkeypatch.setattr("gaugenet.train.turned_earth.random_rotation", lambda count, generator: g[None])
    ((turned, _),) = TurnedEarth(earth, sample, OTHERS).draw([0])
    image = torch.cdist(sample.point @ g.T, sample.point).argmin(1)
    same = (turned.x[image] == plain.x).all(1) & (turned.vertex_label[image] == plain.vertex_label)
    assert same.double().mean() > 0.9  # on lines between cells rounding decides


def test_labels_are_those_of_the_land_of_some_continents(earth):
    sample = sphere_sample(network("gauge"))
    (data,) = TurnedEarth(earth, sample, ["Asia", "Europe"], rotate=False)
    truth, continent = earth.labels(sample.point), earth.continents(sample.point)
    inside = (continent == CONTINENTS.index("Asia")) | (continent == CONTINENTS.index("Europe"))
    assert torch.equal(data.vertex_label[inside], truth[inside]) and (truth[inside] < 0).any()
    assert (data.vertex_label[~inside] == -1).all() and (truth[~inside] >= 0).any()
    wanted = [(300 / 1000 + 2.4) / 2.4, -4 / 2.4 + 1]  # near the equator, at sea
    assert {round(value, 4) for value in wanted} < {round(value, 4) for value in data.x[:, 0].tolist()}


def test_labels_that_are_held_out_are_not_seen(file, earth, tmp_path):
    content = dict(np.load(file))
    sample = sphere_sample(network("harmonic"))
    cells = earth._cell(sample.point[earth.continents(sample.point) == CONTINENTS.index("Africa")])
    content["koppen"][cells] = content["koppen"][cells] % 5 + 1
    np.savez(tmp_path / "other.npz", **content)
    other = Earth(tmp_path / "other.npz")
    for names, same in ((OTHERS, True), (["Africa"], False)):
        (one,), (changed,) = (TurnedEarth(each, sample, names, rotate=False) for each in (earth, other))
        assert torch.equal(one.x, changed.x)
        assert torch.equal(one.vertex_label, changed.vertex_label) == same


def test_copies_come_in_the_same_way_where_they_are_scored(earth):
    sample = sphere_sample(network("harmonic"))
    examples = TurnedEarth(earth, sample, ["Asia"], count=3)
    first, second = list(examples), list(examples)
    assert len(first) == len(examples) == 3 and examples.count == 3
    assert all(torch.equal(a.x, b.x) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0].x, first[1].x)
    drawn = [data for data, count in examples.draw([0, 1]) if count == 1]
    assert len(drawn) == 2 and not torch.equal(drawn[0].x, drawn[1].x)


@pytest.mark.parametrize("family", ["harmonic", "gauge"])
def test_it_learns_what_carries_over(earth, family, monkeypatch):
    made, plain = [], level.Stencil
    monkeypatch.setattr(level, "Stencil", lambda *args: made.append(args) or plain(*args))
    net = network(family)
    sample = sphere_sample(net)
    made.clear()
    train = TurnedEarth(earth, sample, OTHERS, count=10)
    test = TurnedEarth(earth, sample, ["Africa"], rotate=False)
    settings = FitSettings(epochs=4, batch=1, variants=1, noise=0.0, average=0.8, learning_rate=1e-2)
    Fit(net, train, test, settings).run()
    scores = evaluate(net, test)
    assert scores.area_accuracy > 0.75, scores.classes
    assert len(made) == (4 if family == "gauge" else 0)  # once for either examples, at two levels
    (data,) = test
    right = (net.segment(data) == data.vertex_label) & (data.vertex_label >= 0)
    share = sample.weight[right].sum() / sample.weight[data.vertex_label >= 0].sum()
    assert scores.area_accuracy == pytest.approx(float(share))


def test_refusals(file, tmp_path):
    sample = sphere_sample(network("harmonic"))
    for names, count, message in (
        (["Atlantis", "Asia"], 1, "expects continents of Africa, .* South America and count >= 1, got Atlantis and 1"),
        ([], 1, "got none and 1"),
        (["Asia"], 0, "got Asia and 0"),
    ):
        with pytest.raises(ValueError, match=message):
            TurnedEarth(Earth(file), sample, names, count=count)
    content = dict(np.load(file))
    np.savez(tmp_path / "sea.npz", **{**content, "koppen": np.full_like(content["koppen"], 6)})
    with pytest.raises(ValueError, match="none of the 576 points of the sample is on labelled land of Asia, Europe"):
        TurnedEarth(Earth(tmp_path / "sea.npz"), sample, ["Asia", "Europe"])
