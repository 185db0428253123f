"""The pointwise nonlinearity on functions on the group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaugenet.group import Group
from gaugenet.representation import Representation


class RegularNonlinearity(nn.Module):
    """Read the irreps of a channel as a function on the group, apply a function at every element, transform back.

    f(g) = sum_rho <e, rho(g)^-1 x_rho> with e the first unit vector, the second for the second block of a pair under
    reflections. On SO(2) that is x_0 + sum_n Re(z_n) cos(n phi) + Im(z_n) sin(n phi) (de Haan et al. 2021, section 5).

    On C_N and D_N, with all elements, it is exactly equivariant; with the irreps of ``regular`` or of ``quotient(D1)``
    of D_N, f has as many values as x has components and nothing is lost (Cohen & Welling 2016). On SO(2) and O(2) f is
    sampled at N angles: exact for multiples of 2 pi / N; for others the error falls as N grows: aliasing of the kinks
    of ``activation``, order N^-2 for ReLU.

    Args:
        rep: representation of input and output; channel c holds the c-th copy of each block, each irrep in one block,
            or in two where it is a pair and the group has reflections.
        samples: N for SO(2) and O(2), 16 by default. activation: applied to the values.
    """

    def __init__(
        self,
        rep: Representation | str,
        samples: int | None = None,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.activation = activation
        seen: Counter[str] = Counter()
        self._columns = []
        for block in self.rep:
            self._columns.append(seen[str(block.irrep)])
            seen[str(block.irrep)] += 1
            most = block.size // block.irrep.commutant
            if seen[str(block.irrep)] > most:
                blocks = "one block" if most == 1 else "up to two blocks"
                raise ValueError(
                    f"RegularNonlinearity expects each order in {blocks}, got {self.rep}: merge equal orders"
                )
        group, highest = self.rep.group, max(self.rep.orders, default=0)
        if group.rotations is not None and samples is not None:
            raise ValueError(f"RegularNonlinearity takes the {group.rotations} rotations of {group}: drop samples")
        self.samples = group.rotations or (16 if samples is None else samples)
        if group.rotations is None and self.samples <= 2 * highest:
            raise ValueError(f"RegularNonlinearity needs more than {2 * highest} samples for {self.rep}, got {samples}")

    def _waves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return synthesis ``(components, N)`` and analysis ``(N, components)`` as exact as ``x``, on its device."""
        # Where f is the same at g and g F, rotations will do.
        mirrored = any(column or block.irrep.parity == "o" for column, block in zip(self._columns, self.rep))
        at = Group(f"{'D' if mirrored else 'C'}{self.samples}").elements(x.device).inverse()
        waves = [block.irrep.matrix(at)[:, column].T for column, block in zip(self._columns, self.rep, strict=True)]
        scaled = [block.size / wave.shape[1] * wave for block, wave in zip(self.rep, waves, strict=True)]
        return torch.cat(waves).to(x.dtype), torch.cat(scaled).T.to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        self.rep.check(x, "RegularNonlinearity")
        channels = max([block.multiplicity for block in self.rep])
        stacked = torch.cat(
            [
                nn.functional.pad(z.unflatten(-1, (block.size, block.multiplicity)), (0, channels - block.multiplicity))
                for block, z in zip(self.rep, self.rep.split(x), strict=True)
            ],
            dim=-2,
        )  # (..., components, channels)
        synthesis, analysis = self._waves(x)
        values = self.activation(torch.einsum("kn,...kc->...nc", synthesis, stacked))
        back = torch.einsum("nk,...nc->...kc", analysis, values)
        parts, start = [], 0
        for block in self.rep:
            parts.append(back[..., start : start + block.size, : block.multiplicity].flatten(-2))
            start += block.size
        return torch.cat(parts, dim=-1)

    def extra_repr(self) -> str:
        return f"{self.rep}, samples={self.samples}"
