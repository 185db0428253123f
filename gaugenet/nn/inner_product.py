"""Learned inner products of features."""

from __future__ import annotations

from torch import Tensor, nn

from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.representation import Representation


class InnerProduct(nn.Module):
    """Make invariants from features that are none: s_c = sum_n <(A_n z_n)_c, (B_n z_n)_c>, A and B learned; exact.

    A and B are intertwiners. Without reflections they are complex over channels, so that an invariant can tell left
    from right (cf. the gradient features of Sharp et al. 2022, section 3.4, which are the case n = 1, B = 1).

    Args:
        rep_in: representation of the input; its invariants are ignored.
        channels: number of invariants that come out.

    Raises:
        ValueError: where ``rep_in`` has invariants only.
    """

    def __init__(self, rep_in: Representation | str, channels: int) -> None:
        super().__init__()
        self.rep_in = Representation(rep_in)
        self.rep_out = Representation.invariants(channels, self.rep_in.group)
        others = tuple((channels, irrep) for irrep in self.rep_in.irreps if not irrep.trivial)
        if not others:
            raise ValueError(
                f"InnerProduct needs features that are not invariant in its input, got {self.rep_in}: add an order >= "
                "1, or drop the layer"
            )
        tangent = Representation(others, self.rep_in.group)
        self.left = Intertwiner(self.rep_in, tangent)
        self.right = Intertwiner(self.rep_in, tangent)

    def forward(self, x: Tensor) -> Tensor:
        self.rep_in.check(x, "InnerProduct")
        product = self.left(x) * self.right(x)
        return product.unflatten(-1, (-1, self.rep_out.dim)).sum(-2)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"
