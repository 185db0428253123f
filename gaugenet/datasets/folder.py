"""A user's own folder of labelled meshes, or of meshes in classes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gaugenet.datasets.mesh_dataset import MeshDataset, Transform, check_split, part, spread, with_class
from gaugenet.io.file import errors_of
from gaugenet.io.label_file import LABEL_SUFFIXES, read_labels
from gaugenet.io.labels import Labels, column_labels, unify_names
from gaugenet.io.mesh_file import read_mesh, to_data
from gaugenet.io.polygon_file import mesh_suffixes, read_polygons
from gaugenet.io.polygon_mesh import PolygonMesh


class LabelledFolder(MeshDataset):
    """Read a folder of meshes with labels.

    The labels of ``hand.off`` are in ``hand_labels.txt``, ``hand.txt``, ``hand.seg`` or ``hand.npy``. A PLY file may
    hold its labels itself; a label file beside it takes precedence. Label names are those of the whole folder, whatever
    the split. Names of meshes are sorted, numbers in them as numbers. Meshes for testing are spread evenly over this
    order, so that the same folder always gives the same split.

    Args:
        root: The folder; folders inside it are not searched.
        split: "train", "test" or "all".
        test_fraction: Share of the meshes for testing, at least one mesh.
        test: Names of the meshes for testing, without suffix, instead of ``test_fraction``.
        transform: Applied to a copy of a mesh at each access.
        pre_transform: Applied to each mesh once, at its first access.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If the split is unknown or empty, a mesh has no labels or several label files, or a file is
            unreadable.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        test_fraction: float = 0.2,
        test: Sequence[str] | None = None,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        check_split(split, ("train", "test", "all"))
        paths = mesh_paths(Path(root))
        held = _test_names(list(paths), test_fraction, test)
        names = [name for name in paths if split == "all" or (name in held) == (split == "test")]
        if not names:
            raise ValueError(f"{root}: split {split!r} is empty: the folder has {len(paths)} meshes; add some")
        read = {name: _read(path) for name, path in paths.items()}
        example = {labels.where: path for path, (_, labels) in zip(paths.values(), read.values())}
        if len(example) > 1:
            one, two = example["vertex"], example["face"]
            raise ValueError(f"{one} has vertex labels, {two} has face labels; expected one kind in a folder")
        label_names = unify_names(labels for _, labels in read.values())
        meshes = [to_data(mesh, [labels.renamed(label_names)]) for mesh, labels in (read[name] for name in names)]
        self.where, self.split = next(iter(example)), split
        super().__init__(meshes, names, label_names, transform, pre_transform)


class ClassFolder(MeshDataset):
    """Read a folder with one folder of meshes for each class.

    ``y`` (1,) of a shape is its class, an index into the sorted names of the folders. The meshes of a class for testing
    are spread evenly over its sorted names, so that the same folder always gives the same split. Those for validation
    are spread evenly over the others.

    Args:
        root: The folder.
        split: "train", "validation", "test" or "all".
        test_fraction: Share of the meshes of a class for testing, at least one.
        validation: Number of meshes of each class held back for validation.
        transform: Applied to a copy of a mesh at each access.
        pre_transform: Applied to each mesh once, at its first access.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If there are fewer than two classes, or a class has no mesh in the split.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        test_fraction: float = 0.2,
        validation: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        check_split(split)
        if not Path(root).is_dir():
            raise FileNotFoundError(f"{root}: no such folder; expected one with a folder of meshes for each class")
        folders = sorted(path for path in Path(root).iterdir() if path.is_dir() and not path.name.startswith("."))
        if len(folders) < 2:
            raise ValueError(f"{root}: expected a folder of meshes for each of two classes or more, got {len(folders)}")
        meshes, names = [], []
        for number, folder in enumerate(folders):
            paths = list(mesh_paths(folder).items())
            test = _test_indices(len(paths), test_fraction)
            others = [k for k in range(len(paths)) if k not in test]
            held = [others[k] for k in spread(len(others), min(validation, len(others)))]
            order = [k for k in others if k not in held] + held + test
            for k in sorted(part(str(folder), order, split, len(others), validation)):
                name, path = paths[k]
                names.append(f"{folder.name}/{name}")
                meshes.append(with_class(read_mesh(path), number))
        super().__init__(meshes, names, [folder.name for folder in folders], transform, pre_transform)


def mesh_paths(root: Path) -> dict[str, Path]:
    """Return the mesh files of a folder by name, sorted, numbers in names as numbers.

    Args:
        root: The folder.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it has no mesh, or two with one name.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected a folder of meshes with labels beside them")
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() in mesh_suffixes() and path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise ValueError(f"{root}: {found[path.stem].name} and {path.name} have one name; rename one")
            found[path.stem] = path
    if not found:
        raise ValueError(f"{root}: holds no mesh; expected files {', '.join(sorted(mesh_suffixes()))}")
    return dict(sorted(found.items(), key=lambda item: [(w.zfill(20), w) for w in re.findall(r"\d+|\D+", item[0])]))


def _test_names(names: list[str], fraction: float, test: Sequence[str] | None) -> set[str]:
    if test is None:
        return {names[k] for k in _test_indices(len(names), fraction)}
    unknown = sorted(set(test) - set(names))
    if unknown:
        raise ValueError(f"{len(unknown)} test names are not in the folder (e.g. {unknown[0]!r}); drop the suffix?")
    return set(test)


def _test_indices(count: int, fraction: float) -> list[int]:
    if not 0 < fraction < 1:
        raise ValueError(f"test_fraction must be between 0 and 1, got {fraction}")
    return spread(count, max(1, round(fraction * count)))


def _read(path: Path) -> tuple[PolygonMesh, Labels]:
    """Read a mesh with its labels, those of the file beside it if there is one."""
    mesh = read_polygons(path)
    with errors_of(path):
        inside = column_labels(mesh)
    beside = [label for suffix in LABEL_SUFFIXES if (label := path.with_name(path.stem + suffix)).is_file()]
    if len(beside) > 1:
        raise ValueError(f"{path}: labels in both {beside[0].name} and {beside[1].name}; keep one")
    if beside:
        return mesh, read_labels(beside[0], len(mesh.pos), len(mesh.face))
    if not inside:
        hint = ", or a property label in it" if path.suffix.lower() == ".ply" else ""
        raise ValueError(f"{path}: no labels; expected {path.stem}_labels.txt, .txt, .seg or .npy beside it{hint}")
    return mesh, inside[-1]
