"""Files of bundles: a mesh with everything computed from it, in the safetensors format."""

from __future__ import annotations

import json
import os

import safetensors
import safetensors.torch
import torch
from torch_geometric.data import Data

from gaugenet.io.file import existing_file, open_atomic
from gaugenet.io.mesh_data import MeshData

_FORMAT = "gaugenet bundle 1"


def save_bundle(path: str | os.PathLike[str], data: Data) -> None:
    """Write a mesh with all its data (positions, faces, labels, bundle, fields), whole or not at all.

    Tensors keep their keys. Other values (``label_names``, ``x_rep``) are stored as JSON in the metadata. The file is
    complete by itself, unlike those of ``Cached``, which hold only what a transform added.

    Args:
        path: File to write, usually ``*.safetensors``.
        data: Mesh or bundle; its values are tensors, strings, numbers and lists of them.

    Raises:
        FileNotFoundError: If the folder does not exist.
        TypeError: If a value has another type.
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
    """Read a file of ``save_bundle`` or ``gaugenet preprocess``. No pickled code is run.

    Args:
        path: File to read.

    Returns:
        The mesh with all that was saved with it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or no bundle.
    """
    path = existing_file(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: not a bundle, or damaged ({error}); make it with gaugenet preprocess") from None
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{path}: not a file of {_FORMAT!r}; make it with gaugenet preprocess or save_bundle")
    return MeshData(**tensors, **json.loads(metadata["others"]))
