"""Features read as functions on the group, and pooling over it: features to invariants, vertex by vertex."""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, nn

from gaugenet.group import Group
from gaugenet.nn.layer import Layer
from gaugenet.representation import Representation

KINDS = ("norm", "max")


class GroupPool(Layer):
    """Make invariants of features: ``(..., rep.dim)`` to ``(..., C)``.

    "norm": each copy gives its norm, and invariants give themselves; exact for every group. "max": each channel, read
    as a function on the group (``GroupFunction``), gives its largest value (Cohen & Welling 2016, section 6.3): exact
    for finite groups, all of whose elements are sampled; for SO(2) and O(2) exact for multiples of 2 pi / N, with an
    error of order N^-2 for others.

    Args:
        rep: Representation of the input.
        kind: "norm" or "max".
        samples: Number of angles N for "max" on SO(2) and O(2), 16 by default.

    Raises:
        ValueError: If the kind is unknown, or if "norm" is given samples.
    """

    shown = ("kind",)

    def __init__(self, rep: Representation | str, kind: str = "norm", samples: int | None = None) -> None:
        rep = Representation(rep)
        if kind not in KINDS:
            raise ValueError(f'GroupPool expects kind {" or ".join(KINDS)}, got "{kind}"')
        if kind == "norm" and samples is not None:
            raise ValueError("GroupPool samples functions only for the kind max: drop samples")
        function = GroupFunction(rep, samples, "GroupPool") if kind == "max" else None
        count = function.channels if function else sum(block.multiplicity for block in rep)
        super().__init__(rep, Representation.invariants(count, rep.group))
        self.kind, self._function = kind, function

    def forward(self, x: Tensor) -> Tensor:
        """Pool features ``x (..., rep_in.dim)``."""
        self.rep_in.check(x, "GroupPool")
        if self._function is not None:
            return self._function.values(x).max(-2).values  # whose gradient is cheaper than that of amax
        parts = [x[..., :0]]
        for block, z in zip(self.rep_in, self.rep_in.split(x), strict=True):
            if not block.invariant:  # softened, so that the gradient is finite at 0
                z = (z.unflatten(-1, (block.size, block.multiplicity)).square().sum(-2) + 1e-12).sqrt()
            parts.append(z)
        return torch.cat(parts, dim=-1)


class GroupFunction:
    """Read the irreps of a channel as a function on the group, sampled at elements, and back.

    f(g) = sum_rho <e, rho(g)^-1 x_rho> with e the first unit vector, the second for the second block of a pair under
    reflections. On SO(2) that is x_0 + sum_n Re(z_n) cos(n phi) + Im(z_n) sin(n phi) (de Haan et al. 2021, section 5).
    On finite groups all elements are sampled.

    Args:
        rep: Representation; channel c holds the c-th copy of each block, each irrep in one block, or in two if it is a
            pair and the group has reflections.
        samples: Number of angles N for SO(2) and O(2), 16 by default.
        where: Name of the layer, for errors.

    Raises:
        ValueError: If an irrep is in more blocks, or if samples are too few or given for a finite group.
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
        """Return the functions ``(..., elements, C)`` of features ``x (..., rep.dim)``."""
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
        """Return the features ``(..., rep.dim)`` of functions ``values (..., elements, C)``."""
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
        # If f is the same at g and g F, rotations are enough.
        mirrored = any(column or block.irrep.parity == "o" for column, block in zip(self._columns, self.rep))
        at = Group(f"{'D' if mirrored else 'C'}{self.samples}").elements(like.device).inverse()
        return [block.irrep.matrix(at)[:, column].T for column, block in zip(self._columns, self.rep, strict=True)]
