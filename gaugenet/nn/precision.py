"""The precision in which layers compute: that of their features, or what autocast asks for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def working_dtype(x: Tensor) -> torch.dtype:
    """Return the precision that autocast asks for, or that of the features."""
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return x.dtype


def full_precision(function: Callable[..., Tensor], x: Tensor, *others: Any) -> Tensor:
    """Apply a function to ``x`` in at least single precision, whatever autocast says, and return to that of ``x``."""
    with without_autocast(x):
        return function(x.to(torch.promote_types(x.dtype, torch.float32)), *others).to(x.dtype)


def without_autocast(x: Tensor) -> AbstractContextManager[Any]:
    """Return a context in which autocast leaves alone what happens on the device of ``x``."""
    device = x.device.type
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()
