"""Constants of layers that stay exact."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ExactBuffer(nn.Module):
    """A constant that moves between devices with its layer and keeps its precision; it is not in the state dict.

    After ``to_empty``, which leaves tensors uninitialised, it has its values again.

    Args:
        value: The constant, with its values: not on the meta device, even if the layer is built there.
    """

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self._exact = value
        self.register_buffer("value", value, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ExactBuffer:
        super()._apply(fn, recurse)
        self.value = self._exact.to(self.value.device)
        return self

    def forward(self, dtype: torch.dtype) -> Tensor:
        """Return the constant in the precision ``dtype``."""
        return self.value.to(dtype)

    def extra_repr(self) -> str:
        return str(tuple(self.value.shape))
