"""Labels of points on the sphere: scores turn with the image; batches, fitting, scoring by area, storing, refusals."""

import math

import pytest
import torch
from torch_geometric.data import Data

from gaugenet.models import SphericalClassificationNet, SphericalSegmentationNet, load, save
from gaugenet.so3 import random_rotation
from gaugenet.sphere import HarmonicTransform, rotated
from gaugenet.train import Fit, FitSettings, evaluate, shape_loss

OPTIONS = {"band_limit": 8, "bands": (6, 3), "rep": "4x0 + 2x1", "growth": 1.5, "count": 3, "dropout": 0.0}
AXIS = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)


def network(names=("sea", "land"), **options):
    torch.manual_seed(0)
    return SphericalSegmentationNet(names, **{**OPTIONS, **options})


def image(at):
    return torch.exp(3 * (at @ AXIS) - 3) + 0.5 * at[..., 1] * at[..., 2]


def scores_of(net, x):
    with torch.no_grad():
        return net(Data(x=x.flatten(0, -2)))


def symmetries(grid, steps):
    """Return where points go by turns about z by multiples of ``steps`` longitudes, and after half a turn about x."""
    number = torch.arange(grid.size).view(grid.rings, grid.columns)
    turns = [number.roll(steps * k, dims=1) for k in range(grid.columns // steps)]
    return [turn.flatten() for turn in turns], [turn.flip(0, 1).roll(1, dims=1).flatten() for turn in turns]


def test_turns_that_keep_all_grids_turn_the_scores():
    """Eighths of a turn keep 24, 32 and 16 points a ring; a half turn about x turns frames by half a turn."""
    net = network(band_limit=12, bands=(8, 4), inputs="1x0 + 1x1").double().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = net.rep_in.randn(net.trunk.grid.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wanted = scores_of(net, x)
    turns, halves = symmetries(net.trunk.grid, 3)
    for where in turns:
        assert (scores_of(net, x[where]) - wanted[where]).abs().max() < 1e-12 * wanted.abs().max()
    frames = torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64)
    for where in halves:
        assert (scores_of(net, frames * x[where]) - wanted[where]).abs().max() < 1e-12 * wanted.abs().max()
        assert (scores_of(net, x[where]) - wanted[where]).abs().max() > 1e-3 * wanted.abs().max()
    where = symmetries(net.trunk.grid, 1)[0][1]  # no step of the grids of the levels
    assert (scores_of(net, x[where]) - wanted[where]).abs().max() > 1e-9 * wanted.abs().max()


def change_by_rotation(band_limit, bands):
    """Return by how much scores of a turned image differ from the turned scores, over their spread."""
    net = network(band_limit=band_limit, bands=bands, kernel="local", count=2, radius=0.6).double().eval()
    rotation = random_rotation(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    point = net.trunk.grid.points
    wanted = scores_of(net, image(point)[:, None])
    transform = HarmonicTransform(net.rep_out, net.trunk.grid)
    error = 0.0
    for one in rotation:
        found = scores_of(net, image(point @ one)[:, None])
        turned = transform.inverse(rotated(transform(wanted), one))
        error = max(error, float((found - turned).norm() / (wanted - wanted.mean(0)).norm()))
    return error


def test_scores_turn_with_the_image_in_the_limit():
    coarse, middle, fine = (change_by_rotation(size, (3 * size // 4, 3 * size // 8)) for size in (8, 16, 32))
    assert coarse > 2 * middle > 4 * fine and fine < 0.05, (coarse, middle, fine)


@pytest.mark.parametrize("bands", [(6,), (6, 3), (8, 4, 2)])
def test_a_batch_has_the_scores_of_its_images(bands):
    net, x = network(["a", "b", "c"], bands=bands).double().eval(), torch.randn(3 * 256, 1, dtype=torch.float64)
    scores = net(Data(x=x))
    assert scores.shape == (768, 3)
    assert torch.allclose(net(Data(x=x[256:512])), scores[256:512], atol=1e-12)
    assert net.train().segment(Data(x=x)).tolist() == scores.argmax(1).tolist() and net.training


def test_every_level_has_a_say():
    net = network(bands=(8, 4, 2)).double()
    net(Data(x=torch.randn(256, 1, dtype=torch.float64))).square().sum().backward()
    still = [name for name, parameter in net.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert still == []
    assert not SphericalClassificationNet(["a"], **OPTIONS).trunk.up and len(net.trunk.up) == len(net.trunk.narrow) == 2


def test_it_is_stored_and_read(tmp_path):
    net, x = network(kernel="local", count=2, radius=0.5, blocks=2).eval(), torch.randn(256, 1)
    save(net, tmp_path / "net", {"data": "x"})
    again = load(tmp_path / "net")
    assert again.config == net.config and again.label_names == ("sea", "land")
    assert torch.allclose(again(Data(x=x)), net(Data(x=x)), atol=2e-2)


class Discs:
    """Images of a spot at a random place, in noise; its disc is to be found."""

    variants, batch = 1, 16

    def __init__(self, grid, count, seed):
        generator = torch.Generator().manual_seed(seed)
        centre = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=1)
        near = centre @ grid.points.float().T
        self.x = torch.exp(6 * (near - 1)) + 0.5 * torch.randn(near.shape, generator=generator)
        self.label = (near > math.cos(0.7)).long()
        self.count = count

    def data(self, numbers):
        return Data(x=self.x[numbers].reshape(-1, 1), vertex_label=self.label[numbers].flatten())

    def draw(self, numbers):
        yield self.data(numbers), len(numbers)

    def __iter__(self):
        return (self.data(numbers) for numbers in torch.arange(self.count).split(self.batch))

    def __len__(self):
        return -(-self.count // self.batch)


def test_it_learns_to_find_discs():
    net = network(bands=(8, 4))
    train, test = Discs(net.trunk.grid, 48, 0), Discs(net.trunk.grid, 20, 1)
    settings = FitSettings(epochs=8, batch=8, variants=1, noise=0.0, average=0.7, learning_rate=1e-2)
    Fit(net, train, None, settings).run()
    scores = evaluate(net, test)
    weight = net.trunk.grid.weight

    def of_pixels(threshold):
        return float(((test.x > threshold).long() == test.label).double().matmul(weight).mean() / weight.sum())

    pixels = max(of_pixels(threshold) for threshold in torch.linspace(0, 2, 41).tolist())
    assert scores.area_accuracy > (1 + pixels) / 2, (scores.area_accuracy, pixels)  # half the errors of one pixel
    assert scores.mean_iou > 0.6


def test_points_count_by_area_and_every_image_the_same():
    net = network().eval()
    data = Data(x=torch.randn(512, 1), vertex_label=torch.randint(2, (512,)))
    data.vertex_label[300:] = -1  # the second image has few labels
    right = (net.segment(data) == data.vertex_label).view(2, 256) * net.trunk.grid.weight
    known = (data.vertex_label >= 0).view(2, 256) * net.trunk.grid.weight
    accuracy = (right.sum(1) / known.sum(1)).mean()
    assert evaluate(net, [data]).area_accuracy == pytest.approx(float(accuracy))
    wanted = torch.nn.functional.cross_entropy(net(data), data.vertex_label, ignore_index=-1, reduction="none")
    weight = known.flatten() / known.sum()
    assert float(shape_loss(net, data)[0].detach()) == pytest.approx(float((weight * wanted).sum().detach()), rel=1e-5)


def test_refusals():
    with pytest.raises(ValueError, match="at least one label name, got none"):
        network(())
    with pytest.raises(TypeError, match=r'expects a list of label names, got "sea"'):
        network("sea")
    with pytest.raises(ValueError, match="HarmonicTrunk expects falling bands from 1 to 8"):
        network(bands=(9,))
    x = torch.zeros(512, 1)
    with pytest.raises(ValueError, match=r"needs data.x \(256 B, 1\)"):
        network()(Data(x=x[1:]))
    for labels, message in {
        None: "no labels vertex_label, which the network learns, none at all",
        (0,) * 511: r"vertex_label must be integers of shape \(512,\)",
        (2,) * 512: "labels go up to 2, the network has 2 scores",
    }.items():
        data = Data(x=x) if labels is None else Data(x=x, vertex_label=torch.tensor(labels))
        with pytest.raises(ValueError, match=message):
            network().compared(data)
