"""A cache on disk for transforms: one file a mesh, named after content and settings."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.io.file import open_atomic
from gaugenet.io.mesh_data import LABELS, MeshData
from gaugenet.transforms.shape import forget

# Part of every key: raise it whenever a change makes transforms produce different numbers.
FORMAT = 4


class Cached(BaseTransform):
    """Run a transform at most once for each mesh, keeping what it adds in a folder.

    The file's name is a hash of the tensors that come in, of the transform's ``repr`` and of the cache's format number,
    so that another mesh, other vectors on it or another setting has another file; other labels have not. Files appear
    whole or not at all (written aside, then renamed): several processes may share a folder, and a killed one leaves
    nothing half-written. A damaged file is replaced. The data keeps no surface (``FrameBundle``).

    Args:
        transform: Adds tensors, strings, numbers and lists of them to data, computed from its tensors except labels;
            its ``repr`` names all settings.
        folder: Folder of the files, created where missing.
        labels: Whether the transform reads labels too; then other labels have another file.
    """

    __call__: Callable[..., MeshData]

    def __init__(self, transform: Callable[[Data], Data], folder: str | os.PathLike[str], labels: bool = False) -> None:
        self.transform, self.folder, self.labels = transform, Path(folder), labels

    def path(self, data: Data) -> Path:
        """Return the file that holds the result for a mesh.

        Args:
            data: The mesh, before the transform.
        """
        digest = hashlib.sha256(f"{FORMAT}\n{self.transform!r}\n".encode())
        tensors = {key for key, value in data.to_dict().items() if isinstance(value, torch.Tensor)}
        first = [key for key in ("pos", "face") if key in tensors]  # bare meshes keep the names that they always had
        for key in first + sorted(tensors.difference(first, () if self.labels else LABELS)):
            array = np.ascontiguousarray(data[key].detach().cpu().numpy())
            digest.update(f"{key} {array.dtype} {array.shape}\n".encode())
            digest.update(array.tobytes())
        return self.folder / f"{digest.hexdigest()[:40]}.safetensors"

    def forward(self, data: Data) -> Data:
        """Return the data with what the transform adds, from the file if there is one.

        Args:
            data: The mesh, before the transform.
        """
        # A bundle batches correctly only as MeshData, whether it is made here or read.
        data = data if isinstance(data, MeshData) else MeshData(**data.to_dict())
        path = self.path(data)
        stored = _read(path)
        if stored is not None:
            tensors, others = stored
            for key, value in {**tensors, **others}.items():
                data[key] = value.to(data.pos.device) if isinstance(value, torch.Tensor) else value
            return data
        before = dict(data.to_dict())
        out = self.transform(data)
        forget(out)
        added = {key: value for key, value in out.to_dict().items() if before.get(key) is not value}
        tensors = {key: value.cpu().contiguous() for key, value in added.items() if isinstance(value, torch.Tensor)}
        others = {key: json.dumps(value) for key, value in added.items() if key not in tensors}
        self.folder.mkdir(parents=True, exist_ok=True)
        with open_atomic(path) as file:
            file.write(safetensors.torch.save(tensors, metadata=others))
        return out

    def __repr__(self) -> str:
        return f"Cached({self.transform!r})"


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            others = {key: json.loads(text) for key, text in (file.metadata() or {}).items()}
            return {key: file.get_tensor(key) for key in file.keys()}, others  # noqa: SIM118
    except (FileNotFoundError, safetensors.SafetensorError, json.JSONDecodeError):
        return None
