"""The stencil of a level: padded neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor

from gaugenet.kernel import harmonics, radial_profiles

Phase = tuple[Tensor, Tensor]  # cos and sin


class Stencil:
    """Neighbours of every vertex as ``(V, K)`` lists padded with weight 0, with moment operators cached by use.

    Build one a batch and level and hand it to every layer there. Features of any dtype may pass: operators are made
    from the geometry in their precision (at least single). No gradients flow to the geometry.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        transport: ``(E,)`` angle [rad] from the frame of j to that of i.
        weight: ``(E,)`` quadrature weights.
        radius: ``()``, ``(1,)`` or ``(E,)`` radius R of the kernel [mesh unit].
        num_vertices: V.
        width: K, at least the largest number of edges that reach or leave a vertex; without it the edges are counted,
            for which a GPU has to be waited for.
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
        self._edges = (edge_index, log.detach(), transport.detach(), weight.detach(), radius.detach())
        self.num_vertices = num_vertices
        self.width = _largest_degree(edge_index, num_vertices) if width is None else width
        source, target = edge_index
        degree = source.new_zeros(num_vertices).scatter_add_(0, target, torch.ones_like(target))
        begin = degree.cumsum(0) - degree
        slot = torch.arange(target.shape[0], device=target.device) - begin.index_select(0, target)
        self._place = target * self.width + slot
        self.index = self._pad(source)
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
            self._adjoint = Stencil(*edges, self.num_vertices, self.width)
        return self._adjoint

    def _pad(self, values: Tensor) -> Tensor:
        padded = values.new_zeros(self.num_vertices * self.width)
        return padded.scatter_(0, self._place, values).view(self.num_vertices, self.width)

    def components(self, size: int) -> Tensor:
        """Return ``(V, size * K)`` rows of features ``(V * size, C)``: first components of all neighbours, then second.

        ``index`` for size 1.
        """
        if size == 1:
            return self.index
        if ("components",) not in self._cache:
            self._cache["components",] = torch.cat([2 * self.index, 2 * self.index + 1], dim=1)
        return self._cache["components",]

    def operator(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        """Return the moments of order-``order_in`` features as matrices ``(V, rows, size_in * K)``.

        Rows come in groups, one for each order out m: real parts for every harmonic and radial profile, then imaginary
        parts (``moment_rows`` counts them). Applied to components of neighbours ``(V, size_in * K, C)`` they give
        P(i) = sum_j w_ij b(r_ij) exp(i k theta_ij) exp(i n transport_ij) z(j), conjugated where the harmonic says so.
        """
        key = ("operator", order_in, orders_out, profiles, dtype)
        if key not in self._cache:
            self._cache[key] = self._build(order_in, orders_out, profiles, dtype)
        return self._cache[key]

    def _build(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        precise = dtype if dtype == torch.float64 else torch.float32
        amplitude = self._amplitude(profiles, precise)  # (V, R, K)
        size, start = min(order_in, 1) + 1, 0
        rows = sum(moment_rows(order_in, order, profiles) for order in orders_out)
        operator = torch.empty(self.num_vertices, rows, size, self.width, dtype=dtype, device=amplitude.device)
        for order_out in orders_out:
            pairs = harmonics(order_in, order_out)
            for number, harmonic in enumerate(pairs):
                cos, sin = (amplitude * part[:, None] for part in self._phase(harmonic.frequency, order_in, precise))
                real = operator[:, start + number * profiles :][:, :profiles]
                real[:, :, 0] = cos
                if size == 2:
                    real[:, :, 1] = -sin
                if order_in == order_out == 0:
                    continue
                imaginary = operator[:, start + (len(pairs) + number) * profiles :][:, :profiles]
                imaginary[:, :, 0] = -sin if harmonic.conjugate else sin
                if size == 2:
                    imaginary[:, :, 1] = -cos if harmonic.conjugate else cos
            start += moment_rows(order_in, order_out, profiles)
        return operator.flatten(2)

    def _amplitude(self, profiles: int, dtype: torch.dtype) -> Tensor:
        """Return w b(r), ``(V, R, K)``."""
        key = ("amplitude", profiles, dtype)
        if key not in self._cache:
            _, log, _, weight, radius = self._edges
            ratio = log[:, 0] / radius.clamp_min(torch.finfo(radius.dtype).tiny)
            weighted = (radial_profiles(ratio, profiles) * weight[:, None]).to(dtype)
            self._cache[key] = torch.stack([self._pad(column) for column in weighted.unbind(1)], dim=1)
        return self._cache[key]

    def _phase(self, frequency: int, order: int, dtype: torch.dtype) -> Phase:
        """Return cos and sin ``(V, K)`` of frequency * theta + order * transport; products of a few shared ones."""
        key = ("phase", frequency, order, dtype)
        if key not in self._cache:
            self._cache[key] = self._new_phase(frequency, order, dtype)
        return self._cache[key]

    def _new_phase(self, frequency: int, order: int, dtype: torch.dtype) -> Phase:
        if frequency < 0:
            cos, sin = self._phase(-frequency, -order, dtype)
            return cos, -sin
        if (frequency, order) == (0, 0):
            ones = torch.ones(self.index.shape, dtype=dtype, device=self.index.device)
            return ones, torch.zeros_like(ones)
        if abs(frequency) + abs(order) == 1:
            _, log, transport, *_ = self._edges
            angle = (log[:, 1] if frequency else order * transport).to(dtype)
            return self._pad(torch.cos(angle)), self._pad(torch.sin(angle))
        if frequency:
            return _times(self._phase(frequency - 1, order, dtype), self._phase(1, 0, dtype))
        step = 1 if order > 0 else -1
        return _times(self._phase(0, order - step, dtype), self._phase(0, step, dtype))


def _times(a: Phase, b: Phase) -> Phase:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _largest_degree(edge_index: Tensor, num_vertices: int) -> int:
    """Return the largest number of edges that leave or reach a vertex, at least 1."""
    counts = [torch.bincount(end, minlength=max(num_vertices, 1)).max() for end in edge_index]
    return max(1, *(int(count) for count in counts))


def moment_rows(order_in: int, order_out: int, profiles: int) -> int:
    """Return how many rows of the moment operator lead from one order to another."""
    parts = 1 if order_in == order_out == 0 else 2
    return parts * len(harmonics(order_in, order_out)) * profiles
