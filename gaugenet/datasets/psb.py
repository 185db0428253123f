"""The labelled Princeton Segmentation Benchmark."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.io.file import read_bytes
from gaugenet.io.labels import block_names, parse_blocks
from gaugenet.io.off import parse_off
from gaugenet.io.read import mesh_data

_FOLDER = "LabeledDB_new"
_SHAPES, _TRAIN = 20, 12


class PSB(MeshDataset):
    """Read one category of the labelled Princeton Segmentation Benchmark: 20 meshes with one label a face.

    With the ids of a category sorted as numbers, the first 12 are for training and the last 8 for testing. The labels
    of a category are its sorted names; not every shape has all of them.

    Chen, Golovinskiy & Funkhouser 2009, "A Benchmark for 3D Mesh Segmentation" (meshes); Kalogerakis, Hertzmann &
    Singh 2010, "Learning 3D Mesh Segmentation and Labeling" (labels).

    Args:
        root: the folder LabeledDB_new, the archive LabeledDB_new.zip, or a folder that holds either; it stays as it is.
        category: such as "Human"; see `psb_categories`.
        split: "train", "validation" or "test".
        validation: how many of the 12 training shapes, the last ones, are kept for choosing settings.
        transform, pre_transform: as in PyG.

    Raises:
        FileNotFoundError: no benchmark at `root`.
        ValueError: an unknown category or split, or an incomplete or broken file.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        category: str,
        split: str = "train",
        validation: int = 0,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
    ) -> None:
        if not 0 <= validation < _TRAIN:
            raise ValueError(f"validation must be 0 to {_TRAIN - 1} of the {_TRAIN} training shapes, got {validation}")
        parts = {
            "train": slice(0, _TRAIN - validation),
            "validation": slice(_TRAIN - validation, _TRAIN),
            "test": slice(_TRAIN, _SHAPES),
        }
        if split not in parts or (split == "validation" and validation == 0):
            raise ValueError(f"split must be train, test or, with validation > 0, validation; got {split!r}")
        with _open(root) as (read, names):
            categories = _categories(names)
            if category not in categories:
                raise ValueError(f"category must be one of {', '.join(categories)}; got {category!r}")
            ids = sorted(int(found[1]) for name in names if (found := re.fullmatch(rf"{category}/(\d+)\.off", name)))
            if len(ids) != _SHAPES:
                raise ValueError(f"{root}: {category} has {len(ids)} shapes, expected {_SHAPES}; unpack it again")
            try:
                texts = {i: read(f"{category}/{i}_labels.txt").decode() for i in ids}
            except (KeyError, FileNotFoundError):
                raise ValueError(f"{root}: {category} has shapes without labels; unpack it again") from None
            label_names = sorted({name for text in texts.values() for name in block_names(text)})
            meshes = []
            for i in ids[parts[split]]:
                try:
                    file = f"{i}.off"
                    data = mesh_data(parse_off(read(f"{category}/{file}")))
                    file = f"{i}_labels.txt"
                    parse_blocks(texts[i], data.face.size(1)).renamed(label_names).add_to(data)
                except ValueError as error:
                    raise ValueError(f"{root}: {category}/{file}: {error}") from None
                meshes.append(data)
        self.category, self.split = category, split
        super().__init__(meshes, [str(i) for i in ids[parts[split]]], label_names, transform, pre_transform)


def psb_categories(root: str | os.PathLike[str]) -> list[str]:
    """Return the categories of the benchmark at `root`, in alphabetical order.

    Raises:
        FileNotFoundError: no benchmark at `root`.
    """
    with _open(root) as (_, names):
        return _categories(names)


def _categories(names: list[str]) -> list[str]:
    return sorted({name.partition("/")[0] for name in names})


@contextmanager
def _open(root: str | os.PathLike[str]) -> Iterator[tuple[Callable[[str], bytes], list[str]]]:
    """Give a function that reads a file of the benchmark, and the names `<category>/<id>.off` of its meshes."""
    root = Path(root)
    folder = next((path for path in (root, root / _FOLDER) if any(path.glob("*/*_labels.txt"))), None)
    archive = next((path for path in (root, root / f"{_FOLDER}.zip") if zipfile.is_zipfile(path)), None)
    if folder is not None:
        yield lambda name: read_bytes(folder / name), [p.relative_to(folder).as_posix() for p in folder.glob("*/*.off")]
    elif archive is not None:
        with zipfile.ZipFile(archive) as file:
            inside = re.compile(rf"(?:.*/)?{_FOLDER}/([^/]+/\d+(?:\.off|_labels\.txt))")
            members = {found[1]: name for name in file.namelist() if (found := inside.fullmatch(name))}
            yield lambda name: _unpack(file, members[name]), [name for name in members if name.endswith(".off")]
    else:
        raise FileNotFoundError(
            f"{root}: no labelled Princeton benchmark here; get labeledDb.7z from "
            f"https://people.cs.umass.edu/~kalo/papers/LabelMeshes/ and put its folder {_FOLDER} into this folder"
        )


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{archive.filename}: {name} is damaged ({error}); get the archive again") from None
