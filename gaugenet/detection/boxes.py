"""Oriented boxes on a surface, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from gaugenet.group import Elements


@dataclass(frozen=True)
class Boxes:
    """N objects on a surface: class, centre, direction and size (Gerken et al. 2021, on object detection).

    A box is what the exponential map at its centre makes of a rectangle of the tangent plane: the points with normal
    coordinates |x| <= a along its direction and |y| <= b across. A change of gauge or an isometry leaves extents and
    class as they are; offset and direction are quantities of order 1 in the frame of the vertex. A half turn leaves the
    rectangle the same: whether it makes another object depends on the class.

    Attributes:
        vertex: ``(N,)`` int64, a vertex of the bundle near the centre.
        offset: ``(N, 2)`` [mesh unit], the log map of the centre, as a vector in the frame of the vertex.
        angle: ``(N,)`` [rad] of the direction in that frame, transported to the centre along the offset.
        extent: ``(N, 2)`` [mesh unit] half lengths a along and b across the direction, > 0.
        label: ``(N,)`` int64 >= 0, classes.
        score: ``(N,)`` scores; those of true boxes mean nothing.

    Raises:
        ValueError: For other shapes and types, numbers that are not finite, and extents that are not positive.
    """

    vertex: Tensor
    offset: Tensor
    angle: Tensor
    extent: Tensor
    label: Tensor
    score: Tensor

    def __post_init__(self) -> None:
        size = self.vertex.shape[0] if self.vertex.dim() else 0
        shapes = {"offset": (size, 2), "extent": (size, 2)}
        for name, value in self._columns().items():
            shape = shapes.get(name, (size,))
            if tuple(value.shape) != shape:
                raise ValueError(f"Boxes expects {name} {shape}, one a vertex, got {tuple(value.shape)}: reshape it")
            if name in ("vertex", "label"):
                if value.dtype != torch.int64 or (size and int(value.min()) < 0):
                    raise ValueError(
                        f"Boxes expects {name} int64 >= 0, got {value.dtype}{_range(value)}: number from 0"
                    )
            elif not value.is_floating_point() or not bool(value.isfinite().all()):
                raise ValueError(f"Boxes expects {name} floating point and finite, got {value.dtype}{_range(value)}")
        if size and not float(self.extent.min()) > 0:
            raise ValueError(f"Boxes expects extents > 0, got {float(self.extent.min()):g}: drop boxes without a size")

    @staticmethod
    def at_vertices(vertex: Tensor, angle: Tensor, extent: Tensor, label: Tensor, score: Tensor | None = None) -> Boxes:
        """Return boxes whose centres are vertices.

        Args:
            vertex: ``(N,)`` int64.
            angle: ``(N,)`` [rad] of the directions.
            extent: ``(N, 2)`` [mesh unit].
            label: ``(N,)`` int64.
            score: ``(N,)``, by default 1.
        """
        return Boxes(
            vertex, torch.zeros_like(extent), angle, extent, label, torch.ones_like(angle) if score is None else score
        )

    @staticmethod
    def joined(parts: Sequence[Boxes]) -> Boxes:
        """Return the boxes of several lists on one bundle; of none, no boxes.

        Args:
            parts: Lists of boxes.
        """
        if not parts:
            none = torch.empty(0, dtype=torch.float64)
            return Boxes.at_vertices(none.long(), none, none.reshape(0, 2), none.long())
        columns = [part._columns() for part in parts]
        return Boxes(**{name: torch.cat([one[name] for one in columns]) for name in columns[0]})

    def __len__(self) -> int:
        return len(self.vertex)

    def __getitem__(self, index: Any) -> Boxes:
        """Return the boxes of an index, a slice, or a tensor of numbers or bool."""
        rows = torch.arange(len(self), device=self.vertex.device)[index].reshape(-1)
        return Boxes(**{name: value[rows] for name, value in self._columns().items()})

    def change_gauge(self, at: Elements | Tensor) -> Boxes:
        """Return the same boxes written in changed frames, as ``gaugenet.change_gauge`` changes the bundle.

        Components become h^-1 times those before.

        Args:
            at: Elements h ``(V,)``, or angles ``(V,)`` [rad], of all vertices of the bundle.
        """
        back = (at if isinstance(at, Elements) else Elements.rotations(at))[self.vertex].inverse()
        return self._replaced(offset=applied(back, self.offset), angle=back.angle + back.sign * self.angle)

    def moved(self, vertex: Tensor, offset: Tensor, angle: Tensor) -> Boxes:
        """Return boxes of the same classes, sizes and scores elsewhere.

        Args:
            vertex: ``(N,)`` int64.
            offset: ``(N, 2)`` [mesh unit].
            angle: ``(N,)`` [rad].
        """
        return self._replaced(vertex=vertex, offset=offset, angle=angle)

    def scaled(self, factor: float) -> Boxes:
        """Return the boxes of a surface that is larger by a factor.

        Args:
            factor: Ratio of lengths.
        """
        return self._replaced(offset=factor * self.offset, extent=factor * self.extent)

    def _replaced(self, **changed: Tensor) -> Boxes:
        return Boxes(**{**self._columns(), **changed})

    def _columns(self) -> dict[str, Tensor]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


def applied(at: Elements, vector: Tensor) -> Tensor:
    """Return g v for elements g of O(2), ``(N, 2)``.

    Args:
        at: ``(N,)`` elements.
        vector: ``(N, 2)`` vectors.
    """
    cos, sin = torch.cos(at.angle), torch.sin(at.angle)
    x, y = vector[:, 0], at.sign * vector[:, 1]
    return torch.stack([cos * x - sin * y, sin * x + cos * y], dim=1)


def _range(value: Tensor) -> str:
    return f" in {value.min():g}..{value.max():g}" if value.numel() else ""
