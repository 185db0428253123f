"""Images at points and on bundles: batches of one bundle, fitting and scoring of networks on bundles, refusals."""

from dataclasses import replace

import digits
import pytest
import torch
from torch_geometric.data import Batch, Data

from gaugenet.datasets.spherical_mnist import SphericalMNIST
from gaugenet.models import ClassificationNet, SegmentationNet, SphericalSegmentationNet, sphere_sample
from gaugenet.nn import level
from gaugenet.train import Fit, FitSettings, SphericalImages, evaluate


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return SphericalMNIST(digits.write_digits(tmp_path_factory.mktemp("mnist")))


def network():
    torch.manual_seed(0)
    settings = {"space": "sphere", "inputs": "1x0", "layers": "conv", "levels": (162, 42), "neighbours": 12}
    return ClassificationNet(list("0123456789"), rep="6x0 + 3x1", dropout=0.0, **settings)


def test_a_batch_is_that_of_bundles_with_images(images):
    net = network().eval()
    sample = sphere_sample(net)
    bundle, points = sample.bundle, replace(sample, bundle=Data(pos=sample.point))
    ((batch, count),) = SphericalImages(images, sample).draw([3, 17, 31])
    ((points, _),) = SphericalImages(images, points).draw([3, 17, 31])
    assert count == 3 and torch.equal(batch.x, points.x) and torch.equal(batch.y, images.labels[[3, 17, 31]])
    singles = [bundle.clone().update({"x": x}) for x in batch.x.split(642)]
    expected = Batch.from_data_list(singles)
    for key in expected.keys():  # noqa: SIM118
        if isinstance(expected[key], torch.Tensor):
            assert torch.equal(batch[key], expected[key]), key
    with torch.no_grad():
        assert torch.equal(net(batch), net(expected))
        assert torch.allclose(net(batch), torch.cat([net(one) for one in singles]), atol=1e-5)
    one = batch.get_example(1)
    assert torch.equal(one.x, singles[1].x) and int(one.y) == int(images.labels[17])


def test_geometry_is_made_once_a_size(images, monkeypatch):
    made, plain = [], level.Stencil
    monkeypatch.setattr(level, "Stencil", lambda *args: made.append(args) or plain(*args))
    net = network()
    shown = SphericalImages(images, sphere_sample(net, 2), rotate=True)
    drawn = []
    for numbers in ([0, 1, 2], [5, 6, 7], [8, 9], [1, 2, 3], [4, 5]):
        ((data, _),) = shown.draw(numbers)
        net(data)
        drawn.append(data)
    assert len(made) == 4  # two levels of two batches
    assert not torch.equal(drawn[0].x, drawn[1].x)  # one batch does not write to another


def test_it_learns_and_scores(images):
    net = network()
    sample = sphere_sample(net)
    train = SphericalImages(images, sample, rotate=True)
    settings = FitSettings(epochs=8, batch=8, variants=1, noise=0.0, average=0.5, learning_rate=1e-2)
    history = Fit(net, train, train, settings).run()
    assert history[-1]["loss"] < 0.8 * history[0]["loss"] and history[-1]["validation_accuracy"] > 0.3
    turned = SphericalImages(images, sample, rotate=True, batch=16)
    right = sum(int((net.classify(data) == data.y).sum()) for data in turned)
    assert evaluate(net, turned).area_accuracy == pytest.approx(right / 40)


@pytest.mark.parametrize("task", ["classify", "segment"])
def test_a_batch_of_one_counts_too(images, task):
    names = images.region_names if task == "segment" else images.label_names
    settings = {"space": "sphere", "inputs": "1x0", "levels": (42, 12), "neighbours": 8, "rep": "2x0 + 1x1"}
    if task == "segment":
        net = SegmentationNet(names, output="vertex", **settings)
    else:
        net = ClassificationNet(names, layers="conv", **settings)
    scores = evaluate(net, SphericalImages(images, sphere_sample(net), task=task, batch=39))
    assert len(scores.accuracies) == 40


def test_points_are_labelled_and_every_image_counts(images):
    names = images.region_names
    settings = {"space": "sphere", "inputs": "1x0", "levels": (162, 42), "neighbours": 12, "rep": "4x0 + 2x1"}
    harmonic = {"band_limit": 8, "bands": (6, 3), "rep": "4x0 + 2x1", "count": 2}
    for net in (
        SegmentationNet(names, output="vertex", **settings),
        SphericalSegmentationNet(names, **harmonic),
    ):
        sample = sphere_sample(net)
        shown = SphericalImages(images, sample, rotate=True, task="segment", batch=16)
        scores = evaluate(net, shown)
        assert len(scores.accuracies) == 40
        each = []
        for data in shown:
            labels, truth = net.eval()(data).argmax(1).unflatten(0, (-1, len(sample.point))), data.vertex_label
            right = (labels == truth.view_as(labels)).double()
            each += (right @ sample.weight / sample.weight.sum()).tolist()
        assert scores.accuracies == pytest.approx(each)
