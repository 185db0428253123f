"""Equirectangular images of the sphere as input: labels of pixels, boxes, bad images."""

import json

import digits
import numpy as np
import pytest
import torch
from matplotlib.image import imread
from PIL import Image

from gaugenet.datasets.spherical_scenes import SphericalScenes
from gaugenet.io.spherical_image import read_image
from gaugenet.models import (
    DetectionNet,
    SegmentationNet,
    SphericalDetectionNet,
    SphericalSegmentationNet,
    load,
    save,
    sphere_sample,
)
from gaugenet.models.spherical import at_pixels, on_sample
from gaugenet.transforms.equirectangular import pixel_centres

NAMES = list("0123456789")
GAUGE = {"space": "sphere", "inputs": "1x0", "levels": (162, 42), "neighbours": 12, "rep": "4x0 + 2x1", "blocks": 1}
HARMONIC = {"band_limit": 8, "bands": (6, 3), "rep": "4x0 + 2x1", "count": 2}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A scene, 64 x 128."""
    folder = tmp_path_factory.mktemp("scene")
    scenes = SphericalScenes(digits.write_digits(folder), "train", 1, validation=0)
    value = scenes.at(torch.tensor([0]), pixel_centres(64, 128)).numpy().reshape(64, 128)
    Image.fromarray((255 * value).astype(np.uint8)).save(folder / "scene.png")
    return folder / "scene.png"


def made(kind, **settings):
    torch.manual_seed(0)
    usual = GAUGE if kind in (DetectionNet, SegmentationNet) else HARMONIC
    return kind(*([NAMES, 0.3] if "Detection" in kind.__name__ else [NAMES]), **{**usual, **settings})


def has_boxes(picture):
    """Whether there is colour above the legend, in a picture of something grey."""
    pixels = imread(picture)[..., :3]
    return bool(np.ptp(pixels[: 2 * len(pixels) // 3], axis=2).max() > 0.05)


def mesh_detector():
    torch.manual_seed(0)
    fields = {"hks": 4, "eigenfunctions": 30, "rays": False, "distances": False, "wks": 0}
    return DetectionNet(["a"], 0.2, levels=(200, 50), neighbours=10, blocks=1, fields=fields)


@pytest.mark.parametrize("kind", [SegmentationNet, SphericalSegmentationNet])
def test_pixels_are_labelled(call, image, tmp_path, kind):
    net = made(kind, **({"output": "vertex"} if kind is SegmentationNet else {}))
    save(net, tmp_path / "net")
    out = tmp_path / "out"
    result = call("segment", image, "--model", tmp_path / "net", "-o", out, "--picture", out / "a.png", "--json")
    assert result.code == 0, result.err
    found = result.json["images"][str(image)]
    with Image.open(found["labels"]) as labels:
        assert labels.mode == "P" and labels.size == (128, 64)
        shown, numbers = np.asarray(labels.convert("RGB")), np.asarray(labels)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == len(np.unique(numbers))
    assert sum(found["area"].values()) == pytest.approx(1)
    assert imread(out / "a.png").std() > 0.05
    # What the network, as it is stored, says at the points of its sample is what the nearest pixels show.
    net = load(tmp_path / "net")
    sample = sphere_sample(net)
    wanted = at_pixels(net.segment(on_sample(net, sample, read_image(image))), sample, 64, 128)
    assert np.array_equal(numbers, wanted.numpy())


@pytest.mark.parametrize("kind", [DetectionNet, SphericalDetectionNet])
def test_objects_are_found(call, image, tmp_path, kind):
    save(made(kind), tmp_path / "net")
    out = tmp_path / "found.json"
    arguments = ("detect", image, "--model", tmp_path / "net", "-o", out, "--score", "0.01")
    result = call(*arguments, "--picture", tmp_path / "a.png", "--json")
    assert result.code == 0, result.err
    content = json.loads(out.read_text())
    assert content["objects"] == result.json["objects"] and len(content["objects"]) > 0
    scores = [one["score"] for one in content["objects"]]
    assert scores == sorted(scores, reverse=True) and min(scores) >= 0.01
    for one in content["objects"]:
        assert np.linalg.norm(one["centre"]) == pytest.approx(1) and one["label"] in NAMES
    assert imread(tmp_path / "a.png").std() > 0.05 and has_boxes(tmp_path / "a.png")
    assert call(*arguments).out.splitlines()[0] == f"{len(scores)} objects found, written to {out}"


def test_objects_are_found_on_meshes(call, tmp_path):
    save(mesh_detector(), tmp_path / "net")
    mesh = "meshes/known/torus.glb"
    picture = tmp_path / "a.png"
    result = call("detect", mesh, "--model", tmp_path / "net", "-o", tmp_path / "a.json", "--score", "0", "--json",
                  "--picture", picture)  # fmt: skip
    assert result.code == 0, result.err
    assert result.json["objects"] and imread(picture).std() > 0.02 and has_boxes(picture)


@pytest.mark.parametrize("where", ["image", "mesh"])
def test_nothing_found_is_an_empty_list_and_a_picture_without_boxes(call, image, tmp_path, where):
    save(made(SphericalDetectionNet) if where == "image" else mesh_detector(), tmp_path / "net")
    file = image if where == "image" else "meshes/known/torus.glb"
    arguments = ("detect", file, "--model", tmp_path / "net", "-o", tmp_path / "o.json", "--score", "1")
    result = call(*arguments, "--picture", tmp_path / "a.png", "--json")
    assert result.code == 0, result.err
    assert result.json["objects"] == [] and json.loads((tmp_path / "o.json").read_text()) == {"objects": []}
    assert imread(tmp_path / "a.png").std() > 0.02 and not has_boxes(tmp_path / "a.png")
    assert call(*arguments).out.splitlines() == [f"0 objects found, written to {tmp_path / 'o.json'}"]


def test_values_come_back_at_the_points_of_a_grid():
    sample = sphere_sample(made(SphericalSegmentationNet))
    image = at_pixels(torch.arange(len(sample.point)), sample, 400, 800)
    assert torch.equal(image.unique(), torch.arange(len(sample.point)))
    pixels = np.full((40, 80, 3), 51, np.uint8)
    assert torch.allclose(on_sample(made(SphericalSegmentationNet), sample, pixels).x, torch.tensor(0.2).double())


def test_an_image_finer_than_the_points_is_averaged_to_their_spacing():
    """Random pixels are grey, a checkerboard of eighths of the sphere is not."""
    net = made(SphericalSegmentationNet)
    sample = sphere_sample(net)
    i = torch.arange(480)
    fine = np.random.default_rng(0).integers(0, 2, (480, 960, 1), np.uint8).repeat(3, 2) * 255
    read = on_sample(net, sample, fine).x
    assert float((read - 0.5).abs().max()) < 0.15 and float(read.std()) < 0.03
    coarse = ((i[:, None] // 240 + torch.arange(960) // 240) % 2 * 255).byte().numpy()[..., None].repeat(3, 2)
    assert float(on_sample(net, sample, coarse).x.std()) > 0.4


def test_images_of_other_kinds_are_read_as_those_of_eight_bits(tmp_path):
    """The same picture in grey, in 16 bits, with a channel for transparency, and with a palette."""
    grey = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16) * 2
    wanted, file = np.repeat(grey[..., None], 3, axis=2), tmp_path / "a.png"
    plain = Image.fromarray(grey)
    opaque = Image.fromarray(np.concatenate([wanted, 255 - wanted[..., :1]], axis=2))
    for made in (plain, Image.fromarray(grey.astype(np.uint16) * 257), opaque, plain.convert("LA"), plain.convert("P")):
        made.save(file)
        assert np.array_equal(read_image(file), wanted), made.mode
    Image.fromarray(np.full((8, 16), 65535, np.uint16)).save(file)
    assert (read_image(file) == 255).all()


def test_a_jpeg_is_labelled_and_searched_as_the_png_is(call, image, tmp_path):
    """Up to what its compression changes."""
    jpeg = tmp_path / "scene.JPG"
    with Image.open(image) as opened:
        opened.save(jpeg, quality=95)
    assert np.abs(read_image(jpeg).astype(int) - read_image(image)).mean() < 2
    save(made(SphericalSegmentationNet), tmp_path / "segment")
    save(made(SphericalDetectionNet), tmp_path / "detect")
    labels, objects = [], []
    for file in (image, jpeg):
        found = call("segment", file, "--model", tmp_path / "segment", "-o", tmp_path / file.suffix[1:], "--json")
        assert found.code == 0, found.err
        with Image.open(found.json["images"][str(file)]["labels"]) as label:
            labels.append(np.asarray(label))
        arguments = ("--model", tmp_path / "detect", "-o", tmp_path / "o.json", "--score", "0.01")
        found = call("detect", file, *arguments, "--picture", tmp_path / "a.png", "--json")
        assert found.code == 0, found.err
        objects.append(found.json["objects"][0])
        assert imread(tmp_path / "a.png").std() > 0.05
    assert (labels[0] == labels[1]).mean() > 0.95
    assert objects[0]["label"] == objects[1]["label"]
    assert objects[0]["centre"] == pytest.approx(objects[1]["centre"], abs=0.05)


def test_pixels_stay_where_they_are_whatever_orientation_a_jpeg_names(image, tmp_path):
    exif, files = Image.Exif(), [tmp_path / "plain.jpg", tmp_path / "tagged.jpg"]
    exif[0x0112] = 3  # shown upside down by programs that heed it
    with Image.open(image) as opened:
        opened.save(files[0])
        opened.save(files[1], exif=exif)
    plain, tagged = (read_image(file) for file in files)
    assert np.array_equal(plain, tagged) and not np.array_equal(plain, tagged[::-1, ::-1])


def test_an_image_that_is_too_large_is_refused_in_one_line(call, image, tmp_path, monkeypatch):
    save(made(SphericalDetectionNet), tmp_path / "net")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    result = call("detect", image, "--model", tmp_path / "net", "-o", tmp_path / "o.json")
    assert result.code == 2 and len(result.messages("error")) == 1
    assert "scene.png: the image is too large" in result.messages("error")[0]
    assert result.messages("error")[0].endswith("scale it down")


def test_refusals(call, image, network, tmp_path):
    save(made(SphericalDetectionNet), tmp_path / "detect")
    save(made(SphericalSegmentationNet), tmp_path / "segment")
    save(made(SphericalSegmentationNet, inputs="2x0"), tmp_path / "two")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no image")
    Image.new("RGB", (30, 30)).save(tmp_path / "square.png")
    detect, segment = ("--model", tmp_path / "detect"), ("--model", tmp_path / "segment")
    out, folder = ("-o", tmp_path / "o.json"), ("-o", tmp_path / "out")
    for arguments, message in {
        ("detect", image, *segment, *out): "detect needs a network that finds objects",
        ("detect", "meshes/known/torus.glb", *detect, *out): "runs on an image of the sphere (PNG, JPEG), got meshes",
        ("detect", image, *detect, "-o", tmp_path / "o.txt"): "to end in .json, got",
        ("detect", image, *detect, "-o", tmp_path / "no" / "o.json"): "does not exist; create it first",
        ("detect", image, *detect, *out, "--score", "2"): "expected a number from 0 to 1, got '2'",
        ("detect", image, *detect, *out, "--up", "z", "--picture", tmp_path / "a.png"): "--up is about pictures of",
        ("detect", tmp_path / "empty.png", *detect, *out): "empty.png: not an image, or damaged",
        ("detect", tmp_path / "text.png", *detect, *out): "text.png: not an image, or damaged",
        ("detect", tmp_path / "square.png", *detect, *out): "twice as wide as high, got 30 x 30 pixels",
        ("detect", tmp_path / "no.png", *detect, *out): "no.png: no such file",
        ("segment", image, *segment, *folder, "--max-memory", "1GB"): "--max-memory is about meshes",
        ("segment", image, *detect, *folder): "segment needs a network that labels",
        ("segment", image, "--model", tmp_path / "two", *folder): "images have 1 or 3 channels, got a network that r",
    }.items():
        result = call(*arguments)
        assert result.code == 2 and len(result.messages("error")) == 1, (arguments, result.err)
        assert message in result.messages("error")[0], result.err
    assert not (tmp_path / "o.json").exists() and not (tmp_path / "out").exists()
    with pytest.raises(FileNotFoundError, match="no such file; expected an image"):
        read_image(tmp_path / "no.png")
