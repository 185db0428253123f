"""Meshes as PyG data that can be batched on every level."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch_geometric.data import Data

# Keys of the training targets of faces, of vertices and of the whole shape. No geometry depends on them.
LABELS = ("face_label", "vertex_label", "y")
# Where the instance keeps the surface of its shape, outside of what PyG stores.
SURFACE = "_surface"
_COARSE_INDEX = re.compile(r"(edge|pool)_index_([1-9]\d*)")


class MeshData(Data):
    """Hold a mesh with its labels and, after ``FrameBundle``, its frame bundle; it is batched like any PyG ``Data``.

    ``pos`` (V, 3) float64 [mesh unit] and ``face`` (3, F) int64 are those of the file: vertices and faces keep their
    numbers. ``face_label`` (F,) and ``vertex_label`` (V,) int64 are indices into ``label_names``; -1 is unlabelled.

    Keys that end in ``_l`` belong to level l, which has V_l vertices, as many as ``area_l`` has values; level 0 is the
    mesh. In a batch, ``edge_index_l`` is shifted by V_l, ``sample_index_l`` (V_l,) by V, and the two rows of
    ``pool_index_l`` (2, P), vertices of level l - 1 and of level l, by V_(l-1) and V_l.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != SURFACE}  # it is quicker made than sent

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        match = _COARSE_INDEX.fullmatch(key)
        if match is None:
            return super().__inc__(key, value, *args, **kwargs)
        level = int(match[2])
        if match[1] == "edge":
            return self._level_size(level)
        return torch.tensor([[self._level_size(level - 1)], [self._level_size(level)]])

    @property
    def num_levels(self) -> int:
        """Number of levels, the mesh itself included; 0 before ``FrameBundle``."""
        level = 0
        while f"edge_index_{level}" in self:
            level += 1
        return level

    def level_batch(self, level: int) -> torch.Tensor:
        """Return the index of the mesh that each vertex of a level belongs to; zeros for a single mesh.

        Args:
            level: Level l; 0 is the mesh.

        Returns:
            Indices (V_l,) int64.

        Raises:
            ValueError: If the data have no such level.
        """
        if not 0 <= level < max(self.num_levels, 1):
            raise ValueError(f"data has {self.num_levels} levels, got level {level}: add levels with FrameBundle")
        batch = self.get("batch")
        if batch is None:
            return torch.zeros(self._level_size(level), dtype=torch.int64, device=self.pos.device)
        return batch if level == 0 else batch[self[f"sample_index_{level}"]]

    def _level_size(self, level: int) -> int:
        return self.pos.size(0) if level == 0 else self[f"area_{level}"].size(0)
