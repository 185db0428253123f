"""The edges of a bundle: pairs of neighbours with their log map and transport."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np


@numba.vectorize(cache=True)
def wrap(angle: np.ndarray) -> np.ndarray:
    """Wrap angles into (-pi, pi], elementwise; in compiled code too."""
    return np.minimum(angle - 2 * np.pi * np.ceil((angle - np.pi) / (2 * np.pi)), np.pi)


@dataclass(frozen=True)
class BundleEdges:
    """Directed edges j -> i, sorted by target, then by source.

    Attributes:
        index: ``(2, E)`` int64: sources j, targets i.
        log: ``(E, 2)`` polar coordinates of j in the frame of i: radius [mesh unit], angle [rad] in (-pi, pi].
        transport: ``(E,)`` angle [rad]; R(transport) F^flip takes components in j's frame to components in i's frame.
        flip: ``(E,)`` bool, whether transport reflects: F = diag(1, -1) comes first. None where no edge does.
    """

    index: np.ndarray
    log: np.ndarray
    transport: np.ndarray
    flip: np.ndarray | None = None

    @staticmethod
    def build(
        source: np.ndarray, target: np.ndarray, log: np.ndarray, transport: np.ndarray, flip: np.ndarray | None = None
    ) -> BundleEdges:
        """Sort edges by target and source and wrap their angles."""
        order = np.lexsort((source, target))
        log = np.stack([log[order, 0], wrap(log[order, 1])], axis=1)
        index = np.stack([source[order], target[order]])
        return BundleEdges(index, log, wrap(transport[order]), None if flip is None else flip[order])

    @property
    def reverse(self) -> np.ndarray:
        """The number ``(E,)`` of the reverse of each edge; every edge must have one."""
        return np.lexsort((self.index[1], self.index[0]))

    def select(self, keep: np.ndarray) -> BundleEdges:
        """Return the edges where ``keep (E,)`` is true."""
        flip = None if self.flip is None else self.flip[keep]
        return BundleEdges(self.index[:, keep], self.log[keep], self.transport[keep], flip)
