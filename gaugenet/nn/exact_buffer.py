"""Constants of layers that stay exact."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class ExactBuffer(nn.Module):
    """Hold a constant that moves between devices with its layer and keeps its precision; no part of the state dict.

    After ``to_empty``, which leaves a tensor without its numbers, it has them again.

    Args:
        value: the constant, with its numbers: on whatever device a layer is made, not on the meta device.
    """

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self._exact = value
        self.register_buffer("value", value, persistent=False)

    def _apply(self, fn: Any, recurse: bool = True) -> ExactBuffer:
        super()._apply(fn, recurse)
        self.value = self._exact.to(self.value.device)
        return self

    def forward(self, dtype: torch.dtype) -> Tensor:
        """Return the constant in a precision."""
        return self.value.to(dtype)

    def extra_repr(self) -> str:
        return str(tuple(self.value.shape))
