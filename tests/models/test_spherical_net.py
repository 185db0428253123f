"""Networks on the sphere: scores of turned images, storing, settings; fitting them."""

from dataclasses import replace

import digits
import pytest
import torch
from torch_geometric.data import Data

from gaugenet.datasets.spherical_mnist import SphericalMNIST
from gaugenet.models import SphericalClassificationNet, load, save, sphere_sample
from gaugenet.so3 import random_rotation
from gaugenet.train import Fit, FitSettings, SphericalImages, evaluate

OPTIONS = {
    "band_limit": 8,
    "bands": (6, 3),
    "rep": "4x0 + 2x1",
    "growth": 1.5,
    "count": 3,
    "dropout": 0.0,
    "hidden": 16,
}
SETTINGS = FitSettings(epochs=3, batch=8, variants=1, noise=0.0, average=0.5, learning_rate=1e-2)


def network(**options):
    torch.manual_seed(0)
    return SphericalClassificationNet(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return SphericalMNIST(digits.write_digits(tmp_path_factory.mktemp("mnist")))


def change_by_rotation(band_limit, bands):
    """Return by how much scores of a smooth image change when it is turned, over their spread."""
    net = network(band_limit=band_limit, bands=bands, kernel="local", count=2, radius=0.6).double().eval()
    rotation = random_rotation(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    axis = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    point = net.trunk.grid.points

    def image(at):
        return torch.exp(3 * (at @ axis) - 3) + 0.5 * at[:, 1] * at[:, 2]

    turned = torch.cat([image(point), *(image(point @ one) for one in rotation)])
    with torch.no_grad():
        scores = net(Data(x=turned[:, None]))
    return float((scores[1:] - scores[0]).abs().max() / scores[0].std())


def test_turned_images_have_the_same_scores_in_the_limit():
    coarse, fine = change_by_rotation(8, (6, 3)), change_by_rotation(32, (24, 12))
    assert fine < coarse / 2 and fine < 0.08, (coarse, fine)


def test_a_batch_has_the_scores_of_its_images():
    net, x = network().eval(), torch.randn(3 * 256, 1)
    scores = net(Data(x=x))
    assert scores.shape == (3, 10)
    assert torch.allclose(net(Data(x=x[256:512])), scores[1:2], atol=1e-5)
    assert net.train().classify(Data(x=x)).tolist() == scores.argmax(1).tolist() and net.training


def test_it_is_stored_and_read(tmp_path):
    net, x = network(kernel="local", count=2, radius=0.5, blocks=2).eval(), torch.randn(256, 1)
    save(net, tmp_path / "net", {"data": "x"})
    again = load(tmp_path / "net")
    assert again.config == net.config and list(again.label_names) == list("abcdefghij")
    assert torch.allclose(again(Data(x=x)), net(Data(x=x)), atol=2e-2)


def test_it_learns_and_a_resumed_run_has_the_same_bits(images, tmp_path):
    def fit(checkpoint=None, epochs=12):
        net = network()
        train = SphericalImages(images, sphere_sample(net), rotate=True)
        return Fit(net, train, train, replace(SETTINGS, epochs=epochs), checkpoint)

    whole = fit()
    history = whole.run()
    assert history[-1]["loss"] < 0.8 * history[0]["loss"] and history[-1]["validation_accuracy"] > 0.2
    broken = fit(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        broken.run(lambda items, _text, _total: (_stop(k, item) for k, item in enumerate(items)))
    resumed = fit(tmp_path / "checkpoint.pt")
    resumed.resume()
    assert resumed.run() == history
    assert all(torch.equal(a, b) for a, b in zip(whole.net.parameters(), resumed.net.parameters(), strict=True))


def _stop(number, item):
    if number == 2:
        raise KeyboardInterrupt
    return item


def test_scores_count_images(images):
    net = network()
    turned = SphericalImages(images, sphere_sample(net), rotate=True, batch=16)
    scores = evaluate(net, turned)
    assert scores.area_accuracy == pytest.approx(evaluate(net, turned).area_accuracy)  # the same rotations again
    right = sum(int((net.classify(data) == data.y).sum()) for data in turned)
    assert scores.area_accuracy == pytest.approx(right / 40) and len(turned) == 3


def test_kernels_have_settings_of_their_own():
    assert network(kernel="free", count=None).config["count"] is None
    assert network(count=None).config["count"] == 5


def test_refusals():
    for options, message in {
        "bands": ({"bands": (3, 6)}, r"falling bands from 1 to 8, the band limit of the grid, got \(3, 6\)"),
        "high": ({"bands": (9,)}, "falling bands from 1 to 8"),
        "none": ({"bands": (6, 0)}, r"from 1 to 8, the band limit of the grid, got \(6, 0\)"),
        "rep": ({"rep": "2x1"}, "needs invariants in its representation, got 2x1"),
        "growth": ({"growth": 0.5}, "growth >= 1 and blocks >= 1, got 0.5 and 1"),
        "hidden": ({"hidden": 0}, "hidden >= 1, got 0"),
        "order": ({"rep": "2x0 + 2x3"}, "band limit 3, got"),
    }.values():
        with pytest.raises(ValueError, match=message):
            network(**options)
    for x in (None, torch.zeros(255, 1), torch.zeros(0, 1)):
        with pytest.raises(ValueError, match=r"needs data.x \(256 B, 1\), B fields at the points of SphereGrid"):
            network()(Data(x=x))
    with pytest.raises(ValueError, match=r"data\.y must be integers"):
        network().compared(Data(x=torch.zeros(512, 1), y=torch.tensor([1])))
