"""Products of features: tensor products, and learned inner products."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.group import Group, Irrep
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer import Layer
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import tensor_product


class TensorProduct(Layer):
    """Multiply two features of a vertex: y = W [(A x)_c (x) (B x')_c], A, B and W learned intertwiners; exact.

    A and B bring every irrep to ``channels`` copies. The tensor product of each pair of irreps, copy by copy, is
    decomposed, orders n and m into |n - m| and n + m, and W mixes what has the irreps of the output. y is bilinear in x
    and x', without a bias: no sampling, and no other nonlinearity (cf. Kondor et al. 2018 for the sphere).

    Args:
        rep_in: Representation of both factors.
        rep_out: Representation of the product, of the same group.
        channels: Number of copies that are multiplied, by default the largest multiplicity of ``rep_out``.

    Raises:
        ValueError: If no product of irreps of ``rep_in`` has one of ``rep_out``, or if ``channels`` is below 1.
    """

    shown = ("channels",)

    def __init__(
        self, rep_in: Representation | str, rep_out: Representation | str, channels: int | None = None
    ) -> None:
        super().__init__(rep_in, rep_out)
        group = self.rep_in.group
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
        """Multiply features.

        Args:
            x: Features, ``(..., rep_in.dim)``.
            other: The other factor, of the same shape; by default x.

        Returns:
            Features, ``(..., rep_out.dim)``.
        """
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


class InnerProduct(Layer):
    """Make invariants from the other features: s_c = sum_n <(A_n z_n)_c, (B_n z_n)_c>, A and B learned; exact.

    A and B are intertwiners. Without reflections they are complex over channels, so that an invariant can distinguish
    left from right (cf. the gradient features of Sharp et al. 2022, section 3.4, which are the case n = 1, B = 1).

    Args:
        rep_in: Representation of the input; its invariants are ignored.
        channels: Number of invariants of the output.

    Raises:
        ValueError: If ``rep_in`` has only invariants.
    """

    def __init__(self, rep_in: Representation | str, channels: int) -> None:
        super().__init__(rep_in, Representation.invariants(channels, Representation(rep_in).group))
        others = tuple((channels, irrep) for irrep in self.rep_in.irreps if not irrep.trivial)
        if not others:
            raise ValueError(
                f"InnerProduct needs features that are not invariant in its input, got {self.rep_in}: add an order >= "
                "1, or drop the layer"
            )
        tangent = Representation(others, self.rep_in.group)
        self.left, self.right = (Intertwiner(self.rep_in, tangent) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Return invariants ``(..., channels)`` of features ``x (..., rep_in.dim)``."""
        self.rep_in.check(x, "InnerProduct")
        product = self.left(x) * self.right(x)
        return product.unflatten(-1, (-1, self.rep_out.dim)).sum(-2)


def _products(first: Irrep, second: Irrep, group: Group) -> list[tuple[Irrep, Tensor]]:
    """Return each irrep in the product of two, with the rows of the change of basis that make a copy of it."""
    with torch.device("cpu"):
        found = tensor_product(*(Representation(((1, irrep),), group) for irrep in (first, second)))
    copies = []
    for block in found.rep:
        rows = found.basis[block.columns].unflatten(0, (block.size, block.multiplicity))
        copies += [(block.irrep, rows[:, copy].contiguous()) for copy in range(block.multiplicity)]
    return copies
