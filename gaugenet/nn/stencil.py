"""The stencil of a level: neighbour lists and the angular numbers that all layers on the level share."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.kernel import Wave, radial_profiles
from gaugenet.nn.fused_sweep import available
from gaugenet.nn.structure_group import check_group, group_of
from gaugenet.representation import Representation


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
        degrees = getattr(data, "max_degree", None)
        width = None
        if degrees is not None:  # a batch has a list of each mesh
            each = degrees if isinstance(degrees[0], list) else [degrees]
            width = reduce(torch.sym_max, [one[level] for one in each])  # compiled, max would fix who is largest
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
            order = torch.argsort(edge_index[0], stable=True)
            turned, back = log[:, 1] - transport, -transport
            if self._flip is not None:
                turned, back = torch.where(self._flip, -turned, turned), torch.where(self._flip, transport, back)
            log = torch.stack([log[:, 0], turned], dim=1)[order]
            radius = radius[order] if radius.numel() > 1 else radius
            edges = (edge_index.flip(0)[:, order], log, back[order], weight[order], radius)
            flip = None if self._flip is None else self._flip[order]
            self._adjoint = Stencil(*edges, self.num_vertices, self._width, flip, self.group)
        return self._adjoint

    def check(self, rep: Representation, where: str) -> None:
        """Raise ValueError unless all transport acts on features of a representation."""
        check_group(self.group, rep, where)

    @property
    def device(self) -> torch.device:
        """Where the edges are."""
        return self._edges[0].device

    def neighbours(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return the neighbours for features of ``dtype``: a padded list ``(V, K)``, or an unpadded one.

        An unpadded list is ``begin (V + 1,)`` and ``neighbour (E,)``: vertex i has those from begin[i] to begin[i + 1].
        """
        source = self._edges[0][0]
        return (self._begin, source) if available(source.device, dtype) else (self._padded_sources(),)

    def operator(self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        """Return the moments of features of an irrep as matrices.

        ``(E, size * rows)`` for unpadded lists, otherwise ``(V, K * size, rows)``. Rows are the waves, each with all
        radial profiles. Summed over the components of neighbours they give the moments sum_j w_ij b(r_ij)
        wave(theta_ij) rho(g_ij) x(j).
        """
        return self._operator(irrep, waves, profiles, dtype, padded=not available(self.device, dtype))

    def moments(self, z: Tensor, irrep: Irrep, waves: tuple[Wave, ...]) -> Tensor:
        """Return sum_j w_ij wave(theta_ij) rho(g_ij) z(j) as ``(V, waves, C)`` for C copies of an irrep.

        One gather and one batched product, which can be differentiated any number of times.

        Args:
            z: ``(V, size * C)``, of at least single precision.
        """
        operator = self._operator(irrep, waves, 1, z.dtype, padded=True)
        gathered = z.index_select(0, self._padded_sources().flatten())
        return torch.bmm(operator.mT, gathered.view(*operator.shape[:2], z.shape[1] // irrep.size))

    def _operator(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, padded: bool
    ) -> Tensor:
        key = ("operator", irrep.order, irrep.parity, irrep.size, waves, profiles, dtype, padded)
        if key not in self._cache:
            operator = self._build(irrep, waves, profiles, dtype)
            if padded:
                operator = self._pad(operator).unflatten(2, (irrep.size, -1)).flatten(1, 2)
            self._cache[key] = operator
        return self._cache[key]

    def _padded_sources(self) -> Tensor:
        if ("index",) not in self._cache:
            self._cache["index",] = self._pad(self._edges[0][0])
        return self._cache["index",]

    def _build(self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype) -> Tensor:
        precise = dtype if dtype == torch.float64 else torch.float32
        _, log, transport, _, _ = self._edges
        frequencies, place, sign = _phases(irrep.size, waves)
        angle = log[:, 1:] * log.new_tensor(frequencies)
        if irrep.size == 2:
            angle = angle + irrep.order * transport[:, None]
        angle = angle.to(precise)
        phases = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
        values = phases.index_select(1, self._begin.new_tensor(place)) * phases.new_tensor(sign)
        if irrep.size == 1 and not irrep.trivial:
            values = values * irrep.character(self._transport()).to(precise)[:, None]
        elif irrep.size == 2 and self._flip is not None:
            mirrored = 1 - 2 * self._flip.to(precise)[:, None]
            values = torch.cat([values[:, : len(waves)], values[:, len(waves) :] * mirrored], dim=1)
        operator = values.new_empty(*values.shape, profiles)
        for number, amplitude in enumerate(self._amplitude(profiles, precise).unbind(1)):
            operator[:, :, number] = values * amplitude[:, None]
        return operator.flatten(1).to(dtype)

    def _transport(self) -> Elements:
        angle = self._edges[2]
        return Elements.rotations(angle) if self._flip is None else Elements(angle, self._flip)

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


def _largest_degree(edge_index: Tensor, num_vertices: int) -> int:
    """Return the largest number of edges that leave or reach a vertex, at least 1."""
    counts = [torch.bincount(end, minlength=max(num_vertices, 1)).max() for end in edge_index]
    return max(1, *(int(count) for count in counts))
