"""Elements of O(2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Elements:
    """Elements R(angle) F^flip of O(2): F turns the second axis of the frame round, then R rotates.

    Attributes:
        angle: ``(...)`` [rad], counter-clockwise. flip: ``(...)`` bool.
    """

    angle: Tensor
    flip: Tensor

    @staticmethod
    def rotations(angle: Tensor) -> Elements:
        """Return the rotations by angles ``(...)`` [rad]."""
        return Elements(angle, torch.zeros_like(angle, dtype=torch.bool))

    @staticmethod
    def of(angle: Tensor, flip: Tensor | None) -> Elements:
        """Return the elements of angles ``(...)`` [rad] and flips, or rotations where there are no flips."""
        return Elements.rotations(angle) if flip is None else Elements(angle, flip)

    def __getitem__(self, index: Any) -> Elements:
        return Elements(self.angle[index], self.flip[index])

    @property
    def sign(self) -> Tensor:
        """The determinants ``(...)``, 1 or -1, in the precision of the angles."""
        return 1 - 2 * self.flip.to(self.angle.dtype)

    def __matmul__(self, other: Elements) -> Elements:
        """Return the products R(a) F^s R(b) F^t = R(a + (-1)^s b) F^(s + t)."""
        return Elements(self.angle + self.sign * other.angle, self.flip ^ other.flip)

    def inverse(self) -> Elements:
        """Return the inverses: rotations turn back, reflections are their own."""
        return Elements(-self.sign * self.angle, self.flip)

    def to(self, device: torch.device | str) -> Elements:
        """Return the elements on another device."""
        return Elements(self.angle.to(device), self.flip.to(device))
