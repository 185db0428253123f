"""Features read as functions on the group."""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, nn

from gaugenet.group import Group
from gaugenet.representation import Representation


class GroupFunction:
    """Read the irreps of a channel as a function on the group, sampled at elements, and back.

    f(g) = sum_rho <e, rho(g)^-1 x_rho> with e the first unit vector, the second for the second block of a pair under
    reflections. On SO(2) that is x_0 + sum_n Re(z_n) cos(n phi) + Im(z_n) sin(n phi) (de Haan et al. 2021, section 5).
    On finite groups all elements are sampled.

    Args:
        rep: channel c holds the c-th copy of each block, each irrep in one block, or in two where it is a pair and the
            group has reflections. samples: N angles for SO(2) and O(2), 16 by default. where: the layer, for errors.
    """

    def __init__(self, rep: Representation, samples: int | None, where: str) -> None:
        self.rep = rep
        seen: Counter[str] = Counter()
        self._columns = []
        for block in rep:
            self._columns.append(seen[str(block.irrep)])
            seen[str(block.irrep)] += 1
            most = block.size // block.irrep.commutant
            if seen[str(block.irrep)] > most:
                blocks = "one block" if most == 1 else "up to two blocks"
                raise ValueError(f"{where} expects each order in {blocks}, got {rep}: merge equal orders")
        group, highest = rep.group, max(rep.orders, default=0)
        if group.rotations is not None and samples is not None:
            raise ValueError(f"{where} takes the {group.rotations} rotations of {group}: drop samples")
        self.samples = group.rotations or (16 if samples is None else samples)
        if group.rotations is None and self.samples <= 2 * highest:
            raise ValueError(f"{where} needs more than {2 * highest} samples for {rep}, got {samples}")
        self.channels = max((block.multiplicity for block in rep), default=0)

    def values(self, x: Tensor) -> Tensor:
        """Return the functions ``(..., elements, C)`` of features ``(..., rep.dim)``."""
        stacked = torch.cat(
            [
                nn.functional.pad(
                    z.unflatten(-1, (block.size, block.multiplicity)), (0, self.channels - block.multiplicity)
                )
                for block, z in zip(self.rep, self.rep.split(x), strict=True)
            ],
            dim=-2,
        )  # (..., components, channels)
        return torch.einsum("kn,...kc->...nc", torch.cat(self._waves(x)).to(x.dtype), stacked)

    def features(self, values: Tensor) -> Tensor:
        """Return the features ``(..., rep.dim)`` of functions: the way back from ``values``."""
        waves = self._waves(values)
        scaled = [block.size / wave.shape[1] * wave for block, wave in zip(self.rep, waves, strict=True)]
        back = torch.einsum("kn,...nc->...kc", torch.cat(scaled).to(values.dtype), values)
        parts, start = [], 0
        for block in self.rep:
            parts.append(back[..., start : start + block.size, : block.multiplicity].flatten(-2))
            start += block.size
        return torch.cat(parts, dim=-1)

    def _waves(self, like: Tensor) -> list[Tensor]:
        """Return the components of each block at the elements, ``(size, N)`` in float64, on the device of ``like``."""
        # Where f is the same at g and g F, rotations will do.
        mirrored = any(column or block.irrep.parity == "o" for column, block in zip(self._columns, self.rep))
        at = Group(f"{'D' if mirrored else 'C'}{self.samples}").elements(like.device).inverse()
        return [block.irrep.matrix(at)[:, column].T for column, block in zip(self._columns, self.rep, strict=True)]
