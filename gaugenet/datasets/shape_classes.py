"""Data sets of whole shapes that belong to classes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from gaugenet.datasets.folder import mesh_paths, spread
from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.datasets.psb import PSB, psb_categories
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.read import read_mesh

SPLITS = ("train", "validation", "test", "all")


class PSBShapes(MeshDataset):
    """Read all categories of the labelled Princeton Segmentation Benchmark as classes of shapes, 20 of each.

    ``y (1,)`` of a shape is its category. Of each category ``train`` shapes, drawn by the seed, are for training, the
    others for testing.

    Args:
        root: as for ``PSB``. split: "train", "validation", "test" or "all".
        train: shapes of each category for training, 1 to 19. seed: of the draw.
        validation: how many of them are kept for choosing settings.
        transform, pre_transform: as in PyG.

    Raises:
        FileNotFoundError, ValueError: as for ``PSB``, and for numbers that leave no shape in a split.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        train: int = 10,
        seed: int = 0,
        validation: int = 0,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
    ) -> None:
        _check_split(split)
        meshes, names = [], []
        categories = psb_categories(root)
        for number, category in enumerate(categories):
            shapes = [(name, mesh) for part in ("train", "test") for name, mesh in _named(PSB(root, category, part))]
            _check_counts(category, len(shapes), split, train, validation)
            order = _permutation(len(shapes), 1_009 * seed + number)
            for place in sorted(_part(order, split, train, validation)):
                name, mesh = shapes[place]
                names.append(f"{category}/{name}")
                meshes.append(_of_class(mesh, number))
        super().__init__(meshes, names, categories, transform, pre_transform)


class ClassFolder(MeshDataset):
    """Read a folder with one folder of meshes a class; ``y (1,)`` of a shape is its class, in the order of the names.

    Of each class the meshes for testing are spread evenly over its sorted names, so that the same folder always gives
    the same split; so are those kept for validation over the others.

    Args:
        root: the folder. split: "train", "validation", "test" or "all".
        test_fraction: share of the meshes of a class for testing, at least one.
        validation: meshes of each class kept for choosing settings.
        transform, pre_transform: as in PyG.

    Raises:
        FileNotFoundError: no such folder. ValueError: fewer than two classes, or a class without meshes in the split.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        test_fraction: float = 0.2,
        validation: int = 0,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
    ) -> None:
        _check_split(split)
        if not 0 < test_fraction < 1:
            raise ValueError(f"test_fraction must be between 0 and 1, got {test_fraction}")
        if not Path(root).is_dir():
            raise FileNotFoundError(f"{root}: no such folder; expected one with a folder of meshes for each class")
        folders = sorted(path for path in Path(root).iterdir() if path.is_dir() and not path.name.startswith("."))
        if len(folders) < 2:
            raise ValueError(f"{root}: expected a folder of meshes for each of two classes or more, got {len(folders)}")
        meshes, names = [], []
        for number, folder in enumerate(folders):
            paths = list(mesh_paths(folder).items())
            test = spread(len(paths), max(1, round(test_fraction * len(paths))))
            others = [place for place in range(len(paths)) if place not in test]
            _check_counts(folder, len(paths), split, len(others), validation)
            held = [others[k] for k in spread(len(others), validation)] if validation else []
            order = [place for place in others if place not in held] + held + sorted(test)
            for place in sorted(_part(order, split, len(others), validation)):
                name, path = paths[place]
                names.append(f"{folder.name}/{name}")
                meshes.append(_of_class(read_mesh(path), number))
        super().__init__(meshes, names, [folder.name for folder in folders], transform, pre_transform)


def _check_counts(name: str | Path, count: int, split: str, train: int, validation: int) -> None:
    if split == "all" and validation == 0:  # nothing is split: a single shape will do
        return
    if not 0 <= validation < train < count:
        raise ValueError(
            f"{name}: {count} shapes cannot be split into {train} for training, {validation} of them held back, "
            "and some for testing: add shapes, or take fewer"
        )


def _part(order: list[int], split: str, train: int, validation: int) -> list[int]:
    """Return the places of a split: the first ``train`` of the order are for training, the last of these held back."""
    parts = {"train": slice(train - validation), "validation": slice(train - validation, train)}
    return order[{**parts, "test": slice(train, None), "all": slice(None)}[split]]


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ValueError(f"split must be {', '.join(SPLITS)}; got {split!r}")


def _named(shapes: MeshDataset) -> list[tuple[str, MeshData]]:
    return list(zip(shapes.names, shapes))


def _permutation(count: int, seed: int) -> list[int]:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()


def _of_class(mesh: MeshData, number: int) -> MeshData:
    """Return the bare mesh with its class."""
    return MeshData(pos=mesh.pos, face=mesh.face, y=torch.tensor([number]))
