"""The stencil of a level: neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor

from gaugenet.kernel import harmonics, radial_profiles
from gaugenet.nn.fused_sweep import available


class Stencil:
    """Neighbours of every vertex and operators for moments of their features, made once and cached.

    Build one a batch and level and hand it to all layers there. Features of any dtype may pass: operators are made from
    the geometry in their precision (at least single). No gradients flow to the geometry.

    In single and double precision on a CPU, layers run through the edges of each vertex as they lie in memory;
    elsewhere, and in half precision, through ``(V, K)`` lists padded with weight 0, for batched products.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        transport: ``(E,)`` angle [rad] from the frame of j to that of i.
        weight: ``(E,)`` quadrature weights.
        radius: ``()``, ``(1,)`` or ``(E,)`` radius R of the kernel [mesh unit].
        num_vertices: V.
        width: K, at least the largest number of edges that reach or leave a vertex; without it the edges are counted
            where lists are padded, for which a GPU has to be waited for.
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
    ) -> None:
        geometry = (log, transport, weight, radius)
        self._edges = (edge_index.long(), *(numbers.detach().to(_at_least_single(numbers)) for numbers in geometry))
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
        degrees = getattr(data, "max_degree", None)
        width = None
        if degrees is not None:  # a batch has a list of each mesh
            each = degrees if isinstance(degrees[0], list) else [degrees]
            width = reduce(torch.sym_max, [one[level] for one in each])  # compiled, max would fix who is largest
        return cls(edge_index, log, data[f"transport_{level}"], data[f"weight_{level}"], radius, size, width)

    @property
    def adjoint(self) -> Stencil:
        """The stencil of gradients: every edge the other way round.

        The phase k theta + n transport by which an edge j -> i enters moments of order n is, seen from j, minus that of
        the frequency -k at the angle theta - transport, for order n + k and the transport -transport.
        """
        if self._adjoint is None:
            edge_index, log, transport, weight, radius = self._edges
            order = torch.argsort(edge_index[0], stable=True)
            turned = torch.stack([log[:, 0], log[:, 1] - transport], dim=1)[order]
            radius = radius[order] if radius.numel() > 1 else radius
            edges = (edge_index.flip(0)[:, order], turned, -transport[order], weight[order], radius)
            self._adjoint = Stencil(*edges, self.num_vertices, self._width)
        return self._adjoint

    @property
    def device(self) -> torch.device:
        """Where the edges are."""
        return self._edges[0].device

    def neighbours(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return the neighbours for features of ``dtype``: a padded list ``(V, K)``, or an unpadded one.

        An unpadded list is ``begin (V + 1,)`` and ``neighbour (E,)``: vertex i has those from begin[i] to begin[i + 1].
        """
        source = self._edges[0][0]
        if available(source.device, dtype):
            return self._begin, source
        if ("index",) not in self._cache:
            self._cache["index",] = self._pad(source)
        return (self._cache["index",],)

    def operator(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        """Return the moments of order-``order_in`` features as matrices.

        ``(E, size * rows)`` for unpadded lists, otherwise ``(V, K * size, rows)``. Rows come in groups, one for each
        order out m: real parts for every harmonic and radial profile, then imaginary parts (``moment_rows`` counts
        them). Summed over the components of neighbours they give
        P(i) = sum_j w_ij b(r_ij) exp(i k theta_ij) exp(i n transport_ij) z(j), conjugated where the harmonic says so.
        """
        key = ("operator", order_in, orders_out, profiles, dtype)
        if key not in self._cache:
            operator = self._build(order_in, orders_out, profiles, dtype)
            if not available(operator.device, dtype):
                size = min(order_in + 1, 2)
                operator = self._pad(operator).unflatten(2, (size, operator.shape[1] // size)).flatten(1, 2)
            self._cache[key] = operator
        return self._cache[key]

    def _build(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        precise = dtype if dtype == torch.float64 else torch.float32
        _, log, transport, _, _ = self._edges
        frequencies, place, sign = _waves(order_in, orders_out)
        angle = log[:, 1:] * log.new_tensor(frequencies) + order_in * transport[:, None]
        angle = angle.to(precise)
        waves = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
        waves = waves.index_select(1, self._begin.new_tensor(place)) * waves.new_tensor(sign)
        operator = waves.new_empty(*waves.shape, profiles)
        for number, amplitude in enumerate(self._amplitude(profiles, precise).unbind(1)):
            operator[:, :, number] = waves * amplitude[:, None]
        return operator.flatten(1).to(dtype)

    def _amplitude(self, profiles: int, dtype: torch.dtype) -> Tensor:
        """Return w b(r), ``(E, R)``."""
        key = ("amplitude", profiles, dtype)
        if key not in self._cache:
            _, log, _, weight, radius = self._edges
            ratio = log[:, 0] / radius.clamp_min(torch.finfo(radius.dtype).tiny)
            self._cache[key] = (radial_profiles(ratio, profiles) * weight[:, None]).to(dtype)
        return self._cache[key]

    def _pad(self, values: Tensor) -> Tensor:
        """Return ``values (E, ...)`` as ``(V, K, ...)``, zero where a vertex has fewer edges."""
        if ("place",) not in self._cache:
            source_target = self._edges[0]
            if self._width is None:
                self._width = _largest_degree(source_target, self.num_vertices)
            target = source_target[1]
            slot = torch.arange(target.shape[0], device=target.device) - self._begin.index_select(0, target)
            self._cache["place",] = target * self._width + slot
        assert self._width is not None
        padded = values.new_zeros(self.num_vertices * self._width, *values.shape[1:])
        return padded.index_copy_(0, self._cache["place",], values).unflatten(0, (self.num_vertices, self._width))


def _waves(order_in: int, orders_out: tuple[int, ...]) -> tuple[list[int], list[int], list[float]]:
    """Return frequencies k_1 ... k_H, and which cos or sin of k theta + n transport each entry of an operator is.

    Entries are the components in, and for each the rows of moments (of one radial profile): a place among the H cosines
    and then H sines, and a sign. z = x + i y enters the real part of a moment as cos x - sin y, the imaginary part as
    sin x + cos y.
    """
    pairs = [(out, harmonics(order_in, out)) for out in orders_out]
    frequencies = sorted({harmonic.frequency for _, solutions in pairs for harmonic in solutions})
    place, sign = [], []
    for component in range(min(order_in + 1, 2)):
        for out, solutions in pairs:
            for part in range(1 if order_in == out == 0 else 2):
                for harmonic in solutions:
                    place.append(frequencies.index(harmonic.frequency) + len(frequencies) * (part != component))
                    negative = (part < component) != (part == 1 and harmonic.conjugate)
                    sign.append(-1.0 if negative else 1.0)
    return frequencies, place, sign


def _at_least_single(numbers: Tensor) -> torch.dtype:
    return torch.promote_types(numbers.dtype, torch.float32)


def _largest_degree(edge_index: Tensor, num_vertices: int) -> int:
    """Return the largest number of edges that leave or reach a vertex, at least 1."""
    counts = [torch.bincount(end, minlength=max(num_vertices, 1)).max() for end in edge_index]
    return max(1, *(int(count) for count in counts))


def moment_rows(order_in: int, order_out: int, profiles: int) -> int:
    """Return how many rows of the moment operator lead from one order to another."""
    parts = 1 if order_in == order_out == 0 else 2
    return parts * len(harmonics(order_in, order_out)) * profiles
