"""Labels of faces or vertices as indices into their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gaugenet.io.polygon_mesh import PolygonMesh

if TYPE_CHECKING:
    from torch import Tensor

# Names of columns with labels; the last two are those of CloudCompare.
LABEL_COLUMNS = ("label", "labels", "class", "segment", "part", "category", "scalar_label", "scalar_labels")


@dataclass(frozen=True, eq=False)
class Labels:
    """Hold one label for each face or vertex.

    Attributes:
        where: "face" or "vertex".
        label: (N,) int64, indices into ``names``; -1 is unlabelled.
        names: The labels that occur, sorted; as numbers if the file has numbers.
    """

    where: str
    label: np.ndarray
    names: list[str]

    def renamed(self, names: Sequence[str]) -> Labels:
        """Return the same labels as indices into other ``names``, which contain all of these."""
        number = [names.index(name) for name in self.names]
        return Labels(self.where, np.array([*number, -1], dtype=np.int64)[self.label], list(names))


def is_integer(word: str) -> bool:
    """Return whether a ``word`` is an integer.

    Args:
        word: Text without white space.
    """
    return word.removeprefix("-").isdecimal()


def unify_names(labels: Iterable[Labels]) -> list[str]:
    """Return all names of several labels, sorted; as numbers if all are numbers.

    Args:
        labels: Labels, each with its own names.
    """
    names = {name for one in labels for name in one.names}
    return sorted(names, key=int) if all(map(is_integer, names)) else sorted(names)


def encode(value: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Convert labels to indices into their sorted names.

    Args:
        value: (N,) words, or numbers; negative numbers and the word "-1" are unlabelled.

    Returns:
        Indices (N,) int64, -1 where unlabelled, and the names.

    Raises:
        ValueError: If a word is empty, or numbers are not whole.
    """
    if value.dtype.kind in "SU":
        words = value.astype(str)
        try:
            value = words.astype(np.float64)
        except ValueError:
            if (words == "").any():
                raise ValueError(f"line {np.argmax(words == '') + 1} is empty, expected a label") from None
            label, known = _indices(words, words != "-1")
            return label, [str(name) for name in known]
    if value.dtype.kind not in "iufb":
        raise ValueError(f"has labels of dtype {value.dtype}, expected integers or strings")
    number = value.astype(np.float64)
    if not (np.isfinite(number) & (np.round(number) == number)).all():
        raise ValueError("has labels that are not whole numbers")
    label, known = _indices(number, number >= 0)
    return label, [str(int(name)) for name in known]


def _indices(value: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, index = np.unique(value[labelled], return_inverse=True)
    label = np.full(len(value), -1, dtype=np.int64)
    label[labelled] = index
    return label, known


def column_labels(mesh: PolygonMesh) -> list[Labels]:
    """Return the labels among the columns of a mesh file: of vertices, of faces, or both.

    Args:
        mesh: Mesh as parsed.

    Returns:
        Labels that share their names.

    Raises:
        ValueError: If labels are not whole numbers.
    """
    found = []
    for where, columns in (("vertex", mesh.vertex_columns), ("face", mesh.polygon_columns)):
        named = {name.lower(): column for name, column in columns.items()}
        column = next((named[name] for name in LABEL_COLUMNS if name in named), None)
        if column is not None:
            found.append(Labels(where, *encode(column[mesh.polygon] if where == "face" else column)))
    names = unify_names(found)
    return [labels.renamed(names) for labels in found]


def corner_majority(label: Tensor, face: Tensor) -> Tensor:
    """Return the label that most corners of each face have, the smallest one where all differ.

    Args:
        label: (V,) integers, labels of vertices.
        face: (3, F), vertex indices.

    Returns:
        Labels of faces (F,).
    """
    return label[face].mode(dim=0).values
