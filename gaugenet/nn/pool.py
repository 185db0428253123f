"""Pooling and unpooling along parallel transport between two levels."""

from __future__ import annotations

from torch import Tensor

from gaugenet.nn.entry import enter
from gaugenet.nn.layer import Layer
from gaugenet.nn.level import Level
from gaugenet.representation import Representation


class Pool(Layer):
    """Average features onto the next coarser level: y_c = sum_i s_ic a_i rho(g_ic) x_i / sum_i s_ic a_i.

    s are the shares, a the areas and g the transport of a ``LevelMap``. Up to the areas it is the adjoint of
    ``Unpool``: <Pool x, y> = <x, Unpool y> in the inner products weighted with the areas of the levels.

    Args:
        rep: Representation of input and output.
    """

    def __init__(self, rep: Representation | str) -> None:
        super().__init__(rep)

    def forward(self, x: Tensor, at: Level) -> Tensor:
        """Pool features.

        Args:
            x: Features on the finer level, ``(V_fine, rep.dim)``.
            at: The coarser level.

        Returns:
            Features on the coarser level, ``(V_coarse, rep.dim)``.
        """
        pairs = enter(self, x, at, finer=True).map
        moved = pairs.move(self.rep, x.index_select(0, pairs.fine)) * pairs.mean_weight.to(x.dtype)[:, None]
        return x.new_zeros(pairs.num_coarse, self.rep.dim).index_add_(0, pairs.coarse, moved)


class Unpool(Layer):
    """Interpolate features from the next coarser level: y_i = sum_c s_ic rho(g_ic)^-1 x_c.

    Args:
        rep: Representation of input and output.
    """

    def __init__(self, rep: Representation | str) -> None:
        super().__init__(rep)

    def forward(self, x: Tensor, at: Level) -> Tensor:
        """Interpolate features.

        Args:
            x: Features on the coarser level, ``(V_coarse, rep.dim)``.
            at: The coarser level.

        Returns:
            Features on the finer level, ``(V_fine, rep.dim)``.
        """
        pairs = enter(self, x, at).map
        moved = pairs.move(self.rep, x.index_select(0, pairs.coarse), back=True) * pairs.weight.to(x.dtype)[:, None]
        return x.new_zeros(pairs.num_fine, self.rep.dim).index_add_(0, pairs.fine, moved)
