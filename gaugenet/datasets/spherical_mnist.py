"""MNIST on the sphere: handwritten digits, projected."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from gaugenet.datasets.folder import spread
from gaugenet.io.idx import read_idx

SPLITS = {"train": "train", "test": "t10k"}


class SphericalMNIST:
    """Images of digits on S^2, each with its middle at the north pole (Cohen et al. 2018, section 5.2).

    The image lies on the sphere by stereographic projection from the south pole: the point at colatitude theta and
    longitude phi shows the image at tan(theta / 2) (cos phi, sin phi), with -1 and 1 the middles of its edges: the
    largest circle in the image fills the northern hemisphere. Between pixels values are interpolated linearly,
    outside of the image they are 0.

    Args:
        root: folder with the four IDX files, ``train-images-idx3-ubyte`` and so on, with or without ``.gz``.
        split: "train", of which ``validation`` images, spread over the file, are left out, "validation", these, or
            "test".

    Raises:
        FileNotFoundError: a file is missing. ValueError: a file is damaged, or files do not fit each other.
    """

    label_names = tuple("0123456789")
    region_names = ("background", *label_names)

    def __init__(self, root: str | os.PathLike[str], split: str = "train", validation: int = 0) -> None:
        if split not in (*SPLITS, "validation"):
            raise ValueError(f'SphericalMNIST has the splits train, validation and test, got "{split}"')
        part = SPLITS.get(split, "train")
        images = read_idx(_file(Path(root), f"{part}-images-idx3-ubyte"))
        labels = read_idx(_file(Path(root), f"{part}-labels-idx1-ubyte"))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{root}: expected images (N, H, W) and labels (N,), got {images.shape} and {labels.shape}"
            )
        if labels.max(initial=0) > 9:
            raise ValueError(f"{root}: expected digits 0 to 9 as labels, got {labels.max()}")
        if part == "t10k":
            validation = 0
        if split == "validation" and validation == 0:
            raise ValueError("the validation split needs a number of images, got validation=0: say how many")
        if not 0 <= validation < len(images):
            raise ValueError(f"validation must leave one of the {len(images)} images, got {validation}")
        held = torch.zeros(len(images), dtype=torch.bool)
        held[spread(len(images), validation)] = True  # the files may be sorted by digit
        chosen = held if split == "validation" else ~held
        self.images = torch.from_numpy(images.copy())[chosen]
        self.labels = torch.from_numpy(labels.astype("int64"))[chosen]

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return some images at points of the sphere, ``(B, V)`` from 0 to 1, in the type of the points.

        Args:
            numbers: ``(B,)`` which images. point: ``(V, 3)`` unit vectors.
            rotation: ``(B, 3, 3)`` by which each image is turned.
        """
        moved = (
            point.expand(len(numbers), -1, -1) if rotation is None else point @ rotation.to(point)
        )  # R^-1 p, as rows
        # tan(theta / 2) = sin(theta) / (1 + cos(theta)); the southernmost points are outside of the image.
        plane = moved[..., :2] / (1.0 + moved[..., 2:]).clamp_min(1e-6)
        return brightness(self.images[numbers], plane) * (moved[..., 2] > -0.5)

    def regions_at(self, numbers: Tensor, point: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Return what some images show at points, ``(B, V)``: an index of ``region_names``, for semantic segmentation.

        The digit is where the image is at least half as bright as it can be (Gerken et al. 2022). Arguments as of
        ``at``.
        """
        inside = self.at(numbers, point, rotation) >= 0.5
        return torch.where(inside, self.labels[numbers, None] + 1, 0)


def brightness(images: Tensor, plane: Tensor) -> Tensor:
    """Return images ``(N, H, W)`` uint8 at points ``(N, V, 2)`` of the plane, from 0 to 1; -1 and 1 are their edges.

    Between the middles of pixels it is interpolated linearly, outside of the image it is 0.
    """
    # Rows of an image go down, so that the y axis of the plane points up in it.
    place = torch.stack([plane[..., 0], -plane[..., 1]], dim=-1)[:, :, None]
    image = images.to(plane)[:, None] / 255.0
    return torch.nn.functional.grid_sample(image, place, "bilinear", "zeros", align_corners=False)[:, 0, :, 0]


def _file(root: Path, name: str) -> Path:
    for path in (root / name, root / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{root / name}.gz: no such file; name the folder of the four files of MNIST (train-images-idx3-ubyte.gz, ...)"
    )
