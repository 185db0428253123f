"""Scenes of digits: how they are drawn, turned and labelled, and that boxes fit."""

import math
import runpy
from pathlib import Path

import pytest
import torch
from digits import write_digits

from gaugenet.datasets.spherical_scenes import MOST, SphericalScenes
from gaugenet.homogeneous import icosphere
from gaugenet.io.spherical_image import channels_of, read_image
from gaugenet.so3 import random_rotation
from gaugenet.sphere import SphereGrid
from gaugenet.transforms.equirectangular import Equirectangular


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("mnist"))


@pytest.fixture(scope="module")
def scenes(root):
    return SphericalScenes(root, "train", 50, validation=10)


def turns(count):
    return random_rotation(count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_same_arguments_give_the_same_scenes_and_splits_differ(root, scenes):
    again, other = SphericalScenes(root, "train", 50, validation=10), SphericalScenes(root, "train", 50, 10, seed=1)
    held = SphericalScenes(root, "validation", 50, validation=10)
    assert torch.equal(again.place, scenes.place) and torch.equal(again.image, scenes.image)
    assert not torch.equal(other.place, scenes.place) and not torch.equal(held.place, scenes.place)
    assert len(held.digits) == 10 and len(scenes.digits) == 30 and len(scenes) == 50
    counts = scenes.there.sum(1)
    assert counts.min() == 1 and counts.max() == MOST


def test_a_scene_is_its_digits_and_they_do_not_meet(scenes):
    numbers, point = torch.arange(50), SphereGrid(24).points
    each = scenes._each(numbers, point, None)
    assert ((each > 0).sum(1) > 1).double().mean() < 1e-2  # where corners of images meet
    assert torch.equal(scenes.at(numbers, point), each.amax(1))
    region = scenes.regions_at(numbers, point)
    assert torch.equal(region > 0, each.amax(1) >= 0.5)
    for number in (0, 7, 49):
        assert set(region[number].unique().tolist()) <= {0, *(scenes.objects(number).label + 1).tolist()}


def test_rotations_turn_scenes_and_their_boxes(scenes):
    numbers, point, rotation = torch.tensor([3, 20]), SphereGrid(12).points, turns(2)
    for ask in (scenes.at, scenes.regions_at):
        turned = ask(numbers, point, rotation)
        for row, number in enumerate(numbers):
            assert torch.allclose(turned[row], ask(number[None], point @ rotation[row])[0], atol=1e-6)
    plain, moved = scenes.objects(3), scenes.objects(3, rotation[0])
    assert torch.allclose(moved.centre, plain.centre @ rotation[0].T)
    assert torch.allclose(moved.direction, plain.direction @ rotation[0].T)
    assert torch.equal(moved.extent, plain.extent) and torch.equal(moved.label, plain.label)


def test_boxes_hold_their_digits_and_no_more(scenes):
    point = icosphere(6).pos
    for number in range(8):
        rotation = turns(8)[number]
        objects = scenes.objects(number, rotation)
        region = scenes._each(torch.tensor([number]), point, rotation[None])[0, scenes.there[number]] >= 0.5
        assert len(objects.label) == len(region)
        for centre, direction, extent, bright in zip(*objects[:3], region, strict=True):
            assert centre.norm() == pytest.approx(1) and abs(centre @ direction) < 1e-9
            inside = point[bright]
            r = torch.acos((inside @ centre).clamp(-1, 1))[:, None]
            log = inside - (inside @ centre)[:, None] * centre
            log = r * torch.nn.functional.normalize(log, dim=1)
            xy = torch.stack([log @ direction, log @ torch.linalg.cross(centre, direction)], dim=1).abs()
            share = xy.amax(0) / extent
            assert (share < 1.12).all() and (share > 0.75).all(), (number, share)


def test_middles_are_where_they_should_be(scenes):
    latitude = torch.asin(scenes.place[..., 2, 2])
    assert latitude.abs().max() <= math.radians(50) + 1e-9 and latitude.abs().max() > math.radians(45)
    assert torch.allclose(torch.linalg.det(scenes.place), torch.ones(50, MOST, dtype=torch.float64))
    up = scenes.place[..., 2, 1] / torch.cos(latitude)  # how far north the image's up goes
    assert up.min() >= math.cos(math.radians(45)) - 1e-9
    assert scenes.radius.min() >= 0.5 and scenes.radius.max() <= 0.8


def test_refusals(root, tmp_path):
    with pytest.raises(ValueError, match="count >= 1, got 0"):
        SphericalScenes(root, count=0)
    with pytest.raises(FileNotFoundError, match="four files of MNIST"):
        SphericalScenes(tmp_path)


def test_the_script_writes_images_that_networks_read(root, tmp_path):
    script = Path(__file__).parents[2] / "scripts" / "scenes.py"
    runpy.run_path(str(script))["main"](["--root", str(root), "--count", "2", "-o", str(tmp_path / "out")])
    point = SphereGrid(10).points
    wanted = SphericalScenes(root, "test", 2).at(torch.arange(2), point)
    for number in range(2):
        image = channels_of(read_image(tmp_path / "out" / f"scene_{number}.png"), 1)
        found = Equirectangular(180, 360, point).sample(image)[:, 0]
        assert (found - wanted[number]).abs().max() < 0.05 * wanted.max()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--root", "nowhere"], "nowhere/t10k-images-idx3-ubyte.gz: no such file; name the folder of the four files"),
        (["--count", "0"], "SphericalScenes expects a count >= 1, got 0"),
        (["--height", "0"], "expected a height >= 1, got 0"),
    ],
)
def test_the_script_refuses_in_one_line(root, tmp_path, capsys, words, message):
    main = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "scenes.py"))["main"]
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stopped:
        main(["--root", str(root), "-o", str(out), *words])
    last = capsys.readouterr().err.splitlines()[-1]
    assert stopped.value.code == 2 and f"error: {message}" in last and not out.exists()
