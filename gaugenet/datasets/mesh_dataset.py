"""Data sets of labelled meshes, and their splits."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Dataset

from gaugenet.io.mesh_data import MeshData
from gaugenet.transforms.shape import forget

Transform = Callable[[MeshData], MeshData]
Item = TypeVar("Item")


class MeshDataset(Dataset):
    """Hold labelled meshes that share their label names.

    Args:
        meshes: Meshes, whose labels are indices into ``label_names``.
        names: Name of each mesh.
        label_names: Name of each class.
        transform: Applied to a copy of a mesh at each access.
        pre_transform: Applied to each mesh once, at its first access.
    """

    def __init__(
        self,
        meshes: Sequence[MeshData],
        names: Sequence[str],
        label_names: Sequence[str],
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        super().__init__(None, transform, pre_transform)
        self._meshes, self._ready = list(meshes), [pre_transform is None] * len(meshes)
        self._names, self.label_names = list(names), list(label_names)

    @property
    def names(self) -> list[str]:
        """Names of the meshes of the data set, or of the selected part of it."""
        return [self._names[i] for i in self.indices()]

    @property
    def num_classes(self) -> int:
        """Number of label names."""
        return len(self.label_names)

    def len(self) -> int:
        return len(self._meshes)

    def get(self, idx: int) -> MeshData:
        """Return a copy of mesh ``idx``, before ``transform``."""
        if not self._ready[idx]:
            self._meshes[idx], self._ready[idx] = self.pre_transform(self._meshes[idx]), True
            forget(self._meshes[idx])
        # A transform that changes its input must not change the mesh that is kept.
        return copy.copy(self._meshes[idx])

    @overload
    def __getitem__(self, idx: int) -> MeshData: ...
    @overload
    def __getitem__(self, idx: slice | Sequence[int] | Tensor | np.ndarray) -> MeshDataset: ...
    def __getitem__(self, idx: int | slice | Sequence[int] | Tensor | np.ndarray) -> MeshData | MeshDataset:
        return super().__getitem__(idx)

    def __iter__(self) -> Iterator[MeshData]:
        return (self[k] for k in range(len(self)))


def check_split(split: str, splits: Sequence[str] = ("train", "validation", "test", "all")) -> None:
    """Refuse a split that does not exist.

    Args:
        split: Name of the split.
        splits: Names of the splits that exist.

    Raises:
        ValueError: If ``split`` is none of them.
    """
    if split not in splits:
        raise ValueError(f"split must be {', '.join(splits)}; got {split!r}")


def part(name: str, items: Sequence[Item], split: str, train: int, validation: int) -> Sequence[Item]:
    """Return the items of a split.

    Args:
        name: Name of the items in error messages.
        items: All items: those for training, the held-back ones at their end, then those for testing.
        split: "train", "validation", "test" or "all".
        train: Number of items for training, held-back ones included.
        validation: Number of items held back for validation.

    Returns:
        A part of ``items``.

    Raises:
        ValueError: If no item would be left for training or testing.
    """
    if split == "all" and validation == 0:  # nothing is split: one item is enough
        return items
    if not 0 <= validation < train < len(items):
        raise ValueError(
            f"{name}: {len(items)} shapes cannot be split into {train} for training, {validation} of them held back, "
            "and some for testing: add shapes, or take fewer"
        )
    parts = {"train": slice(train - validation), "validation": slice(train - validation, train)}
    return items[{**parts, "test": slice(train, None), "all": slice(None)}[split]]


def spread(count: int, number: int) -> list[int]:
    """Return some of the indices 0 to count - 1, spread evenly over them.

    Args:
        count: Number of indices.
        number: How many are returned.
    """
    return [math.floor((k + 0.5) * count / number) for k in range(number)]


def with_class(mesh: MeshData, number: int) -> MeshData:
    """Return only positions and faces of a mesh, with its class ``y`` (1,).

    Args:
        mesh: Mesh.
        number: Index of its class.
    """
    return MeshData(pos=mesh.pos, face=mesh.face, y=torch.tensor([number]))
