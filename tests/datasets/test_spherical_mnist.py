"""Digits on the sphere: the IDX format, the projection, rotations."""

import gzip

import numpy as np
import pytest
import torch
from digits import idx, write_digits

from gaugenet.datasets.spherical_mnist import SphericalMNIST, read_idx
from gaugenet.so3 import random_rotation
from gaugenet.sphere import SphereGrid


@pytest.fixture
def root(tmp_path):
    return write_digits(tmp_path)


def test_arrays_come_back(tmp_path):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx(values))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx(values)))
    assert np.array_equal(read_idx(tmp_path / "a"), values) and np.array_equal(read_idx(tmp_path / "b.gz"), values)


def test_pixels_stand_where_the_projection_puts_them(root):
    data = SphericalMNIST(root, "test")
    image = data.images[5].double() / 255
    for row, column in ((17, 9), (14, 13), (20, 4)):
        u, v = (column + 0.5) / 14 - 1, 1 - (row + 0.5) / 14
        rho = (u * u + v * v) ** 0.5
        theta = 2 * np.arctan(rho)
        point = torch.tensor([[u / rho * np.sin(theta), v / rho * np.sin(theta), np.cos(theta)]], dtype=torch.float64)
        assert data.at(torch.tensor([5]), point).item() == pytest.approx(image[row, column].item(), abs=1e-12)


def test_the_southern_cap_is_dark(root):
    points = SphereGrid(16).points
    values = SphericalMNIST(root, "test").at(torch.arange(40), points)
    assert values.shape == (40, len(points)) and 0.5 < values.max() <= 1
    assert not values[:, points[:, 2] < -0.5].any()


def test_rotations_turn_images(root):
    data, points = SphericalMNIST(root, "test"), SphereGrid(8).points
    rotation = random_rotation(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    numbers = torch.tensor([0, 17, 39])
    turned = data.at(numbers, points, rotation)
    for k in range(3):  # (R f)(R p) = f(p)
        there = data.at(numbers[k : k + 1], points @ rotation[k].T, rotation[k : k + 1])
        assert torch.allclose(there[0], data.at(numbers[k : k + 1], points)[0], atol=1e-12)
        assert (turned[k] - data.at(numbers[k : k + 1], points)[0]).abs().max() > 0.1


def test_splits_hold_all_digits(root):
    train, held = (SphericalMNIST(root, split, validation=10) for split in ("train", "validation"))
    assert len(train) == 30 and len(held) == 10
    assert held.labels.tolist() == list(range(10)) and torch.bincount(train.labels).tolist() == [3] * 10
    assert len(SphericalMNIST(root)) == 40 and len(SphericalMNIST(root, "test", validation=10)) == 40


def test_refusals(root, tmp_path):
    with pytest.raises(ValueError, match='train, validation and test, got "all"'):
        SphericalMNIST(root, "all")
    with pytest.raises(ValueError, match="leave one of the 40 images, got 40"):
        SphericalMNIST(root, validation=40)
    for content, message in {
        b"": "which begins with 00 00 08, got nothing",
        b"\x89PNG": "got 89 50 4e 47",
        b"\0\0\x08\x03\0\0": "truncated inside the header",
        idx(np.zeros((2, 28, 28)))[:-1]: r"announces \(2, 28, 28\), got 1567 values",
    }.items():
        (root / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match=message):
            SphericalMNIST(root)
    (root / "train-images-idx3-ubyte.gz").write_bytes(b"not gzip")
    with pytest.raises(ValueError, match="not compressed by gzip"):
        SphericalMNIST(root)
    (root / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros((3, 28, 28)))))
    with pytest.raises(ValueError, match=r"images must be \(N, H, W\), labels \(N,\), got \(3, 28, 28\) and \(40,\)"):
        SphericalMNIST(root)
    (root / "t10k-labels-idx1-ubyte").write_bytes(idx(np.full(40, 10)))
    with pytest.raises(ValueError, match="digits 0 to 9 as labels, got 10"):
        SphericalMNIST(root, "test")
    (root / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="name the folder of the four files of MNIST"):
        SphericalMNIST(root, "test")
    with pytest.raises(FileNotFoundError, match="expected one like train-images"):
        read_idx(root / "nothing")


def test_regions_are_where_the_digit_is(root):
    data, points = SphericalMNIST(root, "test"), SphereGrid(16).points
    numbers = torch.tensor([3, 20, 39])
    rotation = random_rotation(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for turned in (None, rotation):
        region, bright = data.regions_at(numbers, points, turned), data.at(numbers, points, turned) >= 0.5
        for image, number in enumerate(numbers):
            digit = data.labels[number].item() + 1
            assert bright[image].any() and (region[image][bright[image]] == digit).all()
            assert data.region_names[digit] == data.label_names[digit - 1]
        assert not region[~bright].any()
