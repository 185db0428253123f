"""Differential operators of fields as layers: of first order, and Laplacians."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.group import Group, Irrep
from gaugenet.kernel import Wave
from gaugenet.nn.convolution.jet import Jet
from gaugenet.nn.entry import enter
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import Decomposition, restrict

Rows = list[tuple[int, int]]  # each row is a row of another list, by its index, times a sign


class CovariantDerivative(Layer):
    """Differentiate a field along its surface: nabla takes rho to rho (x) the vectors, here as irreps; linear, exact.

    A feature of order n is a complex number z. Its covariant derivatives are

        D_+ z = (nabla_1 + i nabla_2) z,  of order n + 1,    D_- z = (nabla_1 - i nabla_2) z,  of order n - 1,

    the spin-raising and -lowering operators (eth; Goldberg et al. 1967). Single numbers, real, or imaginary if they are
    odd, have only D_+. For finite groups the orders n - 1, n + 1 are those of O(2), restricted. Both are moments of a
    ``Jet``, where their accuracy is documented. Values are per mesh unit: on a mesh c times as large, 1 / c.

    Args:
        rep: Representation of the input. The output has, for each block, the irreps of D_-, then those of D_+.
    """

    signs: tuple[int, ...] = (-1, 1)

    def __init__(self, rep: Representation | str) -> None:
        group = Representation(rep).group
        super().__init__(rep, Representation((), group))
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
        """Differentiate a field.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        return full_precision(self._derivative, x, enter(self, x, at).jet())

    def _derivative(self, x: Tensor, jet: Jet) -> Tensor:
        parts = [x[:, :0]]
        for block, z, waves, rows in zip(self.rep_in, self.rep_in.split(x), self._waves, self._rows, strict=True):
            parts.append(_pick(jet.moments(z, block.irrep, waves), rows))
        return torch.cat(parts, dim=1)


class Raise(CovariantDerivative):
    """Raise orders by one, n to n + 1: D_+ of ``CovariantDerivative``.

    Of order 0 it is the gradient; of "0o", which is multiplied by i first, the rotated gradient (-nabla_2, nabla_1).
    """

    signs = (1,)


class Lower(CovariantDerivative):
    """Lower orders by one, n to n - 1: D_- of ``CovariantDerivative``. Of order 1 it is divergence + i curl.

    Args:
        rep: Representation of the input.

    Raises:
        ValueError: If ``rep`` has order 0, below which there is none.
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
        rep: Representation of C invariants. The output are vectors: for groups whose irrep of order 1 is no pair, the
            irreps of their two components, such as ``"trivial: 2x0"`` or ``"D1: 1x0e + 1x0o"``.

    Raises:
        ValueError: If ``rep`` has other irreps.
    """

    def __init__(self, rep: Representation | str) -> None:
        rep = Representation(rep)
        channels = rep.num_invariants
        if rep.terms != Representation.invariants(channels, rep.group).terms:
            raise ValueError(f"Gradient expects invariants in one block, got {rep}: use Raise or CovariantDerivative")
        super().__init__(rep)


class Divergence(Layer):
    """Take the divergence of vectors, div v = nabla_1 v_1 + nabla_2 v_2 [1 / mesh unit], invariants.

    Args:
        rep: Representation of C vectors, as ``Gradient`` returns them: ``"3x1"``, ``"trivial: 6x0"``.

    Raises:
        ValueError: If ``rep`` has other irreps.
    """

    odd = False

    def __init__(self, rep: Representation | str) -> None:
        rep = Representation(rep)
        group, channels = rep.group, rep.dim // 2
        vector = restricted(1, group)
        if rep.terms != (vector.rep * channels).terms:
            raise ValueError(f"{type(self).__name__} expects vectors, such as {vector.rep * 3}, got {rep}")
        parity = "" if not group.reflections else "o" if self.odd else "e"
        super().__init__(rep, Representation(((channels, group.irrep(0, parity)),), group))
        self.lower = Lower(Representation(((channels, 1),), "O2"))
        self._rows = _signed(vector.basis.T)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Differentiate vectors.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        level = enter(self, x, at)
        vectors = _pick(x.unflatten(1, (2, self.rep_out.dim)), self._rows)
        return self.lower(vectors, level).unflatten(1, (2, self.rep_out.dim))[:, int(self.odd)]


