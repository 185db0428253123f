"""The stencil of a level: neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.kernel import Wave, radial_profiles
from gaugenet.nn.convolution.fused_sweep import available
from gaugenet.nn.convolution.padding import Padding, largest_degree


class Stencil:
    """Neighbours of every vertex and operators for moments of their features, built once and cached.

    Features of any dtype may pass: operators are built from the geometry in its precision (at least single). No
    gradients flow to the geometry.

    In single and double precision on a CPU, convolutions run through the edges of each vertex as they lie in memory;
    elsewhere, and in half precision, through ``(V, K)`` lists padded with weight 0, for batched products. Layers whose
    numbers differ from edge to edge by more than the geometry use padded lists everywhere.

    Attributes:
        edge_index: ``(2, E)`` as given, int64.
        log: ``(E, 2)`` as given, in at least single precision; so are ``transport``, ``weight`` and ``radius``.
        group: Structure group of the transport.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        transport: ``(E,)`` angle [rad] from the frame of j to that of i.
        weight: ``(E,)`` quadrature weights.
        radius: ``()``, ``(1,)`` or ``(E,)`` radius R of the kernel [mesh unit].
        num_vertices: Number of vertices V.
        width: K, at least the largest number of edges that reach or leave a vertex. Without it the edges are counted
            where lists are padded, which waits for a GPU.
        flip: ``(E,)`` bool, whether transport reflects: it is R(transport) F^flip. None if it never does.
        group: Structure group of the transport; by default SO2, with ``flip`` O2.
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
        self.edge_index = edge_index.long()
        self.log, self.transport, self.weight, self.radius = (
            numbers.detach().to(torch.promote_types(numbers.dtype, torch.float32))
            for numbers in (log, transport, weight, radius)
        )
        self.num_vertices, self.width, self.flip = num_vertices, width, flip
        self.group = Group(group or ("SO2" if flip is None else "O2"))
        target = self.edge_index[1]
        degree = target.new_zeros(num_vertices + 1).scatter_add_(0, target + 1, torch.ones_like(target))
        self._begin = degree.cumsum(0)
        self._adjoint: Stencil | None = None
        self._padding: Padding | None = None
        self._cache: dict[tuple[object, ...], Tensor] = {}

    @property
    def adjoint(self) -> Stencil:
        """The stencil of gradients, with every edge reversed.

        An edge j -> i with the direction theta and the transport g is, seen from j, an edge with the direction
        g^-1 theta (up to half a turn, which the transposed kernels make up for) and the transport g^-1.
        """
        if self._adjoint is None:
            order = self._order
            turned, back = self.log[:, 1] - self.transport, -self.transport
            if self.flip is not None:
                turned = torch.where(self.flip, -turned, turned)
                back = torch.where(self.flip, self.transport, back)
            self._adjoint = Stencil(
                self.edge_index.flip(0)[:, order],
                torch.stack([self.log[:, 0], turned], dim=1)[order],
                back[order],
                self.weight[order],
                self.radius[order] if self.radius.numel() > 1 else self.radius,
                self.num_vertices,
                self.width,
                None if self.flip is None else self.flip[order],
                self.group,
            )
        return self._adjoint

    @property
    def _order(self) -> Tensor:
        """The order ``(E,)`` of edges by source, in which the adjoint stencil has them."""
        return self._kept(("order",), lambda: torch.argsort(self.edge_index[0], stable=True))

    @property
    def device(self) -> torch.device:
        """Device of the edges."""
        return self.edge_index.device

    def neighbours(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return the neighbours as convolutions of features of ``dtype`` read them.

        Args:
            dtype: Precision of the features.

        Returns:
            A padded list ``(V, K)``; or ``begin (V + 1,)`` and ``neighbour (E,)``: the neighbours of vertex i are
            those from begin[i] to begin[i + 1].
        """
        source = self.edge_index[0]
        return (self._begin, source) if available(source.device, dtype) else (self.index,)

    @property
    def index(self) -> Tensor:
        """The neighbours as a padded list ``(V, K)``."""
        return self._kept(("index",), lambda: self.padding(self.edge_index[0]))

    @property
    def padding(self) -> Padding:
        """The positions of edges in padded lists."""
        if self._padding is None:
            if self.width is None:
                self.width = largest_degree(self.edge_index, self.num_vertices)
            self._padding = Padding(self.edge_index[1], self.num_vertices, self.width)
        return self._padding

    def reverse(self, values: Tensor) -> Tensor:
        """Sort numbers of edges as the operators of the adjoint stencil are.

        Args:
            values: ``(V, K, ...)``.

        Returns:
            ``(E, ...)``, or ``(V, K, ...)`` where convolutions read padded lists.
        """
        edges = values.flatten(0, 1).index_select(0, self.padding.position.index_select(0, self._order))
        return edges if available(edges.device, edges.dtype) else self.adjoint.padding(edges)

    def weights(self, dtype: torch.dtype) -> Tensor:
        """Return the quadrature weights in the precision ``dtype``, as a padded list ``(V, K)``."""
        return self._kept(("weights", dtype), lambda: self.padding(self.weight.to(dtype)))

    def profiles(self, count: int, dtype: torch.dtype) -> Tensor:
        """Return the radial profiles b(r_ij) as a padded list.

        Args:
            count: Number of profiles.
            dtype: Precision of the numbers.

        Returns:
            Profiles, ``(V, K, count)``.
        """
        return self._kept(("profiles", count, dtype), lambda: self.padding(self._radial(count).to(dtype)))

    def waves(self, irrep: Irrep, waves: tuple[Wave, ...], dtype: torch.dtype, transported: bool = True) -> Tensor:
        """Return what waves read of features of an irrep, as a padded list.

        Summed over the components of a feature it gives wave(theta_ij) rho(g_ij) x(j); or wave(theta_ij) x(i) if the
        feature is in the frame of i already.

        Args:
            irrep: Irrep of the features.
            waves: The waves, W of them.
            dtype: Precision of the numbers.
            transported: Whether the features are to be transported.

        Returns:
            ``(V, K, size, W)``.
        """

        def make() -> Tensor:
            rows = self._rows(irrep, waves, _at_least_single(dtype), transported)
            return self.padding(rows.unflatten(1, (irrep.size, len(waves))).to(dtype))

        return self._kept(("waves", irrep.order, irrep.parity, irrep.size, waves, dtype, transported), make)

    def operator(
        self,
        irrep: Irrep,
        waves: tuple[Wave, ...],
        profiles: int,
        dtype: torch.dtype,
        weighted: bool = True,
        padded: bool | None = None,
    ) -> Tensor:
        """Return the moments of features of an irrep as matrices.

        Rows are the waves, each with all radial profiles. Summed over the components of neighbours they give the
        moments sum_j w_ij b(r_ij) wave(theta_ij) rho(g_ij) x(j).

        Args:
            irrep: Irrep of the features.
            waves: The waves.
            profiles: Number of radial profiles.
            dtype: Precision of the numbers.
            weighted: Whether w_ij is a factor.
            padded: Whether lists are padded; by default as in ``neighbours``.

        Returns:
            ``(E, size * rows)``, or ``(V, K * size, rows)`` for padded lists.
        """
        lists = not available(self.device, dtype) if padded is None else padded

        def make() -> Tensor:
            operator = self.edge_operator(irrep, waves, profiles, dtype, weighted)
            return self.padding(operator).unflatten(2, (irrep.size, -1)).flatten(1, 2) if lists else operator

        key = ("operator", irrep.order, irrep.parity, irrep.size, waves, profiles, dtype, weighted, lists)
        return self._kept(key, make)

    def edge_operator(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, weighted: bool = True
    ) -> Tensor:
        """Compute the moments of features of an irrep as matrices, edge by edge; ``operator`` caches them.

        Args:
            irrep: Irrep of the features.
            waves: The waves.
            profiles: Number of radial profiles.
            dtype: Precision of the numbers.
            weighted: Whether w_ij is a factor.

        Returns:
            ``(E, size * rows)``.
        """
        precise = _at_least_single(dtype)
        values = self._rows(irrep, waves, precise)
        operator = values.new_empty(*values.shape, profiles)
        radial = self._amplitude(profiles, precise) if weighted else self._radial(profiles).to(precise)
        for number, amplitude in enumerate(radial.unbind(1)):
            operator[:, :, number] = values * amplitude[:, None]
        return operator.flatten(1).to(dtype)

    def _kept(self, key: tuple[object, ...], make: Callable[[], Tensor]) -> Tensor:
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _rows(self, irrep: Irrep, waves: tuple[Wave, ...], precise: torch.dtype, transported: bool = True) -> Tensor:
        """Return waves, after transport if ``transported``, ``(E, size * W)``."""
        frequencies, place, sign = _phases(irrep.size, waves)
        angle = self.log[:, 1:] * self.log.new_tensor(frequencies)
        if irrep.size == 2 and transported:
            angle = angle + irrep.order * self.transport[:, None]
        angle = angle.to(precise)
        phases = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
        values = phases.index_select(1, self._begin.new_tensor(place)) * phases.new_tensor(sign)
        if not transported:
            return values
        if irrep.size == 1 and not irrep.trivial:
            values = values * irrep.character(Elements.of(self.transport, self.flip)).to(precise)[:, None]
        elif irrep.size == 2 and self.flip is not None:
            mirrored = 1 - 2 * self.flip.to(precise)[:, None]
            values = torch.cat([values[:, : len(waves)], values[:, len(waves) :] * mirrored], dim=1)
        return values

    def _amplitude(self, profiles: int, dtype: torch.dtype) -> Tensor:
        """Return w b(r), ``(E, R)``."""
        make = lambda: (self._radial(profiles) * self.weight[:, None]).to(dtype)  # noqa: E731
        return self._kept(("amplitude", profiles, dtype), make)

    def _radial(self, profiles: int) -> Tensor:
        """Return b(r), ``(E, R)``."""
        least = torch.finfo(self.radius.dtype).tiny
        return radial_profiles(self.log[:, 0] / self.radius.clamp_min(least), profiles)


def _phases(size: int, waves: tuple[Wave, ...]) -> tuple[list[int], list[int], list[float]]:
    """Return frequencies k_1 ... k_H, and which cos or sin of a phase each entry of an operator is.

    Entries are the components in, and for each the waves: an index into the H cosines and then H sines, and a sign.
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


def _at_least_single(dtype: torch.dtype) -> torch.dtype:
    return dtype if dtype == torch.float64 else torch.float32
