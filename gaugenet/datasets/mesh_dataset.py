"""A data set of labelled meshes, whatever it is read from."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from torch_geometric.data import Dataset

from gaugenet.io.mesh_data import MeshData
from gaugenet.transforms.shape import forget


class MeshDataset(Dataset):
    """Hold labelled meshes that share their label names.

    Args:
        meshes: the data, whose labels index into `label_names`.
        names: what each mesh is called.
        label_names: one for each class.
        transform: applied at every access. pre_transform: applied to each mesh once, at its first access.
    """

    def __init__(
        self,
        meshes: Sequence[MeshData],
        names: Sequence[str],
        label_names: Sequence[str],
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
    ) -> None:
        super().__init__(None, transform, pre_transform)
        self._meshes, self._ready = list(meshes), [pre_transform is None] * len(meshes)
        self._names, self.label_names = list(names), list(label_names)

    @property
    def names(self) -> list[str]:
        """What each mesh of the data set, or of the part of it that was selected, is called."""
        return [self._names[i] for i in self.indices()]

    @property
    def num_classes(self) -> int:
        """Number of label names."""
        return len(self.label_names)

    def len(self) -> int:
        return len(self._meshes)

    def get(self, idx: int) -> MeshData:
        if not self._ready[idx]:
            self._meshes[idx], self._ready[idx] = self.pre_transform(self._meshes[idx]), True
            forget(self._meshes[idx])
        # Transforms that change their input must not change what is held here.
        return copy.copy(self._meshes[idx])
