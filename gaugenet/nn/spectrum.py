"""The spectrum of a level: the modes in which fields diffuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugenet.group import Irrep
from gaugenet.nn.shapes import Shapes
from gaugenet.nn.structure_group import check_group, group_of
from gaugenet.representation import Representation


@dataclass(frozen=True)
class Modes:
    """Modes of the sections of an irrep on one shape, in units of its area A.

    Attributes:
        value: ``(K,)`` eigenvalues times A. field: ``(V * size, K)`` eigenfields times sqrt(A), components of a vertex
            one below the other. share: ``(V * size, 1)`` areas over A. field^T (share * field) = 1, or 0 for a mode
            that the shape lacks.
    """

    value: Tensor
    field: Tensor
    share: Tensor


class Spectrum:
    """Modes of the connection Laplacian on a level, of every irrep that ``ConnectionSpectrum`` added.

    Build one a batch and level and hand it to all layers there.

    Args:
        data: a bundle, single or batched. level: the level.
    """

    def __init__(self, data: Any, level: int = 0) -> None:
        self.shapes, self.group = Shapes.from_data(data, level), group_of(data)
        self._data, self._level = data, level
        self._cache: dict[tuple[Any, ...], list[Modes]] = {}

    @classmethod
    def from_data(cls, data: Any, level: int = 0) -> Spectrum:
        """Read level ``level`` of a bundle, single or batched.

        Raises:
            ValueError: where the data carries no such level.
        """
        if getattr(data, f"area_{level}", None) is None:
            raise ValueError(
                f"the data has no bundle at level {level} (no area_{level}): apply the transforms "
                "gaugenet.FrameBundle, with enough levels, and ConnectionSpectrum first"
            )
        return cls(data, level)

    def check(self, rep: Representation, where: str) -> None:
        """Raise ValueError unless all transport acts on features of a representation."""
        check_group(self.group, rep, where)

    def modes(self, irrep: Irrep, dtype: torch.dtype) -> list[Modes]:
        """Return the modes of an irrep on each shape.

        Raises:
            ValueError: where there are none.
        """
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._cache:
            name = f"{irrep.order}{irrep.parity}_{self._level}"  # compiled, str(irrep) is not a constant
            field = getattr(self._data, f"eigenfield_{name}", None)
            if field is None or field.shape[1] != irrep.size:
                raise ValueError(
                    f"the data has no eigenfields of the irrep {irrep} at level {self._level} (no eigenfield_{name} of "
                    f"size {irrep.size}): apply ConnectionSpectrum with this order and level, and with the group of "
                    "the layer"
                )
            value = self._data[f"eigenvalue_{name}"]
            total, shapes = self.shapes.total, self.shapes
            share = shapes.share[:, None].expand(-1, irrep.size)
            field = field * shapes.at_vertices(total).sqrt()[:, None, None]
            self._cache[key] = [
                Modes(v.to(dtype), f.flatten(0, 1).to(dtype), s.reshape(-1, 1).to(dtype))
                for v, f, s in zip((value * total[:, None]).unbind(0), shapes.split(field), shapes.split(share))
            ]
        return self._cache[key]
