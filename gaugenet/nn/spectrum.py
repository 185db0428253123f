"""The spectrum of a level: the modes in which fields diffuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.group import Group, Irrep
from gaugenet.nn.shapes import Shapes


@dataclass(frozen=True)
class Modes:
    """Modes of the sections of an irrep on one shape, in units of its area A.

    They are orthonormal: field^T (share * field) = 1, or 0 for a mode that the shape lacks.

    Attributes:
        value: ``(K,)`` eigenvalues times A.
        field: ``(V * size, K)`` eigenfields times sqrt(A), the components of a vertex one below the other.
        share: ``(V * size, 1)`` areas over A.
    """

    value: Tensor
    field: Tensor
    share: Tensor


class Spectrum:
    """Modes of the connection Laplacian on a level, of every irrep that ``ConnectionSpectrum`` added.

    Args:
        find: Returns eigenvalues ``(B, K)`` [1 / mesh unit squared] and eigenfields ``(V, size, K)`` of an irrep by
            its order and parity, such as "1" or "0e", or None.
        shapes: Shapes that the vertices belong to.
        group: Structure group of the transport.
    """

    def __init__(self, find: Callable[[str], tuple[Tensor, Tensor] | None], shapes: Shapes, group: Group) -> None:
        self.shapes, self.group = shapes, group
        self._find = find
        self._cache: dict[tuple[int, str, int, torch.dtype], list[Modes]] = {}

    def modes(self, irrep: Irrep, dtype: torch.dtype) -> list[Modes]:
        """Return the modes of an irrep on each shape.

        Args:
            irrep: The irrep.
            dtype: Precision of the modes.

        Returns:
            Modes of each shape of the batch.

        Raises:
            ValueError: If there are no modes of this irrep.
        """
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._cache:
            found = self._find(f"{irrep.order}{irrep.parity}")  # compiled, str(irrep) is not a constant
            if found is None or found[1].shape[1] != irrep.size:
                raise ValueError(
                    f"the data have no eigenfields of the irrep {irrep} with {irrep.size} components at this level: "
                    "apply ConnectionSpectrum with this order and level, and with the group of the layer"
                )
            value, field = found
            total, shapes = self.shapes.total, self.shapes
            share = shapes.share[:, None].expand(-1, irrep.size)
            field = field * shapes.at_vertices(total).sqrt()[:, None, None]
            self._cache[key] = [
                Modes(v.to(dtype), f.flatten(0, 1).to(dtype), s.reshape(-1, 1).to(dtype))
                for v, f, s in zip((value * total[:, None]).unbind(0), shapes.split(field), shapes.split(share))
            ]
        return self._cache[key]
