"""Equivariant kernels: their angular parts, which solve the kernel constraint, and their radial profiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.representation.intertwiners import intertwiners


class Wave(NamedTuple):
    """A row of a kernel: it maps a feature to one output component and depends on the angle theta.

    It maps a pair z = x + i y to the real (part 0) or imaginary (part 1) part of exp(i k theta) z, and a single number
    x to cos(k theta) x (part 0) or sin(k theta) x (part 1).

    Attributes:
        frequency: Frequency k, of either sign for pairs, >= 0 for single numbers.
        part: 0 or 1.
    """

    frequency: int
    part: int

    def row(self, theta: Tensor, size: int) -> Tensor:
        """Return the row vectors at some angles.

        Args:
            theta: Angles ``(...)`` [rad].
            size: Components of the input irrep, 1 or 2.

        Returns:
            Row vectors ``(..., size)``.
        """
        cos, sin = torch.cos(self.frequency * theta), torch.sin(self.frequency * theta)
        return torch.stack([sin, cos] if self.part else [cos, -sin], dim=-1)[..., :size]


@dataclass(frozen=True)
class KernelBasis:
    """A basis of the S kernels kappa(theta) from one irrep to another that satisfy the kernel constraint.

    Row d of solution s is ``sign[s][d]`` times the wave ``waves[place[s][d]]``.

    Attributes:
        size_in: Components of the input irrep.
        size_out: Components of the output irrep.
        waves: The distinct waves.
        place: Index of the wave, ``(S, size_out)``.
        sign: 1 or -1, ``(S, size_out)``.
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
        """Return the kernels at some angles.

        Args:
            theta: Angles ``(...)`` [rad].

        Returns:
            Matrices ``(..., S, size_out, size_in)``.
        """
        rows = [wave.row(theta, self.size_in) for wave in self.waves]
        if not rows:
            return theta.new_zeros(*theta.shape, 0, self.size_out, self.size_in)
        signed = [
            sign * rows[index] for indices, signs in zip(self.place, self.sign) for index, sign in zip(indices, signs)
        ]
        return torch.stack(signed, dim=-2).unflatten(-2, (-1, self.size_out))

    def transposed(self, other: KernelBasis) -> tuple[tuple[int, int], ...]:
        """Return which solution of the reverse basis, with which sign, is the transpose of each solution.

        Args:
            other: Basis of the kernels from the output irrep to the input irrep.

        Returns:
            Index into ``other`` and sign, for each solution.
        """
        # Waves of moderate frequency differ at these angles.
        theta = torch.tensor([0.4, 1.5, 2.3], dtype=torch.float64, device="cpu")
        ours, theirs = (one.transpose(0, 1).flatten(1) for one in (self.matrices(theta).mT, other.matrices(theta)))
        apart = torch.stack([torch.cdist(ours, theirs), torch.cdist(ours, -theirs)], dim=-1)  # (S, S, sign)
        assert apart.flatten(1).amin(1).max() < 1e-9, "each transpose is in the basis"
        return tuple((at // 2, 1 - 2 * (at % 2)) for at in apart.flatten(1).argmin(1).tolist())


def highest_frequency(group: Group) -> int | None:
    """Return the default limit of the angular frequency of kernels.

    For a finite group with N rotations, kernels of every frequency exist. The default keeps the lowest frequency of
    each class modulo N, and at least 0, 1 and 2, so that kernels depend on the direction.

    Args:
        group: Structure group.

    Returns:
        The limit, or None for a continuous group, whose kernels have finitely many frequencies.
    """
    return None if group.rotations is None else max(2, group.rotations // 2)


def kernel_basis(irrep_in: Irrep, irrep_out: Irrep, group: Group, highest: int | None = None) -> KernelBasis:
    """Solve the kernel constraint kappa(g theta) = rho_out(g) kappa(theta) rho_in(g)^-1 for all g of a group.

    A feature multiplied by waves of frequency k transforms by a representation of its own. Solutions of frequency k
    are the intertwiners from it to ``irrep_out`` (Gerken et al. 2021, section 2.5; Weiler & Cesa 2019).

    Args:
        irrep_in: Irrep of the input.
        irrep_out: Irrep of the output.
        group: Structure group.
        highest: Highest frequency |k|; by default ``highest_frequency(group)``.

    Returns:
        A basis, frequencies ascending.
    """
    return _solved(irrep_in, irrep_out, group, highest_frequency(group) if highest is None else highest)


@cache
def _solved(irrep_in: Irrep, irrep_out: Irrep, group: Group, highest: int | None) -> KernelBasis:
    most = irrep_in.order + irrep_out.order  # continuous groups have no solutions above
    if highest is not None:
        most = min(most, highest) if group.rotations is None else highest
    found: list[list[tuple[Wave, int]]] = []
    for frequency in range(most + 1):
        waves_in = _waves(irrep_in, frequency)
        with torch.device("cpu"):  # whatever device a layer is built on
            solutions = intertwiners(partial(_action, irrep_in, waves_in), irrep_out.matrix, group)
        for solution in solutions:
            entries = [row.nonzero()[:, 0].tolist() for row in solution]
            assert all(len(entry) == 1 for entry in entries), "each row is one wave"
            found.append([(waves_in[i], int(row[i])) for (i,), row in zip(entries, solution, strict=True)])
    waves = tuple(dict.fromkeys(wave for solution in found for wave, _ in solution))
    return KernelBasis(
        irrep_in.size,
        irrep_out.size,
        waves,
        tuple(tuple(waves.index(wave) for wave, _ in solution) for solution in found),
        tuple(tuple(sign for _, sign in solution) for solution in found),
    )


def _waves(irrep: Irrep, k: int) -> tuple[Wave, ...]:
    """Return all waves of frequency |k| that act on an irrep."""
    if irrep.size == 2:
        return tuple(Wave(one, part) for one in ((k, -k) if k else (0,)) for part in (0, 1))
    return (Wave(k, 0), Wave(k, 1)) if k else (Wave(0, 0),)


def _action(irrep: Irrep, waves: tuple[Wave, ...], at: Elements) -> Tensor:
    """Return D(g) ``(..., waves, waves)``, by which the waves B transform: B(g theta) rho_in(g) = D(g) B(theta).

    A pair of order n times a wave of frequency k is a pair of order n + k. A single number times cosine and sine is a
    pair of order k, times the sign by which the number transforms.
    """
    if irrep.size == 1:
        return _pair(waves[0].frequency, at)[..., : len(waves), : len(waves)] * irrep.matrix(at)
    out = at.angle.new_zeros(*at.angle.shape, len(waves), len(waves))
    for start in range(0, len(waves), 2):
        rows = slice(start, start + 2)
        out[..., rows, rows] = _pair(irrep.order + waves[start].frequency, at)
    return out


def _pair(order: int, at: Elements) -> Tensor:
    return Irrep(order, "", 2, 0).matrix(at)


def radial_profiles(ratio: Tensor, count: int) -> Tensor:
    """Return the radial profiles b_0 .. b_{count-1} of kernels.

    They are hat functions of (r / R)^2, centred on the middles of ``count`` rings of equal area, and constant inside
    the first centre and outside the last. They sum to 1: with equal weights, constant fields stay constant.

    Args:
        ratio: Distance over kernel radius, r / R ``(...)``.
        count: Number of profiles.

    Returns:
        Profiles ``(..., count)``.
    """
    position = (count * ratio.square() - 0.5).clamp(0.0, count - 1.0)
    centre = torch.arange(count, dtype=ratio.dtype, device=ratio.device)
    return (1.0 - (position[..., None] - centre).abs()).clamp_min(0.0)
