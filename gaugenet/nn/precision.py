"""The precision in which layers compute: that of their features, or that of autocast."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Concatenate, ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def working_dtype(x: Tensor) -> torch.dtype:
    """Return the precision of autocast, if it is enabled, or that of the features.

    Args:
        x: Features.

    Returns:
        The precision.
    """
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return x.dtype


def full_precision(
    function: Callable[Concatenate[Tensor, P], Tensor], x: Tensor, *others: P.args, **named: P.kwargs
) -> Tensor:
    """Apply a function to features in at least single precision, without autocast.

    Args:
        function: Function of the features and other arguments.
        x: Features.
        *others: Other arguments by position.
        **named: Other arguments by name.

    Returns:
        The result, in the precision of the features.
    """
    with without_autocast(x):
        return function(x.to(torch.promote_types(x.dtype, torch.float32)), *others, **named).to(x.dtype)


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Return a context without autocast.

    Args:
        x: Tensor on the device in question.

    Returns:
        The context.
    """
    device = x.device.type
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()
