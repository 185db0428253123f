"""Differential operators of first order as layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.group import Group, Irrep
from gaugenet.kernel import Wave
from gaugenet.nn.convolution.jet import Jet
from gaugenet.nn.entry import enter
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import Decomposition, restrict

Rows = list[tuple[int, int]]  # each row is a row of another list of rows, by its place, times a sign


class CovariantDerivative(nn.Module):
    """Differentiate a field along its surface: nabla takes rho to rho (x) the vectors, here as irreps; linear, exact.

    A feature of order n is a complex number z. Of its covariant derivatives,

        D_+ z = (nabla_1 + i nabla_2) z  has the order n + 1,    D_- z = (nabla_1 - i nabla_2) z  the order n - 1,

    the spin-raising and -lowering operators (eth; Goldberg et al. 1967). Single numbers, real or, where they are odd,
    imaginary, have D_+ alone. Of finite groups the orders n - 1, n + 1 are those of O(2), restricted. Both are moments
    of a ``Jet``, which says how well they approximate. Values are per mesh unit: on a mesh c times as large, 1 / c.

    Args:
        rep: representation of the input. Of each block come the irreps of D_-, then those of D_+.
    """

    signs: tuple[int, ...] = (-1, 1)

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep_in = Representation(rep)
        group = self.rep_in.group
        self.rep_out = Representation((), group)
        self._waves: list[tuple[Wave, ...]] = []
        self._rows: list[Rows] = []
        for block in self.rep_in:
            waves: list[Wave] = []
            rows: Rows = []
            for sign in self._signs(block.irrep):
                found = restricted(block.order + sign, group)
                complex_rows = _complex_rows(block.irrep, sign)
                rows += [(len(waves) + complex_rows[p][0], s * complex_rows[p][1]) for p, s in _signed(found.basis)]
                waves += [Wave(sign if block.size == 2 else 1, part) for part in (0, 1)]
                self.rep_out = self.rep_out + found.rep * block.multiplicity
            self._waves.append(tuple(waves))
            self._rows.append(rows)

    def _signs(self, irrep: Irrep) -> tuple[int, ...]:
        return self.signs if irrep.size == 2 or len(self.signs) == 1 else (1,)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Differentiate ``x (V, rep_in.dim)``; ``at`` is the level's stencil, or data with a bundle (level 0)."""
        return full_precision(self._derivative, x, enter(self, x, at).jet())

    def _derivative(self, x: Tensor, jet: Jet) -> Tensor:
        parts = [x[:, :0]]
        for block, z, waves, rows in zip(self.rep_in, self.rep_in.split(x), self._waves, self._rows, strict=True):
            parts.append(_pick(jet.moments(z, block.irrep, waves), rows))
        return torch.cat(parts, dim=1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"


class Raise(CovariantDerivative):
    """Raise orders by one, n to n + 1: D_+ of ``CovariantDerivative``.

    Of order 0 it is the gradient; of "0o", which it takes times i, the rotated gradient (-nabla_2, nabla_1).
    """

    signs = (1,)


class Lower(CovariantDerivative):
    """Lower orders by one, n to n - 1: D_- of ``CovariantDerivative``. Of order 1 it is divergence + i curl.

    Raises:
        ValueError: for a representation with order 0, which nothing lies below.
    """

    signs = (-1,)

    def __init__(self, rep: Representation | str) -> None:
        rep = Representation(rep)
        if 0 in rep.orders:
            raise ValueError(f"Lower expects orders >= 1, got {rep}: take the orders 0 out")
        super().__init__(rep)


class Gradient(Raise):
    """Take the gradient of invariants, vectors of order 1: (nabla_1 f, nabla_2 f) [1 / mesh unit].

    Args:
        rep: C invariants. For groups without an irrep of order 1 that is a pair, a vector is the irreps of its two
            components: ``"trivial: 2x0"``, ``"D1: 1x0e + 1x0o"``.
    """

    def __init__(self, rep: Representation | str) -> None:
        rep = Representation(rep)
        channels = rep.num_invariants
        if rep.terms != Representation.invariants(channels, rep.group).terms:
            raise ValueError(f"Gradient expects invariants in one block, got {rep}: use Raise or CovariantDerivative")
        super().__init__(rep)


class Divergence(nn.Module):
    """Take the divergence of vectors, div v = nabla_1 v_1 + nabla_2 v_2 [1 / mesh unit], invariants.

    Args:
        rep: C vectors, as ``Gradient`` makes them: ``"3x1"``, ``"trivial: 6x0"``.
    """

    odd = False

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep_in = Representation(rep)
        group = self.rep_in.group
        vector = restricted(1, group)
        channels = self.rep_in.dim // 2
        if self.rep_in.terms != (vector.rep * channels).terms:
            raise ValueError(f"{type(self).__name__} expects vectors, such as {vector.rep * 3}, got {self.rep_in}")
        parity = "" if not group.reflections else "o" if self.odd else "e"
        self.rep_out = Representation(((channels, group.irrep(0, parity)),), group)
        self.lower = Lower(Representation(((channels, 1),), "O2"))
        self._rows = _signed(vector.basis.T)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Return ``(V, C)`` of ``x (V, rep_in.dim)``; ``at`` as for ``CovariantDerivative``."""
        level = enter(self, x, at)
        vectors = _pick(x.unflatten(1, (2, self.rep_out.dim)), self._rows)
        return self.lower(vectors, level).unflatten(1, (2, self.rep_out.dim))[:, int(self.odd)]

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"


class Curl(Divergence):
    """Take the curl of vectors, curl v = nabla_1 v_2 - nabla_2 v_1 [1 / mesh unit]: odd under reflections, "0o".

    Args:
        rep: as for ``Divergence``.
    """

    odd = True


def restricted(order: int, group: Group) -> Decomposition:
    """Return how a pair (Re, Im) of an order of O(2) decomposes in a subgroup; of order 0 it is "0e", "0o"."""
    with torch.device("cpu"):  # whatever device a layer is built on
        return restrict(f"O2: 1x{order}" if order else "O2: 1x0e + 1x0o", group)


def _complex_rows(irrep: Irrep, sign: int) -> Rows:
    """Return real and imaginary part of D_+ or D_- among the two moments of an irrep with the frequency ``sign``.

    Of a single number x the moments are sums c cos and c sin, so that those of x are (c cos, +-c sin), those of i x,
    where it is odd, (-+c sin, c cos).
    """
    if irrep.size == 2:
        return [(0, 1), (1, 1)]
    return [(1, -sign), (0, 1)] if irrep.parity == "o" else [(0, 1), (1, sign)]


def _signed(matrix: Tensor) -> Rows:
    """Return which entry of each row is 1 or -1, the others being 0."""
    assert (matrix.abs().sort(dim=1).values[:, :-1].sum() == 0) and (matrix.abs().amax(1) == 1).all()
    places = matrix.abs().argmax(1)
    return [(place, int(row[place])) for place, row in zip(places.tolist(), matrix, strict=True)]


def _pick(values: Tensor, rows: Rows) -> Tensor:
    """Return rows of ``(V, rows, C)``, with signs, as features ``(V, len(rows) * C)``."""
    return torch.cat([values[:, place] if sign > 0 else -values[:, place] for place, sign in rows], dim=1)
