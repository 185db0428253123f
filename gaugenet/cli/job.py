"""What a training run is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gaugenet.models import Network
from gaugenet.train import FitSettings
from gaugenet.train.examples import Examples


class Job(NamedTuple):
    """A network and what it is fitted to.

    Attributes:
        net: with random weights. train, validation: examples, and those held back or None. settings: how to fit.
        about: what else is recorded. prepare: makes the examples ready before the first epoch, with some workers.
    """

    net: Network
    train: Examples
    validation: Examples | None
    settings: FitSettings
    about: dict[str, Any]
    prepare: Callable[[int], None] = lambda workers: None
