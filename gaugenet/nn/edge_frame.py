"""Features at both ends of an edge, seen from its direction."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

from gaugenet.group import Irrep
from gaugenet.kernel import Wave, kernel_basis
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.representation import Representation


class Reading(nn.Module):
    """Read numbers of one kind, an irrep of dimension 1, from every edge, by the most general linear map.

        h_c(ij) = sum_p u_p(theta_ij) . [(A_p x_i)_c + rho(g_ij) (B_p x_j)_c]
                  + sum_q,rho G_q,rho,c v_q(theta_ij) b_rho(r_ij)

    u_p are the waves of ``kernel_basis`` from the irreps of the features, such as Re exp(-i n theta) z of an order n of
    SO(2); v_q those from a constant. A, B and G are learned. A and B mix channels at the vertices, before anything has
    an entry per edge. Where they are complex, the imaginary part of z is the real part of -i z, and one wave is enough.

    Args:
        rep_in: Representation of the features.
        irrep: Irrep of the numbers.
        channels: How many numbers are read from an edge.
        profiles: Number of radial profiles b_rho.
    """

    def __init__(self, rep_in: Representation, irrep: Irrep, channels: int, profiles: int) -> None:
        super().__init__()
        group = rep_in.group
        self.channels, self.profiles = channels, profiles
        self._paths: list[tuple[Irrep, tuple[Wave, ...]]] = []
        for one in rep_in.irreps:
            waves = kernel_basis(one, irrep, group).waves
            self._paths.append((one, tuple(wave for wave in waves if one.commutant == 1 or wave.part == 0)))
        hidden = Representation([(channels, one) for one, waves in self._paths for _ in waves], group)
        self.here, self.there = (Intertwiner(rep_in, hidden, bias=False) for _ in range(2))
        with torch.no_grad():  # variances of all p add up
            for weight in (*self.here.parameters(), *self.there.parameters()):
                weight.mul_(max(1, 2 * len(hidden.blocks)) ** -0.5)
        self._invariant = group.trivial_irrep
        self._directions = kernel_basis(self._invariant, irrep, group).waves
        count = len(self._directions) * profiles
        self.geometry = nn.Parameter(torch.randn(count, channels)) if count else None

    def forward(self, x: Tensor, at: Stencil) -> Tensor:
        """Read from every edge.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: Stencil of the level.

        Returns:
            ``(V, K, channels)``, zero where lists are padded.
        """
        terms = []
        if self.geometry is not None:
            directions = at.waves(self._invariant, self._directions, x.dtype)[:, :, 0, :, None]
            radial = at.profiles(self.profiles, x.dtype)[:, :, None]
            terms.append((directions * radial).flatten(2) @ self.geometry.to(x.dtype))
        if self.here.rep_out.dim:
            here = self.here(x).unflatten(1, (-1, self.channels))
            there = nn.functional.embedding(at.index, self.there(x)).unflatten(2, (-1, self.channels))
            terms.append(self._rows(at, x.dtype, transported=False) @ here)
            terms.append((self._rows(at, x.dtype)[..., None] * there).sum(2))
        return reduce(torch.add, terms) if terms else x.new_zeros(*at.index.shape, self.channels)

    def _rows(self, at: Stencil, dtype: torch.dtype, transported: bool = True) -> Tensor:
        """Return how each component of all p is read, ``(V, K, components)``."""
        waves = (at.waves(irrep, waves, dtype, transported).mT.flatten(2) for irrep, waves in self._paths if waves)
        return torch.cat(list(waves), dim=2)

    def extra_repr(self) -> str:
        return f"{self.here.rep_in}, channels={self.channels}"


class EdgeFrame(nn.Module):
    """Make messages: nonlinear functions of both ends of an edge, its direction and its length; exact.

    Relative to the direction theta_ij, features of x_i and of rho(g_ij) x_j are numbers that do not depend on frames,
    except for their sign under reflections: e is even, and for groups with reflections o is odd (``Reading``). The
    messages are

        m = act(e),   or   m = (act(e + o) + act(e - o)) / 2,   m' = (act(e + o) - act(e - o)) / 2,

    with o the two values of a function on {1, F}: exactly even and odd, and with enough channels any function.
    act is SiLU.

    Args:
        rep_in: Representation of the features.
        channels: Number C of messages of each kind.
        profiles: Number of radial profiles.

    Attributes:
        rep_out: Representation of messages in the frame of i: C invariants, and C odd numbers "0o" with reflections.

    Raises:
        ValueError: If ``channels`` or ``profiles`` is below 1.
    """

    def __init__(self, rep_in: Representation, channels: int, profiles: int) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"messages need >= 1 hidden channels, got {channels}")
        if profiles < 1:
            raise ValueError(f"profiles must be >= 1, got {profiles}")
        group = rep_in.group
        kinds = [group.trivial_irrep, *([group.irrep(0, "o")] if group.reflections else [])]
        self.rep_in, self.rep_out = rep_in, Representation([(channels, kind) for kind in kinds], group)
        self.readings = nn.ModuleList(Reading(rep_in, kind, channels, profiles) for kind in kinds)

    def forward(self, x: Tensor, at: Stencil) -> list[Tensor]:
        """Return the messages.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: Stencil of the level.

        Returns:
            Messages of each kind, ``(V, K, C)``, zero where lists are padded.
        """
        even, *odd = (reading(x, at) for reading in self.readings)
        if not odd:
            return [nn.functional.silu(even)]
        one, other = nn.functional.silu(even + odd[0]), nn.functional.silu(even - odd[0])
        return [0.5 * (one + other), 0.5 * (one - other)]
