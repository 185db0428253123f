"""The kernel space: which angular profiles an equivariant kernel may have, and the radial profiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.representation.intertwiners import intertwiners


class Wave(NamedTuple):
    """A row vector that depends on the angle: what one component out of a kernel reads of a feature.

    Of a pair z = x + i y it reads the real (part 0) or imaginary (part 1) part of exp(i k theta) z; of a single number
    x the cosine or sine of k theta, times x.

    Attributes:
        frequency: k, of either sign for pairs, >= 0 for single numbers. part: 0 or 1.
    """

    frequency: int
    part: int

    def row(self, theta: Tensor, size: int) -> Tensor:
        """Return the row vector ``(..., size)`` at angles ``(...)`` [rad]."""
        cos, sin = torch.cos(self.frequency * theta), torch.sin(self.frequency * theta)
        return torch.stack([sin, cos] if self.part else [cos, -sin], dim=-1)[..., :size]


@dataclass(frozen=True)
class KernelBasis:
    """A basis of the kernels kappa(theta) from one irrep to another that obey the kernel constraint.

    Component d of solution s is ``sign[s][d]`` times the wave ``waves[place[s][d]]``.

    Attributes:
        size_in, size_out: components of the irreps. waves: the W different ones.
        place: ``(S, size_out)`` which wave. sign: ``(S, size_out)`` 1 or -1.
    """

    size_in: int
    size_out: int
    waves: tuple[Wave, ...]
    place: tuple[tuple[int, ...], ...]
    sign: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.place)

    @property
    def frequencies(self) -> tuple[int, ...]:
        """The frequency |k| of each solution."""
        return tuple(abs(self.waves[places[0]].frequency) for places in self.place)

    def matrices(self, theta: Tensor) -> Tensor:
        """Return the kernels as matrices ``(..., S, size_out, size_in)`` at angles ``(...)`` [rad]."""
        rows = [wave.row(theta, self.size_in) for wave in self.waves]
        if not rows:
            return theta.new_zeros(*theta.shape, 0, self.size_out, self.size_in)
        signed = [
            sign * rows[place] for places, signs in zip(self.place, self.sign) for place, sign in zip(places, signs)
        ]
        return torch.stack(signed, dim=-2).unflatten(-2, (-1, self.size_out))

    def transposed(self, other: KernelBasis) -> tuple[tuple[int, int], ...]:
        """Return how its transposes stand in a basis of the kernels the other way: solution t and sign, for each s."""
        theta = torch.tensor(
            [0.4, 1.5, 2.3], dtype=torch.float64, device="cpu"
        )  # tells all waves of moderate frequency apart
        ours, theirs = (one.transpose(0, 1).flatten(1) for one in (self.matrices(theta).mT, other.matrices(theta)))
        apart = torch.stack([torch.cdist(ours, theirs), torch.cdist(ours, -theirs)], dim=-1)  # (S, S, sign)
        assert apart.flatten(1).amin(1).max() < 1e-9, "a transpose stands in the basis"
        return tuple((at // 2, 1 - 2 * (at % 2)) for at in apart.flatten(1).argmin(1).tolist())


def highest_frequency(group: Group) -> int | None:
    """Return up to which angular frequency kernels of a group go by default; None where they end by themselves.

    Kernels for a finite group with N rotations may have any frequency k: of each k modulo N there are the smallest, and
    at least 0, 1 and 2, with which a kernel can tell directions apart.
    """
    return None if group.rotations is None else max(2, group.rotations // 2)


def kernel_basis(irrep_in: Irrep, irrep_out: Irrep, group: Group, highest: int | None = None) -> KernelBasis:
    """Solve the kernel constraint kappa(g theta) = rho_out(g) kappa(theta) rho_in(g)^-1 for all g of a group.

    A pair, or a number, carried with the wave exp(i k theta) turns as a representation of its own; solutions of the
    frequency k are the intertwiners from that to ``irrep_out`` (Gerken et al. 2021, section 2.5; Weiler & Cesa 2019).
    Frequencies ascend.

    Args:
        highest: frequency |k|, by default ``highest_frequency``.
    """
    return _solved(irrep_in, irrep_out, group, highest_frequency(group) if highest is None else highest)


@cache
def _solved(irrep_in: Irrep, irrep_out: Irrep, group: Group, highest: int | None) -> KernelBasis:
    most = irrep_in.order + irrep_out.order  # where rotations are continuous there are none above
    if highest is not None:
        most = min(most, highest) if group.rotations is None else highest
    found: list[list[tuple[Wave, int]]] = []
    for frequency in range(most + 1):
        carried = _Carried(irrep_in, frequency)
        with torch.device("cpu"):  # whatever device a layer is built on
            solutions = intertwiners(carried.matrix, irrep_out.matrix, group)
        for solution in solutions:
            entries = [row.nonzero()[:, 0].tolist() for row in solution]
            assert all(len(entry) == 1 for entry in entries), "a component out reads one wave"
            found.append([(carried.waves[i], int(row[i])) for (i,), row in zip(entries, solution, strict=True)])
    waves = tuple(dict.fromkeys(wave for solution in found for wave, _ in solution))
    return KernelBasis(
        irrep_in.size,
        irrep_out.size,
        waves,
        tuple(tuple(waves.index(wave) for wave, _ in solution) for solution in found),
        tuple(tuple(sign for _, sign in solution) for solution in found),
    )


@dataclass(frozen=True)
class _Carried:
    """All waves of one frequency |k| read of an irrep, and how they transform: B(g theta) rho_in(g) = D(g) B(theta)."""

    irrep: Irrep
    frequency: int

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        k = self.frequency
        if self.irrep.size == 2:
            signed = (k, -k) if k else (0,)
            return tuple(Wave(one, part) for one in signed for part in (0, 1))
        return (Wave(k, 0), Wave(k, 1)) if k else (Wave(0, 0),)

    def matrix(self, at: Elements) -> Tensor:
        """Return D(g) ``(..., waves, waves)``.

        Real and imaginary parts with frequency k of a pair of order n turn as a pair of order n + k; cosine and sine
        times a number as a pair of order k, times its own sign.
        """
        if self.irrep.size == 2:
            parts = [_pair(self.irrep.order + wave.frequency, at) for wave in self.waves[::2]]
        else:
            parts = [_pair(self.frequency, at)[..., : len(self.waves), : len(self.waves)] * self.irrep.matrix(at)]
        out = at.angle.new_zeros(*at.angle.shape, len(self.waves), len(self.waves))
        start = 0
        for part in parts:
            stop = start + part.shape[-1]
            out[..., start:stop, start:stop] = part
            start = stop
        return out


def _pair(order: int, at: Elements) -> Tensor:
    return Irrep(order, "", 2, 0).matrix(at)


def radial_profiles(ratio: Tensor, count: int) -> Tensor:
    """Return the radial profiles b_0 .. b_{count-1} at ``ratio (...)`` = r / R as ``(..., count)``.

    Hats in the square of the ratio, centred on the middles of ``count`` rings of equal area; constant inside the first
    centre and outside the last. They sum to 1, so that a constant field stays constant under equal weights.
    """
    place = (count * ratio.square() - 0.5).clamp(0.0, count - 1.0)
    centre = torch.arange(count, dtype=ratio.dtype, device=ratio.device)
    return (1.0 - (place[..., None] - centre).abs()).clamp_min(0.0)