class Curl(Divergence):
    """Take the curl of vectors, curl v = nabla_1 v_2 - nabla_2 v_1 [1 / mesh unit]: odd under reflections, "0o".

    Args:
        rep: Representation of C vectors, as for ``Divergence``.
    """

    odd = True


KINDS = ("connection", "hodge")


class Laplacian(Layer):
    """Apply a Laplacian, as a positive operator [1 / mesh unit squared].

    "connection": nabla* nabla = -(nabla_1 nabla_1 + nabla_2 nabla_2) of every order, by the second derivatives of a
    ``Jet``. "hodge": of order 0 -div grad, of order 1 -(grad div + rot curl) with rot f = (-nabla_2 f, nabla_1 f), by
    derivatives of derivatives. On vectors the two differ by the Gaussian curvature (Weitzenböck).

    Args:
        rep: Representation of input and output.
        kind: "connection" or "hodge".

    Raises:
        ValueError: If the kind is unknown, or for "hodge" with other irreps than those of order 0 and pairs of order 1.
    """

    shown = ("kind",)

    def __init__(self, rep: Representation | str, kind: str = "connection") -> None:
        super().__init__(rep)
        self.kind = kind
        if kind not in KINDS:
            raise ValueError(f'Laplacian expects the kind {" or ".join(KINDS)}, got "{kind}"')
        self.inner, self.outer = nn.ModuleList(), nn.ModuleList()
        for block in self.rep if kind == "hodge" else ():
            if block.order > 1 or (block.order == 1 and block.size == 1):
                raise ValueError(f"the Hodge Laplacian acts on order 0 and pairs of order 1, got {self.rep}")
            vectors = Representation(((block.multiplicity, 1),), "O2")
            numbers = restricted(0, Group("O2")).rep * block.multiplicity
            if block.order == 0:
                numbers = Representation(((block.multiplicity, Group("O2").irrep(0, block.irrep.parity or "e")),), "O2")
            down, up = Lower(vectors), Raise(numbers)
            self.inner.append(down if block.order else up)
            self.outer.append(up if block.order else down)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Apply the Laplacian.

        Args:
            x: Features, ``(V, rep.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep.dim)``.
        """
        level = enter(self, x, at)
        return full_precision(self._hodge if self.kind == "hodge" else self._connection, x, level)

    def _connection(self, x: Tensor, level: Level) -> Tensor:
        parts = [x[:, :0]]
        for block, z in zip(self.rep, self.rep.split(x), strict=True):
            waves = tuple(Wave(0, part) for part in range(block.size))
            parts.append(-level.jet().moments(z, block.irrep, waves).flatten(1))
        return torch.cat(parts, dim=1)

    def _hodge(self, x: Tensor, level: Level) -> Tensor:
        parts = [x[:, :0]]
        for block, z, inner, outer in zip(self.rep, self.rep.split(x), self.inner, self.outer, strict=True):
            both = -outer(inner(z, level), level).unflatten(1, (2, -1))
            # Of a vector grad div and rot curl; of a function div grad and curl grad, or div rot and curl rot.
            parts.append(both.sum(1) if block.order else both[:, int(block.irrep.parity == "o")])
        return torch.cat(parts, dim=1)


def restricted(order: int, group: Group) -> Decomposition:
    """Return how a pair (Re, Im) of an order of O(2) decomposes in a subgroup.

    Args:
        order: Order of the pair; for 0 the pair is "0e", "0o".
        group: The subgroup.

    Returns:
        The decomposition.
    """
    with torch.device("cpu"):  # on whatever device a layer is built
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
