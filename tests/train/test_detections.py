"""What networks find on the sphere: the same in one scene as where it is scored, whatever the sample."""

import pytest
import torch
from digits import write_digits

from gaugenet.data.spherical_scenes import SphericalScenes
from gaugenet.detection.space_surface import SpaceSurface
from gaugenet.homogeneous import Sphere
from gaugenet.models import DetectionNet, SphericalDetectionNet, sphere_sample
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
    here = SpaceSurface(sample.bundle, Sphere())
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
