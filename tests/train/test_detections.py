"""What networks find on the sphere: the same in one scene as where it is scored, whatever the sample."""

import os

import pytest
import torch
from digits import write_digits

from gaugenet.datasets.spherical_scenes import SphericalScenes
from gaugenet.detection import iou
from gaugenet.detection.space_charts import SpaceCharts
from gaugenet.homogeneous import Sphere
from gaugenet.models import DetectionNet, SphericalDetectionNet, load, sphere_sample
from gaugenet.so3 import random_rotation
from gaugenet.train import SphericalImages, found_in, found_scenes, sphere_surface


def network(kind):
    torch.manual_seed(0)
    if kind is SphericalDetectionNet:
        return kind(["a"], 0.15, band_limit=8, bands=(6, 3), rep="4x0 + 2x1", count=2)
    settings = {"space": "sphere", "inputs": "1x0", "levels": (162, 42), "neighbours": 12, "blocks": 1}
    return kind(["a"], 0.15, rep="4x0 + 2x1", **settings)


@pytest.mark.parametrize("kind", [SphericalDetectionNet, DetectionNet])
def test_one_scene_has_the_boxes_that_are_scored(kind, tmp_path):
    net = network(kind)
    sample, there = sphere_sample(net), sphere_surface()
    here = SpaceCharts(sample.bundle, Sphere())
    images = SphericalImages(SphericalScenes(write_digits(tmp_path), "train", 2, 0), sample, task="detect", batch=1)
    coarse = []
    for data, scene in zip(images, found_scenes(net, images), strict=True):
        found, scored = found_in(net, sample.with_field(data.x), here), scene.detected
        assert len(found) > 5 and torch.equal(found.score, scored.score)
        assert torch.allclose(here.centre(found), there.centre(scored), atol=1e-9)
        assert torch.allclose(here.direction(found), there.direction(scored), atol=1e-9)
        again = here.recentred(found)
        assert torch.equal(again.vertex, found.vertex)  # seen from the nearest points
        coarse.append(len(net.detect(sample.with_field(data.x), here)) - len(found))
    # On the points of a grid, which count whole, the overlap of boxes is coarse.
    assert kind is DetectionNet or any(coarse)


@pytest.mark.slow
@pytest.mark.skipif("GAUGENET_MNIST" not in os.environ, reason="GAUGENET_MNIST does not name the folder of MNIST")
def test_what_the_network_that_ships_finds_on_a_turned_sphere_is_turned():
    """Under any rotation, up to what its grid cannot tell: nearly all objects, at the same places."""
    net, count = load("spherical-scenes-detect"), 60
    sample, scenes = sphere_sample(net), SphericalScenes(os.environ["GAUGENET_MNIST"], "test", count)
    surface, fine = SpaceCharts(sample.bundle, Sphere()), sphere_surface()
    turn, again, gaps, turns = random_rotation(count, generator=torch.Generator().manual_seed(0)), [], [], []
    for number in range(count):
        plain, found = (
            found_in(net, sample.with_field(scenes.at(torch.tensor([number]), sample.point, g).T), surface, score=0.3)
            for g in (None, turn[[number]])
        )
        g = turn[number].double()
        moved, found = (
            fine.boxes_at(surface.centre(boxes) @ g.T, surface.direction(boxes) @ g.T, boxes.extent, boxes.label)
            for boxes, g in ((plain, g), (found, torch.eye(3).double()))
        )
        overlap, partner = (iou(moved, found, fine) * (moved.label[:, None] == found.label)).max(1)
        seen = overlap > 0.5
        apart = fine.difference(moved[seen], found[partner[seen]])
        again, gaps = [*again, seen], [*gaps, apart.distance]
        fold = torch.where(torch.isin(moved.label[seen], torch.tensor(net.code.half_turns)), 2.0, 1.0)
        turns.append(torch.atan2((fold * apart.turn).sin(), (fold * apart.turn).cos()).abs() / fold)
    assert len(torch.cat(again)) > 2 * count and torch.cat(again).double().mean() > 0.95
    assert torch.cat(gaps).mean() < 0.02 and torch.cat(turns).mean() < 0.1
