"""How the vertices of a level hang on those of the next coarser one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pooling:
    """How the vertices of a level hang on those of the next coarser one.

    Attributes:
        index: ``(2, P)`` finer vertices, coarser vertices; each finer vertex has up to three.
        transport: ``(P,)`` angle [rad]; R(transport) F^flip takes components in the finer vertex's frame to the
            coarser one's. weight: ``(P,)`` share of the finer vertex, summing to 1 over its coarser ones.
        flip: ``(P,)`` bool, whether transport reflects, as in ``BundleEdges``; None where no pair does.
    """

    index: np.ndarray
    transport: np.ndarray
    weight: np.ndarray
    flip: np.ndarray | None = None
