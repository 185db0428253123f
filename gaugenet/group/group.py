"""Structure groups as values, and their irreducible representations."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.group.elements import Elements

_NAME = re.compile(r"(?:(SO|O)(?:2|\(2\)))|(?:([CD])_?([1-9]\d*))|(trivial)")


@dataclass(frozen=True)
class Irrep:
    """A real irreducible representation: rotations by alpha act as rotations by ``order`` times alpha.

    Written ``"2"``. Where an order has two one-dimensional irreps, ``e`` marks the one that is even under F and ``o``
    the odd one: ``"0o"``.

    Attributes:
        order: Order n >= 0.
        parity: "", "e" or "o".
        size: Dimension, 1 or 2.
        commutant: Dimension of the space of matrices that commute with it; 2 where a pair is one complex number.
    """

    order: int
    parity: str
    size: int
    commutant: int

    def __str__(self) -> str:
        return f"{self.order}{self.parity}"

    @property
    def trivial(self) -> bool:
        """Whether all elements act as the identity: "0" or "0e"."""
        return self.order == 0 and self.parity != "o"

    def matrix(self, at: Elements) -> Tensor:
        """Return rho(g) as orthogonal matrices.

        A pair has R(n a) diag(1, (-1)^s) at R(a) F^s. A one-dimensional irrep is the first (even) or second (odd)
        diagonal entry of that matrix.

        Args:
            at: Elements g ``(...)``.

        Returns:
            Matrices ``(..., size, size)``.
        """
        cos, sin, sign = torch.cos(self.order * at.angle), torch.sin(self.order * at.angle), at.sign
        if self.size == 1:
            return (cos * sign if self.parity == "o" else cos)[..., None, None]
        return torch.stack([torch.stack([cos, -sign * sin], -1), torch.stack([sin, sign * cos], -1)], -2)

    def character(self, at: Elements) -> Tensor:
        """Return the traces of rho(g).

        Args:
            at: Elements g ``(...)``.

        Returns:
            Traces ``(...)``.
        """
        return self.matrix(at).diagonal(dim1=-2, dim2=-1).sum(-1)


@dataclass(frozen=True)
class Group:
    """A closed subgroup of O(2), the allowed changes of frame: ``"SO2"``, ``"O2"``, ``"C4"``, ``"D4"``, ``"trivial"``.

    C_N has the rotations by multiples of 2 pi / N; D_N adds their products with F, 2 N elements in all; "trivial" is
    C_1. The spellings ``"SO(2)"`` and ``"C_4"`` are read too.

    Args:
        name: Name of the group, or a group.

    Attributes:
        rotations: N, or None where every angle is allowed.
        reflections: Whether the group contains F.

    Raises:
        ValueError: If the name is not that of a group.
    """

    rotations: int | None
    reflections: bool

    def __init__(self, name: str | Group) -> None:
        if isinstance(name, Group):
            name = str(name)
        match = _NAME.fullmatch(name.strip())
        if match is None:
            raise ValueError(
                f'cannot read "{name}" as a group: expected SO2, O2, trivial, or C or D with a number, such as C4'
            )
        continuous, finite, count, _ = match.groups()
        object.__setattr__(self, "rotations", None if continuous else int(count or 1))
        object.__setattr__(self, "reflections", continuous == "O" or finite == "D")

    def __str__(self) -> str:
        if self.rotations is None:
            return "O2" if self.reflections else "SO2"
        if self.rotations == 1 and not self.reflections:
            return "trivial"
        return f"{'D' if self.reflections else 'C'}{self.rotations}"

    def __repr__(self) -> str:
        return f'Group("{self}")'

    def __le__(self, other: Group) -> bool:
        """Return whether this is a subgroup of ``other``."""
        if self.reflections and not other.reflections:
            return False
        if other.rotations is None:
            return True
        return self.rotations is not None and other.rotations % self.rotations == 0

    def irrep(self, order: int, parity: str = "") -> Irrep:
        """Return an irrep.

        Args:
            order: Order n >= 0.
            parity: "e" or "o" where the order has two irreps, otherwise "".

        Raises:
            ValueError: If the group has no irrep of this order and parity.
        """
        most = math.inf if self.rotations is None else self.rotations // 2
        if not 0 <= order <= most:
            raise ValueError(f"irreps of {self} have orders 0 to {most}, got {order}")
        parities = self._parities(order)
        if parity not in parities:
            written = " or ".join(f"{order}{one}" for one in parities)
            raise ValueError(f'irreps of order {order} of {self} are written {written}, got "{order}{parity}"')
        size = 1 if self._single(order) else 2
        return Irrep(order, parity, size, 1 if self.reflections else size)

    def irreps(self, highest: int | None = None) -> tuple[Irrep, ...]:
        """Return the irreps, orders ascending.

        Args:
            highest: Highest order; by default all, which only a finite group allows.

        Raises:
            ValueError: If the group is continuous and ``highest`` is missing.
        """
        if highest is None or self.rotations is not None:
            most = self._finite("pass the highest order of its irreps") // 2
            highest = most if highest is None else min(highest, most)
        return tuple(self.irrep(order, parity) for order in range(highest + 1) for parity in self._parities(order))

    @property
    def trivial_irrep(self) -> Irrep:
        """The irrep of invariants."""
        return self.irrep(0, self._parities(0)[0])

    def generators(self) -> Elements:
        """Return elements ``(G,)`` that generate the group (SO(2) and O(2): together with all rotations)."""
        angle, flip = [], []
        if self.rotations is not None and self.rotations > 1:
            angle, flip = [2 * math.pi / self.rotations], [False]
        if self.reflections:
            angle, flip = [*angle, 0.0], [*flip, True]
        return Elements(torch.tensor(angle, dtype=torch.float64), torch.tensor(flip, dtype=torch.bool))

    def sampled(self, order: int) -> Group:
        """Return a finite subgroup on which the irreps up to an order stay irreducible and distinct.

        Args:
            order: Highest order.

        Returns:
            The group itself if it is finite.
        """
        return self if self.rotations is not None else Group(f"{'D' if self.reflections else 'C'}{2 * order + 1}")

    def elements(self, device: torch.device | str | None = None) -> Elements:
        """Return all elements of a finite group, rotations first, then reflections.

        Args:
            device: Device of the result.

        Returns:
            Elements ``(N,)`` or ``(2 N,)``, float64.

        Raises:
            ValueError: If the group is continuous.
        """
        count = self._finite("its elements cannot be listed")
        angle = torch.arange(count, dtype=torch.float64, device=device) * (2 * math.pi / count)
        flip = torch.arange(1 + self.reflections, device=device) == 1
        return Elements(angle.repeat(len(flip)), flip.repeat_interleave(count))

    def random(self, *shape: int, generator: torch.Generator | None = None) -> Elements:
        """Return independent random elements, distributed by the Haar measure.

        Args:
            *shape: Shape of the result.
            generator: Source of randomness.

        Returns:
            Elements ``(*shape)``, float64.
        """
        turn = torch.rand(*shape, generator=generator, dtype=torch.float64)
        if self.rotations is not None:
            turn = (turn * self.rotations).floor() / self.rotations
        flip = torch.rand(*shape, generator=generator, dtype=torch.float64) < 0.5
        return Elements(2 * math.pi * turn, flip if self.reflections else torch.zeros_like(flip))

    def nearest(self, at: Elements) -> Elements:
        """Return the group elements nearest to elements of O(2) with the same determinants.

        Args:
            at: Elements ``(...)`` of O(2).

        Raises:
            ValueError: If there is a reflection and the group has none.
        """
        if not self.reflections and bool(at.flip.any()):
            raise ValueError(f"{self} has no reflections, got {int(at.flip.sum())}: use a group with them, such as O2")
        if self.rotations is None:
            return at
        step = 2 * math.pi / self.rotations
        return Elements((at.angle / step).round() * step, at.flip)

    def _single(self, order: int) -> bool:
        """Return whether irreps of this order are one-dimensional: rotations act as 1 or -1."""
        return order == 0 or 2 * order == self.rotations

    def _parities(self, order: int) -> tuple[str, ...]:
        return ("e", "o") if self._single(order) and self.reflections else ("",)

    def _finite(self, reason: str) -> int:
        if self.rotations is None:
            raise ValueError(f"{self} is not finite: {reason}")
        return self.rotations
