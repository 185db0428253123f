"""Elements of O(2)."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

import torch
from torch import Tensor

Index = int | slice | EllipsisType | Tensor | None


@dataclass(frozen=True)
class Elements:
    """Elements R(angle) F^flip of O(2): F = diag(1, -1) reverses the second frame axis, then R(angle) rotates.

    Attributes:
        angle: ``(...)`` [rad], counter-clockwise.
        flip: ``(...)`` bool.
    """

    angle: Tensor
    flip: Tensor

    @staticmethod
    def rotations(angle: Tensor) -> Elements:
        """Return rotations.

        Args:
            angle: ``(...)`` [rad].
        """
        return Elements(angle, torch.zeros_like(angle, dtype=torch.bool))

    @staticmethod
    def of(angle: Tensor, flip: Tensor | None) -> Elements:
        """Return elements; rotations where no flips are given.

        Args:
            angle: ``(...)`` [rad].
            flip: ``(...)`` bool, or None for rotations.
        """
        return Elements.rotations(angle) if flip is None else Elements(angle, flip)

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Elements:
        return Elements(self.angle[index], self.flip[index])

    @property
    def sign(self) -> Tensor:
        """The determinants ``(...)``, 1 or -1, in the precision of the angles."""
        return 1 - 2 * self.flip.to(self.angle.dtype)

    def __matmul__(self, other: Elements) -> Elements:
        """Return the products R(a) F^s R(b) F^t = R(a + (-1)^s b) F^(s + t)."""
        return Elements(self.angle + self.sign * other.angle, self.flip ^ other.flip)

    def inverse(self) -> Elements:
        """Return the inverses. Reflections are their own inverses."""
        return Elements(-self.sign * self.angle, self.flip)

    def to(self, device: torch.device | str) -> Elements:
        """Return the elements on another device.

        Args:
            device: Device to move to.
        """
        return Elements(self.angle.to(device), self.flip.to(device))
