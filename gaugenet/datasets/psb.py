"""The labelled Princeton Segmentation Benchmark: meshes with labelled faces, and its categories as classes."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from gaugenet.datasets.mesh_dataset import MeshDataset, Transform, check_split, part, with_class
from gaugenet.io.file import errors_of, read_bytes
from gaugenet.io.label_file import block_names, parse_blocks
from gaugenet.io.mesh_file import to_data
from gaugenet.io.polygon_file import parse_off
from gaugenet.io.polygon_mesh import without_seams

_FOLDER = "LabeledDB_new"
_SHAPES, _TRAIN = 20, 12


class PSB(MeshDataset):
    """Read one category of the labelled Princeton Segmentation Benchmark: 20 meshes with one label for each face.

    The shapes are sorted by their numbers; the first 12 are for training and the last 8 for testing. The label names
    are those of the category, sorted; not every shape has all labels.

    Chen, Golovinskiy & Funkhouser 2009, "A Benchmark for 3D Mesh Segmentation" (meshes); Kalogerakis, Hertzmann &
    Singh 2010, "Learning 3D Mesh Segmentation and Labeling" (labels).

    Args:
        root: The folder LabeledDB_new, the archive LabeledDB_new.zip, or a folder that contains either. Nothing is
            written there.
        category: Such as "Human"; see ``psb_categories``.
        split: "train", "validation" or "test".
        validation: Number of the 12 training shapes, the last ones, that are held back for validation.
        transform: Applied to a copy of a mesh at each access.
        pre_transform: Applied to each mesh once, at its first access.

    Raises:
        FileNotFoundError: If there is no benchmark at ``root``.
        ValueError: If the category or split is unknown, or the benchmark is incomplete or damaged.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        category: str,
        split: str = "train",
        validation: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        if not 0 <= validation < _TRAIN:
            raise ValueError(f"validation must be 0 to {_TRAIN - 1} of the {_TRAIN} training shapes, got {validation}")
        if split not in ("train", "validation", "test") or (split == "validation" and validation == 0):
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
            ids, meshes = list(part(category, ids, split, _TRAIN, validation)), []
            for i in ids:
                with errors_of(f"{root}: {category}/{i}.off"):
                    mesh = without_seams(parse_off(read(f"{category}/{i}.off")))
                with errors_of(f"{root}: {category}/{i}_labels.txt"):
                    labels = parse_blocks(texts[i], len(mesh.face))
                meshes.append(to_data(mesh, [labels.renamed(label_names)]))
        self.category, self.split = category, split
        super().__init__(meshes, [str(i) for i in ids], label_names, transform, pre_transform)


class PSBShapes(MeshDataset):
    """Read all categories of the labelled Princeton Segmentation Benchmark as classes of shapes, 20 of each.

    ``y`` (1,) of a shape is its category. In each category the shapes for training are drawn at random, and the others
    are for testing.

    Args:
        root: As for ``PSB``.
        split: "train", "validation", "test" or "all".
        train: Number of shapes of each category for training, 1 to 19.
        seed: Seed of the draw.
        validation: Number of the training shapes of each category that are held back for validation.
        transform: Applied to a copy of a mesh at each access.
        pre_transform: Applied to each mesh once, at its first access.

    Raises:
        FileNotFoundError: If there is no benchmark at ``root``.
        ValueError: If the split is unknown or would be empty, or the benchmark is incomplete or damaged.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        train: int = 10,
        seed: int = 0,
        validation: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        check_split(split)
        meshes, names = [], []
        categories = psb_categories(root)
        for number, category in enumerate(categories):
            halves = [PSB(root, category, half) for half in ("train", "test")]
            shapes = [shape for half in halves for shape in zip(half.names, half)]
            generator = torch.Generator().manual_seed(1_009 * seed + number)
            order = torch.randperm(len(shapes), generator=generator).tolist()
            for k in sorted(part(category, order, split, train, validation)):
                name, mesh = shapes[k]
                names.append(f"{category}/{name}")
                meshes.append(with_class(mesh, number))
        super().__init__(meshes, names, categories, transform, pre_transform)


def psb_categories(root: str | os.PathLike[str]) -> list[str]:
    """Return the categories of the benchmark, in alphabetical order.

    Args:
        root: As for ``PSB``.

    Raises:
        FileNotFoundError: If there is no benchmark at ``root``.
    """
    with _open(root) as (_, names):
        return _categories(names)


def _categories(names: list[str]) -> list[str]:
    return sorted({name.partition("/")[0] for name in names})


@contextmanager
def _open(root: str | os.PathLike[str]) -> Iterator[tuple[Callable[[str], bytes], list[str]]]:
    """Yield a function that reads a file of the benchmark, and the names ``<category>/<id>.off`` of its meshes."""
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
