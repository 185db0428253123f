"""The stencil of a level: neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.kernel import Wave, radial_profiles
from gaugenet.nn.convolution.fused_sweep import available
from gaugenet.nn.convolution.padding import Padding, largest_degree, recorded_degree
from gaugenet.nn.structure_group import group_of


class Stencil:
    """Neighbours of every vertex and operators for moments of their features, made once and cached.

    Build one a batch and level and hand it to all layers there. Features of any dtype may pass: operators are made from
    the geometry in their precision (at least single). No gradients flow to the geometry.

    In single and double precision on a CPU, convolutions run through the edges of each vertex as they lie in memory;
    elsewhere, and in half precision, through ``(V, K)`` lists padded with weight 0, for batched products. Layers whose
    numbers differ from edge to edge by more than the geometry use padded lists everywhere.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        transport: ``(E,)`` angle [rad] from the frame of j to that of i.
        weight: ``(E,)`` quadrature weights.
        radius: ``()``, ``(1,)`` or ``(E,)`` radius R of the kernel [mesh unit].
        num_vertices: V.
        width: K, at least the largest number of edges that reach or leave a vertex; without it the edges are counted
            where lists are padded, for which a GPU has to be waited for.
        flip: ``(E,)`` bool, whether transport reflects: it is R(transport) F^flip. None where it never does.
        group: to which all transport belongs; by default SO2, with ``flip`` O2.
    """

    def __init__(
        self,
        edge_index: Tensor,
        log: Tensor,
        transport: Tensor,
        weight: Tensor,
        radius: Tensor,
        num_vertices: int,
        width: int | None = None,
        flip: Tensor | None = None,
        group: Group | str | None = None,
    ) -> None:
        geometry = (log, transport, weight, radius)
        self._edges = (edge_index.long(), *(numbers.detach().to(_at_least_single(numbers)) for numbers in geometry))
        self._flip = flip
        self.group = Group(group or ("SO2" if flip is None else "O2"))
        self.num_vertices = num_vertices
        self._width = width
        target = self._edges[0][1]
        degree = target.new_zeros(num_vertices + 1).scatter_add_(0, target + 1, torch.ones_like(target))
        self._begin = degree.cumsum(0)
        self._adjoint: Stencil | None = None
        self._cache: dict[tuple[Any, ...], Any] = {}

    @classmethod
    def from_data(cls, data: Any, level: int = 0) -> Stencil:
        """Read level ``level`` of a bundle made by ``FrameBundle``, single or batched.

        Raises:
            ValueError: where the data carries no such level.
        """
        if not hasattr(data, f"edge_index_{level}") or getattr(data, f"edge_index_{level}") is None:
            raise ValueError(
                f"the data has no bundle at level {level} (no edge_index_{level}): apply the transform "
                "gaugenet.FrameBundle first, with enough levels"
            )
        edge_index, log = data[f"edge_index_{level}"], data[f"log_{level}"]
        radius, size = data[f"radius_{level}"], data[f"area_{level}"].shape[0]
        batch = getattr(data, "batch", None)
        if batch is not None:
            mesh = batch if level == 0 else batch[data[f"sample_index_{level}"]]
            radius = radius[mesh[edge_index[1]]]
        width = recorded_degree(data, level)
        geometry = data[f"transport_{level}"], data[f"weight_{level}"], radius
        return cls(edge_index, log, *geometry, size, width, getattr(data, f"flip_{level}", None), group_of(data))

    @property
    def adjoint(self) -> Stencil:
        """The stencil of gradients: every edge the other way round.

        An edge j -> i with the direction theta and the transport g is, seen from j, an edge with the direction
        g^-1 theta (but for half a turn, which the transposed kernels make up for) and the transport g^-1.
        """
        if self._adjoint is None:
            edge_index, log, transport, weight, radius = self._edges
            order = self._order = torch.argsort(edge_index[0], stable=True)
            turned, back = log[:, 1] - transport, -transport
            if self._flip is not None:
                turned, back = torch.where(self._flip, -turned, turned), torch.where(self._flip, transport, back)
            log = torch.stack([log[:, 0], turned], dim=1)[order]
            radius = radius[order] if radius.numel() > 1 else radius
            edges = (edge_index.flip(0)[:, order], log, back[order], weight[order], radius)
            flip = None if self._flip is None else self._flip[order]
            self._adjoint = Stencil(*edges, self.num_vertices, self._width, flip, self.group)
        return self._adjoint

    @classmethod
    def of(cls, at: Any) -> Stencil:
        """Return the stencil that a layer is given, that of a ``Level``, or that of level 0 of data with a bundle."""
        if isinstance(at, cls):
            return at
        stencil = getattr(at, "stencil", None)
        return stencil if isinstance(stencil, cls) else cls.from_data(at)

    @property
    def device(self) -> torch.device:
        """Where the edges are."""
        return self._edges[0].device

    def neighbours(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return the neighbours for features of ``dtype``: a padded list ``(V, K)``, or an unpadded one.

        An unpadded list is ``begin (V + 1,)`` and ``neighbour (E,)``: vertex i has those from begin[i] to begin[i + 1].
        """
        source = self._edges[0][0]
        return (self._begin, source) if available(source.device, dtype) else (self.index,)

    @property
    def index(self) -> Tensor:
        """The neighbours as a padded list ``(V, K)``."""
        if ("index",) not in self._cache:
            self._cache["index",] = self.padding(self._edges[0][0])
        return self._cache["index",]

    @property
    def padding(self) -> Padding:
        """Where edges stand in padded lists."""
        if ("padding",) not in self._cache:
            edge_index = self._edges[0]
            if self._width is None:
                self._width = largest_degree(edge_index, self.num_vertices)
            self._cache["padding",] = Padding(edge_index[1], self.num_vertices, self._width)
        return self._cache["padding",]

    def reverse(self, values: Tensor) -> Tensor:
        """Return numbers ``(V, K, ...)`` of edges, sorted as operators of the adjoint stencil are, padded or not."""
        adjoint = self.adjoint
        edges = values.flatten(0, 1).index_select(0, self.padding.place.index_select(0, self._order))
        return edges if available(edges.device, edges.dtype) else adjoint.padding(edges)

    def weights(self, dtype: torch.dtype) -> Tensor:
        """Return the quadrature weights in a padded list ``(V, K)``."""
        key = ("weights", dtype)
        if key not in self._cache:
            self._cache[key] = self.padding(self._edges[3].to(dtype))
        return self._cache[key]

    def profiles(self, count: int, dtype: torch.dtype) -> Tensor:
        """Return the radial profiles b(r_ij) in a padded list ``(V, K, R)``."""
        key = ("profiles", count, dtype)
        if key not in self._cache:
            self._cache[key] = self.padding(self._radial(count).to(dtype))
        return self._cache[key]

    def waves(self, irrep: Irrep, waves: tuple[Wave, ...], dtype: torch.dtype, carried: bool = True) -> Tensor:
        """Return what waves read of features of an irrep, in a padded list ``(V, K, size, W)``.

        Summed over the components of a feature it gives wave(theta_ij) rho(g_ij) x(j), or wave(theta_ij) x(i) if the
        feature is not ``carried`` but in the frame of i already.
        """
        key = ("waves", irrep.order, irrep.parity, irrep.size, waves, dtype, carried)
        if key not in self._cache:
            precise = dtype if dtype == torch.float64 else torch.float32
            rows = self._rows(irrep, waves, precise, carried).unflatten(1, (irrep.size, len(waves)))
            self._cache[key] = self.padding(rows.to(dtype))
        return self._cache[key]

    def operator(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, weighted: bool = True
    ) -> Tensor:
        """Return the moments of features of an irrep as matrices.

        ``(E, size * rows)`` for unpadded lists, otherwise ``(V, K * size, rows)``. Rows are the waves, each with all
        radial profiles. Summed over the components of neighbours they give the moments sum_j w_ij b(r_ij)
        wave(theta_ij) rho(g_ij) x(j); if they are not ``weighted``, without w_ij.
        """
        padded = not available(self.device, dtype)
        return self._operator(irrep, waves, profiles, dtype, weighted, padded)

    def moments(self, z: Tensor, irrep: Irrep, waves: tuple[Wave, ...]) -> Tensor:
        """Return sum_j w_ij wave(theta_ij) rho(g_ij) z(j) as ``(V, waves, C)`` for C copies of an irrep.

        One gather and one batched product, which can be differentiated any number of times.

        Args:
            z: ``(V, size * C)``, of at least single precision.
        """
        operator = self._operator(irrep, waves, 1, z.dtype, True, padded=True)
        gathered = z.index_select(0, self.index.flatten())
        return torch.bmm(operator.mT, gathered.view(*operator.shape[:2], z.shape[1] // irrep.size))

    def _operator(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, weighted: bool, padded: bool
    ) -> Tensor:
        key = ("operator", irrep.order, irrep.parity, irrep.size, waves, profiles, dtype, weighted, padded)
        if key not in self._cache:
            operator = self._build(irrep, waves, profiles, dtype, weighted)
            if padded:
                operator = self.padding(operator).unflatten(2, (irrep.size, -1)).flatten(1, 2)
            self._cache[key] = operator
        return self._cache[key]

    def _build(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, weighted: bool
    ) -> Tensor:
        precise = dtype if dtype == torch.float64 else torch.float32
        values = self._rows(irrep, waves, precise)
        operator = values.new_empty(*values.shape, profiles)
        radial = self._amplitude(profiles, precise) if weighted else self._radial(profiles).to(precise)
        for number, amplitude in enumerate(radial.unbind(1)):
            operator[:, :, number] = values * amplitude[:, None]
        return operator.flatten(1).to(dtype)

    def _rows(self, irrep: Irrep, waves: tuple[Wave, ...], precise: torch.dtype, carried: bool = True) -> Tensor:
        """Return waves after transport, or alone, ``(E, size * W)``."""
        _, log, transport, _, _ = self._edges
        frequencies, place, sign = _phases(irrep.size, waves)
        angle = log[:, 1:] * log.new_tensor(frequencies)
        if irrep.size == 2 and carried:
            angle = angle + irrep.order * transport[:, None]
        angle = angle.to(precise)
        phases = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
        values = phases.index_select(1, self._begin.new_tensor(place)) * phases.new_tensor(sign)
        if not carried:
            return values
        if irrep.size == 1 and not irrep.trivial:
            values = values * irrep.character(self._transport()).to(precise)[:, None]
        elif irrep.size == 2 and self._flip is not None:
            mirrored = 1 - 2 * self._flip.to(precise)[:, None]
            values = torch.cat([values[:, : len(waves)], values[:, len(waves) :] * mirrored], dim=1)
        return values

    def _transport(self) -> Elements:
        return Elements.of(self._edges[2], self._flip)

    def _amplitude(self, profiles: int, dtype: torch.dtype) -> Tensor:
        """Return w b(r), ``(E, R)``."""
        key = ("amplitude", profiles, dtype)
        if key not in self._cache:
            self._cache[key] = (self._radial(profiles) * self._edges[3][:, None]).to(dtype)
        return self._cache[key]

    def _radial(self, profiles: int) -> Tensor:
        """Return b(r), ``(E, R)``."""
        _, log, _, _, radius = self._edges
        return radial_profiles(log[:, 0] / radius.clamp_min(torch.finfo(radius.dtype).tiny), profiles)


def _phases(size: int, waves: tuple[Wave, ...]) -> tuple[list[int], list[int], list[float]]:
    """Return frequencies k_1 ... k_H, and which cos or sin of a phase each entry of an operator is.

    Entries are the components in, and for each the waves: a place among the H cosines and then H sines, and a sign.
    With the phase psi = k theta + n transport, z = x + i y enters the real part of a moment as cos psi x - sin psi y,
    the imaginary part as sin psi x + cos psi y. A single number enters with the phase k theta.
    """
    frequencies = sorted({wave.frequency for wave in waves})
    place, sign = [], []
    for component in range(size):
        for wave in waves:
            sine = component != wave.part
            place.append(frequencies.index(wave.frequency) + sine * len(frequencies))
            sign.append(-1.0 if component == 1 and wave.part == 0 else 1.0)
    return frequencies, place, sign


def _at_least_single(numbers: Tensor) -> torch.dtype:
    return torch.promote_types(numbers.dtype, torch.float32)
