"""A user's own folder of labelled meshes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.io.labels import LABEL_SUFFIXES, Labels, read_labels, unify_names
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.polygon_file import MESH_SUFFIXES
from gaugenet.io.read import read_mesh


class LabelledFolder(MeshDataset):
    """Read a folder of meshes with labels beside them: `hand.off` with `hand_labels.txt`, `.txt`, `.seg` or `.npy`.

    A PLY file may hold its labels itself; a file beside it goes first. Label names are those of the whole folder,
    whatever the split. Names of meshes are sorted with their numbers as numbers; those for testing are spread evenly
    over this order, so the same folder always gives the same split.

    Args:
        root: the folder; folders inside it are not searched.
        split: "train", "test" or "all".
        test_fraction: share of the meshes for testing, at least one mesh; or
        test: the names of the meshes for testing, without suffix.
        transform, pre_transform: as in PyG.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: an unknown split, a mesh without labels or with several, or a file that cannot be read.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        test_fraction: float = 0.2,
        test: Sequence[str] | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
    ) -> None:
        if split not in ("train", "test", "all"):
            raise ValueError(f"split must be train, test or all; got {split!r}")
        meshes = mesh_paths(Path(root))
        chosen = {"all": set(meshes), "test": _test_names(list(meshes), test_fraction, test)}
        chosen["train"] = chosen["all"] - chosen["test"]
        if not chosen[split]:
            raise ValueError(f"{root}: split {split!r} is empty, for there are {len(meshes)} meshes; add some")
        read = {name: _read(path) for name, path in meshes.items()}
        places = {labels.where: path for path, (_, labels) in zip(meshes.values(), read.values())}
        if len(places) > 1:
            one, two = places["vertex"], places["face"]
            raise ValueError(f"{one} has vertex labels, {two} has face labels; expected one kind in a folder")
        label_names = unify_names(labels for _, labels in read.values())
        names = [name for name in meshes if name in chosen[split]]
        for data, labels in read.values():
            labels.renamed(label_names).add_to(data)
        self.where, self.split = next(iter(places)), split
        super().__init__([read[name][0] for name in names], names, label_names, transform, pre_transform)


def mesh_paths(root: Path) -> dict[str, Path]:
    """Return the mesh files of a folder by name, sorted with numbers as numbers."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected a folder of meshes with labels beside them")
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() in MESH_SUFFIXES and path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise ValueError(f"{root}: {found[path.stem].name} and {path.name} have one name; rename one")
            found[path.stem] = path
    if not found:
        raise ValueError(f"{root}: holds no mesh; expected files {', '.join(sorted(MESH_SUFFIXES))}")
    return dict(sorted(found.items(), key=lambda item: [(w.zfill(20), w) for w in re.findall(r"\d+|\D+", item[0])]))


def _test_names(names: list[str], fraction: float, test: Sequence[str] | None) -> set[str]:
    if test is not None:
        unknown = sorted(set(test) - set(names))
        if unknown:
            raise ValueError(f"{len(unknown)} test names are not in the folder (e.g. {unknown[0]!r}); drop the suffix?")
        return set(test)
    if not 0 < fraction < 1:
        raise ValueError(f"test_fraction must be between 0 and 1, got {fraction}")
    return {names[place] for place in spread(len(names), max(1, round(fraction * len(names))))}


def spread(count: int, number: int) -> list[int]:
    """Return ``number`` of the places 0 to count - 1, spread evenly over them."""
    return [math.floor((k + 0.5) * count / number) for k in range(number)]


def _read(path: Path) -> tuple[MeshData, Labels]:
    data = read_mesh(path)
    beside = [label for suffix in LABEL_SUFFIXES if (label := path.with_name(path.stem + suffix)).is_file()]
    if len(beside) > 1:
        raise ValueError(f"{path}: labels in both {beside[0].name} and {beside[1].name}; keep one")
    if not beside and not any(key in data for key in ("face_label", "vertex_label")):
        inside = ", or a property label in it" if path.suffix.lower() == ".ply" else ""
        raise ValueError(f"{path}: no labels; expected {path.stem}_labels.txt, .txt, .seg or .npy beside it{inside}")
    labels = read_labels(beside[0] if beside else path, data.pos.size(0), data.face.size(1))
    for key in ("face_label", "vertex_label"):  # a file beside goes first
        data.pop(key, None)
    return data, labels
