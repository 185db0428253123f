"""Products of features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.group import Group, Irrep
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import tensor_product


class TensorProduct(nn.Module):
    """Multiply two features of a vertex: y = W [(A x)_c (x) (B x')_c], A, B and W learned intertwiners; exact.

    A and B bring every irrep to ``channels`` copies. Of each pair of irreps, copy by copy, the tensor product is
    decomposed, orders n and m into |n - m| and n + m, and W mixes what has the irreps of the output. y is bilinear in x
    and x', without a bias: no sampling, and no other nonlinearity (cf. Kondor et al. 2018 for the sphere).

    Args:
        rep_in, rep_out: representations of one group; x and x' are features of ``rep_in``.
        channels: copies that are multiplied, by default the largest multiplicity of ``rep_out``.

    Raises:
        ValueError: where no product of irreps of ``rep_in`` has one of ``rep_out``.
    """

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, channels: int | None = None
    ) -> None:
        super().__init__()
        self.rep_in = Representation(rep_in)
        group = self.rep_in.group
        self.rep_out = Representation(rep_out, group)
        if channels is not None and channels < 1:
            raise ValueError(f"TensorProduct expects channels >= 1, got {channels}")
        self.channels = max([1, *(block.multiplicity for block in self.rep_out)]) if channels is None else channels
        self._factors = Representation([(self.channels, irrep) for irrep in self.rep_in.irreps], group)
        paths: list[tuple[int, int, Irrep]] = []
        self._bases = nn.ModuleList()
        for a, first in enumerate(self.rep_in.irreps):
            for b, second in enumerate(self.rep_in.irreps):
                for irrep, basis in _products(first, second, group):
                    if irrep in self.rep_out.irreps:
                        self._bases.append(ExactBuffer(basis))
                        paths.append((a, b, irrep))
        if not paths:
            raise ValueError(
                f"no product of {self.rep_in} with itself has irreps of {self.rep_out}: add some to either"
            )
        self._paths = [(a, b) for a, b, _ in paths]
        self.left, self.right = (Intertwiner(self.rep_in, self._factors, bias=False) for _ in range(2))
        products = Representation([(self.channels, irrep) for *_, irrep in paths], group)
        self.mix = Intertwiner(products, self.rep_out, bias=False)

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """Multiply ``x (..., rep_in.dim)`` by ``other``, of the same shape, or by itself."""
        self.rep_in.check(x, "TensorProduct")
        other = x if other is None else other
        self.rep_in.check(other, "TensorProduct")
        left, right = (
            [z.unflatten(-1, (block.size, self.channels)) for block, z in zip(rep, rep.split(factor), strict=True)]
            for rep, factor in ((self._factors, self.left(x)), (self._factors, self.right(other)))
        )
        parts = []
        for (a, b), basis in zip(self._paths, self._bases, strict=True):
            pairs = (left[a].unsqueeze(-2) * right[b].unsqueeze(-3)).flatten(-3, -2)  # (..., size_a * size_b, C)
            parts.append((basis(pairs.dtype) @ pairs).flatten(-2))
        return self.mix(torch.cat(parts, dim=-1))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, channels={self.channels}"


def _products(first: Irrep, second: Irrep, group: Group) -> list[tuple[Irrep, Tensor]]:
    """Return each irrep in the product of two, with the rows of the change of basis that make a copy of it."""
    with torch.device("cpu"):
        found = tensor_product(*(Representation(((1, irrep),), group) for irrep in (first, second)))
    copies = []
    for block in found.rep:
        rows = found.basis[block.columns].unflatten(0, (block.size, block.multiplicity))
        copies += [(block.irrep, rows[:, copy].contiguous()) for copy in range(block.multiplicity)]
    return copies
