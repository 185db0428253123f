"""Bundles as files: everything that a mesh has become, in one safetensors file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch_geometric.data import Data

from gaugenet.io.file import open_atomic
from gaugenet.io.mesh_data import MeshData

_FORMAT = "gaugenet bundle 1"


def save_bundle(path: str | os.PathLike[str], data: Data) -> None:
    """Write a mesh with all it holds (positions, faces, labels, bundle, fields), whole or not at all.

    Tensors keep their keys, whatever is not a tensor (``label_names``, ``x_rep``) goes to the metadata as JSON. Unlike
    the files of ``Cached``, named by a hash and holding only what a transform added, such a file stands by itself.

    Raises:
        FileNotFoundError: the folder does not exist.
        TypeError: a value that is neither a tensor nor a string, number or list of them.
    """
    items = data.to_dict()
    tensors = {key: value.cpu().contiguous() for key, value in items.items() if isinstance(value, torch.Tensor)}
    others = {key: value for key, value in items.items() if key not in tensors and value is not None}
    try:
        metadata = {"format": _FORMAT, "others": json.dumps(others)}
    except TypeError as error:
        raise TypeError(f"{path}: a bundle file holds tensors, strings, numbers and lists of them; {error}") from None
    with open_atomic(path) as file:
        file.write(safetensors.torch.save(tensors, metadata=metadata))


def load_bundle(path: str | os.PathLike[str]) -> MeshData:
    """Read what ``save_bundle`` or ``gaugenet preprocess`` wrote; nothing is unpickled.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or no bundle.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path}: not a bundle, or damaged ({error}); make it again with gaugenet preprocess"
        ) from None
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{path}: not a file of {_FORMAT!r}; make it with gaugenet preprocess or save_bundle")
    return MeshData(**tensors, **json.loads(metadata["others"]))
