"""The stencil of a level: padded neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gaugenet.kernel import harmonics, radial_profiles


class Stencil:
    """Neighbours of every vertex as ``(V, K)`` lists padded with weight 0, with moment operators cached by use.

    Build one a batch and level and hand it to every layer there. Features of any dtype may pass: operators are made
    from the geometry in its own precision, then cast.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        transport: ``(E,)`` angle [rad] from the frame of j to that of i.
        weight: ``(E,)`` quadrature weights.
        radius: ``()``, ``(1,)`` or ``(E,)`` radius R of the kernel [mesh unit].
        num_vertices: V.
    """

    def __init__(
        self, edge_index: Tensor, log: Tensor, transport: Tensor, weight: Tensor, radius: Tensor, num_vertices: int
    ) -> None:
        source, target = edge_index
        degree = torch.bincount(target, minlength=num_vertices)
        width = max(1, int(degree.max())) if len(target) else 1
        begin = degree.cumsum(0) - degree
        slot = torch.arange(len(target), device=target.device) - begin[target]
        self.num_vertices = num_vertices
        self.index = source.new_zeros(num_vertices, width)
        self.index[target, slot] = source
        self._edge = (target, slot)
        self._weight, self._theta, self._transport = (self._pad(values) for values in (weight, log[:, 1], transport))
        ratio = log[:, 0] / radius.clamp_min(torch.finfo(radius.dtype).tiny)
        self._ratio = self._pad(ratio)
        self._operators: dict[tuple[Any, ...], Tensor] = {}
        self._shared: dict[tuple[Any, ...], tuple[Tensor, Tensor]] = {}

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
        return cls(edge_index, log, data[f"transport_{level}"], data[f"weight_{level}"], radius, size)

    def _pad(self, values: Tensor) -> Tensor:
        padded = values.new_zeros(self.index.shape)
        padded[self._edge] = values
        return padded

    def operator(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        """Return the moments of order-``order_in`` features as matrices ``(V, rows, K * size_in)``.

        Rows come in groups, one for each order out m: real parts for every harmonic and radial profile, then imaginary
        parts (``moment_rows`` counts them). Applied to gathered features ``(V, K * size_in, C)`` they give the moments
        P(i) = sum_j w_ij b(r_ij) exp(i k theta_ij) exp(i n transport_ij) z(j), conjugated where the harmonic says so.
        """
        key = (order_in, orders_out, profiles, dtype)
        if key not in self._operators:
            self._operators[key] = self._build(order_in, orders_out, profiles, dtype)
        return self._operators[key]

    def _build(self, order_in: int, orders_out: tuple[int, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        weighted = radial_profiles(self._ratio, profiles) * self._weight[..., None]
        amplitude = weighted.to(dtype).mT.contiguous()  # (V, R, K)
        size_in = min(order_in, 1) + 1
        rows = []
        for order_out in orders_out:
            real, imaginary = [], []
            for harmonic in harmonics(order_in, order_out):
                cos, sin = (amplitude * part[:, None, :] for part in self._phase(harmonic.frequency, order_in, dtype))
                sign = -1.0 if harmonic.conjugate else 1.0
                real.append(torch.stack([cos, -sin], -1)[..., :size_in])
                imaginary.append(sign * torch.stack([sin, cos], -1)[..., :size_in])
            rows += real if order_in == order_out == 0 else real + imaginary
        return torch.cat(rows, dim=1).flatten(2)

    def _phase(self, frequency: int, order: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return cos and sin ``(V, K)`` of frequency * theta + order * transport; products of a few shared ones."""
        key = ("phase", frequency, order, dtype)
        if key not in self._shared:
            if frequency < 0:
                cos, sin = self._phase(-frequency, -order, dtype)
                value = (cos, -sin)
            elif (frequency, order) == (0, 0):
                value = (torch.ones_like(self._theta, dtype=dtype), torch.zeros_like(self._theta, dtype=dtype))
            elif abs(frequency) + abs(order) == 1:
                angle = self._theta if frequency else order * self._transport
                value = (torch.cos(angle).to(dtype), torch.sin(angle).to(dtype))
            elif frequency:
                value = _times(self._phase(frequency - 1, order, dtype), self._phase(1, 0, dtype))
            else:
                step = 1 if order > 0 else -1
                value = _times(self._phase(0, order - step, dtype), self._phase(0, step, dtype))
            self._shared[key] = value
        return self._shared[key]

    def gather(self, x: Tensor) -> Tensor:
        """Return the features of all neighbours: ``x (V, ...)`` to ``(V, K, ...)``."""
        return x.index_select(0, self.index.reshape(-1)).reshape(*self.index.shape, *x.shape[1:])


def _times(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def moment_rows(order_in: int, order_out: int, profiles: int) -> int:
    """Return how many rows of the moment operator lead from one order to another."""
    parts = 1 if order_in == order_out == 0 else 2
    return parts * len(harmonics(order_in, order_out)) * profiles
